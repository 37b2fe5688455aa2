using System.Text;
using System.Text.Json;

namespace TokenSessions.Tests.Validation;

/// <summary>Strict JSON by the platform's document reader: slow, whole, and every string of it looked at.</summary>
internal static class ReferenceJson
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    /// <summary>The members of the one object that the bytes are, and how many names it has at all depths; null if they are none.</summary>
    public static (Dictionary<string, JsonElement> Members, int Names)? ReadObject(byte[] bytes)
    {
        try
        {
            StrictUtf8.GetString(bytes);
            using var document = JsonDocument.Parse(bytes, Options);
            var root = document.RootElement.Clone();
            return root.ValueKind == JsonValueKind.Object
                ? (root.EnumerateObject().ToDictionary(member => member.Name, member => member.Value, StringComparer.Ordinal), CountNames(root))
                : null;
        }
        catch (Exception e) when (e is DecoderFallbackException or JsonException or InvalidOperationException) // The last: a lone surrogate.
        {
            return null;
        }
    }

    /// <summary>The string; null if it is something else, or absent.</summary>
    public static string? Text(this Dictionary<string, JsonElement> members, string name) =>
        members.TryGetValue(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static int CountNames(JsonElement value)
    {
        var names = 0;
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                value.GetString();
                break;

            case JsonValueKind.Array:
                names = value.EnumerateArray().Sum(CountNames);
                break;

            case JsonValueKind.Object:
                foreach (var member in value.EnumerateObject())
                {
                    names += member.Name.Length >= 0 ? 1 + CountNames(member.Value) : 0; // Reading the name is the check.
                }

                break;
        }

        return names;
    }
}
