using System.Text.Json;

namespace TokenSessions.Aws.Tests.Servers.Kms;

/// <summary>The JSON body of a request, read member by member.</summary>
internal readonly struct KmsRequest(string region, JsonElement body)
{
    public string Region => region;

    public string? FindText(string name) =>
        body.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value.GetString() : null;

    public string Text(string name) => FindText(name) ?? throw KmsException.Invalid($"'{name}' must not be null");

    public byte[] Blob(string name, int maxLength)
    {
        if (!body.TryGetProperty(name, out var value) || !value.TryGetBytesFromBase64(out var bytes))
        {
            throw KmsException.Invalid($"'{name}' must be a blob");
        }

        return bytes.Length >= 1 && bytes.Length <= maxLength
            ? bytes
            : throw KmsException.Invalid($"'{name}' must have a length from 1 to {maxLength}");
    }

    public bool Flag(string name) => body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    public int Number(string name, int otherwise) => body.TryGetProperty(name, out var value) ? value.GetInt32() : otherwise;

    /// <summary>A map of texts in the order of its names; empty when absent.</summary>
    public SortedDictionary<string, string> Map(string name)
    {
        var map = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in value.EnumerateObject())
            {
                map[member.Name] = member.Value.GetString()!;
            }
        }

        return map;
    }
}
