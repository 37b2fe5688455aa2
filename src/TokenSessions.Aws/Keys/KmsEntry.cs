using System.Text.Json;
using TokenSessions.Issuing.Keys;

namespace TokenSessions.Aws.Keys;

/// <summary>The members of a ring entry that name its KMS key, and the encryption context of a wrapped one.</summary>
internal static class KmsEntry
{
    public const string KmsKey = "kms_key";
    public const string Regions = "regions";
    public const string Wrapped = "wrapped";

    /// <exception cref="KeyRingException">The entry does not name a key that can be used.</exception>
    public static KmsKeyName Name(KeyRingItem item, KmsClients clients) =>
        KmsKeyName.TryParse(item.Text(KmsKey), ReadRegions(item), clients.FindDefaultRegion, out var name, out var problem)
            ? name
            : throw new KeyRingException($"{item.Where}: {problem}");

    /// <summary>Binds a ciphertext to one issuer; the second context to one key of it too. KMS writes it to its own log: no secret.</summary>
    public static Dictionary<string, string> Context(string issuer) => new() { ["tokensessions:issuer"] = issuer };

    /// <inheritdoc cref="Context(string)"/>
    public static Dictionary<string, string> Context(string issuer, string keyId) =>
        new() { ["tokensessions:issuer"] = issuer, ["tokensessions:kid"] = keyId };

    /// <summary>The members of an entry, in the order in which they are written.</summary>
    public static List<KeyValuePair<string, JsonElement>> Members(string kmsKey, IReadOnlyList<string> regions)
    {
        var members = new List<KeyValuePair<string, JsonElement>> { new(KmsKey, Json(kmsKey)) };
        if (regions.Count > 1)
        {
            members.Add(new(Regions, JsonElement.Parse($"[{string.Join(',', regions.Select(region => Json(region).GetRawText()))}]")));
        }

        return members;
    }

    public static JsonElement Json(string text) => JsonElement.Parse($"\"{JsonEncodedText.Encode(text)}\"");

    private static List<string>? ReadRegions(KeyRingItem item)
    {
        if (!item.Members.TryGetProperty(Regions, out var list))
        {
            return null;
        }

        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() is 0 or > KmsKeyName.MaxRegions
            || list.EnumerateArray().Any(region => region.ValueKind != JsonValueKind.String))
        {
            throw new KeyRingException($"{item.Where}: {Regions} must be an array of 1 to {KmsKeyName.MaxRegions} names of AWS regions.");
        }

        return [.. list.EnumerateArray().Select(region => region.GetString()!)];
    }
}
