using System.Numerics;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace TokenSessions.Tests.Validation;

/// <summary>What a claims set says, by the rules as they are written down and in no hurry.</summary>
internal sealed partial record ReferenceClaims
{
    public required string Issuer { get; init; }

    public required string Subject { get; init; }

    public required string ClientId { get; init; }

    public required string TokenId { get; init; }

    public required string SessionId { get; init; }

    public required string[] Audiences { get; init; }

    public required string[] Scopes { get; init; }

    public required string[] Roles { get; init; }

    public required long IssuedAt { get; init; }

    public required long ExpiresAt { get; init; }

    public long? NotBefore { get; init; }

    /// <summary>By the member's name, those that mean nothing included.</summary>
    public required Dictionary<string, BigInteger> Seen { get; init; }

    /// <summary>The claims; null if they are not strict JSON, or a claim we know is missing, empty, of a wrong type or out of range.</summary>
    public static ReferenceClaims? Read(byte[] payload)
    {
        if (ReferenceJson.ReadObject(payload) is not var (members, _))
        {
            return null;
        }

        foreach (var name in (string[])["iss", "sub", "client_id", "jti", "sid"])
        {
            if (string.IsNullOrEmpty(members.Text(name)))
            {
                return null;
            }
        }

        foreach (var name in (string[])["nbf", "auth_time"])
        {
            if (members.ContainsKey(name) && Seconds(members, name) is null)
            {
                return null;
            }
        }

        if (Audience(members) is not { Length: > 0 } audiences || audiences.Contains("")
            || Seconds(members, "iat") is not { } issuedAt || Seconds(members, "exp") is not { } expiresAt || issuedAt >= expiresAt
            || Seconds(members, "nbf") >= expiresAt // Without one, that is false.
            || (members.ContainsKey("scope") && members.Text("scope") is null)
            || !TryReadTexts(members, "roles", out var roles)
            || !TryReadSeen(members, out var seen))
        {
            return null;
        }

        return new()
        {
            Issuer = members.Text("iss")!,
            Subject = members.Text("sub")!,
            ClientId = members.Text("client_id")!,
            TokenId = members.Text("jti")!,
            SessionId = members.Text("sid")!,
            Audiences = audiences,
            Scopes = [.. (members.Text("scope") ?? "").Split(' ').Where(word => word.Length > 0)],
            Roles = roles,
            IssuedAt = issuedAt,
            ExpiresAt = expiresAt,
            NotBefore = Seconds(members, "nbf"),
            Seen = seen,
        };
    }

    private static string[]? Audience(Dictionary<string, JsonElement> members) =>
        members.Text("aud") is { } one ? [one]
        : members.ContainsKey("aud") && TryReadTexts(members, "aud", out var many) ? many
        : null;

    /// <summary>Absent is empty.</summary>
    private static bool TryReadTexts(Dictionary<string, JsonElement> members, string name, out string[] texts)
    {
        texts = [];
        if (!members.TryGetValue(name, out var value))
        {
            return true;
        }

        if (value.ValueKind != JsonValueKind.Array || value.EnumerateArray().Any(item => item.ValueKind != JsonValueKind.String))
        {
            return false;
        }

        texts = [.. value.EnumerateArray().Select(item => item.GetString()!)];
        return true;
    }

    private static bool TryReadSeen(Dictionary<string, JsonElement> members, out Dictionary<string, BigInteger> seen)
    {
        seen = [];
        if (!members.TryGetValue("seen", out var value))
        {
            return true;
        }

        if (value.ValueKind != JsonValueKind.Object)
        {
            return false;
        }

        foreach (var member in value.EnumerateObject())
        {
            if (WholeNumber(member.Value) is not { } number || number < 0 || number > long.MaxValue)
            {
                return false;
            }

            seen[member.Name] = number;
        }

        return true;
    }

    private static long? Seconds(Dictionary<string, JsonElement> members, string name) =>
        members.TryGetValue(name, out var value) && WholeNumber(value) is { } number && number >= 0 && number <= 253402300799
            ? (long)number
            : null;

    private static BigInteger? WholeNumber(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && WholeNumberPattern().IsMatch(value.GetRawText())
            ? BigInteger.Parse(value.GetRawText(), System.Globalization.CultureInfo.InvariantCulture)
            : null;

    [GeneratedRegex(@"\A-?[0-9]+\z")]
    private static partial Regex WholeNumberPattern();
}
