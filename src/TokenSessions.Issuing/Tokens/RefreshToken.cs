using System.Text.Json;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Issuing.Tokens;

/// <summary>What a refresh token says, once opened: the session as it began, and the token's place in it.</summary>
internal sealed record RefreshToken
{
    public required string Issuer { get; init; }

    public required string Subject { get; init; }

    public required string SessionId { get; init; }

    /// <summary>Where the session began, 0 to 255: there its generations are counted.</summary>
    public int HomeRegion => TokenId.FindHomeRegion(SessionId)!.Value;

    /// <summary>0 for the token of the start, one more for each refresh.</summary>
    public required int Generation { get; init; }

    public required Seen Seen { get; init; }

    public required string ClientId { get; init; }

    public required string Audience { get; init; }

    /// <summary>What was granted at the start: no refresh gives more.</summary>
    public required IReadOnlyList<string> Scopes { get; init; }

    public required long AuthenticatedAt { get; init; }

    public required IReadOnlyList<string> AuthenticationMethods { get; init; }

    public required string? AuthenticationContext { get; init; }

    public required long IssuedAt { get; init; }

    /// <summary>The idle limit.</summary>
    public required long ExpiresAt { get; init; }

    /// <summary>The session's absolute end.</summary>
    public required long SessionEndsAt { get; init; }

    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("iss"u8, Issuer);
        writer.WriteString("sub"u8, Subject);
        writer.WriteString("sid"u8, SessionId);
        writer.WriteNumber("gen"u8, Generation);
        Seen.Write(writer);
        writer.WriteString("client_id"u8, ClientId);
        writer.WriteString("aud"u8, Audience);
        Texts.Write(writer, "scope"u8, Scopes);
        writer.WriteNumber("auth_time"u8, AuthenticatedAt);
        Texts.Write(writer, "amr"u8, AuthenticationMethods);
        if (AuthenticationContext is not null)
        {
            writer.WriteString("acr"u8, AuthenticationContext);
        }

        writer.WriteNumber("iat"u8, IssuedAt);
        writer.WriteNumber("exp"u8, ExpiresAt);
        writer.WriteNumber("end"u8, SessionEndsAt);
        writer.WriteEndObject();
    }

    /// <summary>Reads what <see cref="Write"/> wrote; null for anything else.</summary>
    /// <remarks>It was sealed under a key of ours. So what is wrong with it is an older or newer version of this code, or a stolen key.</remarks>
    public static RefreshToken? Read(ReadOnlyMemory<byte> json)
    {
        if (!StrictJson.IsObject(json.Span))
        {
            return null;
        }

        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        if (Text(root, "iss") is not { } issuer || Text(root, "sub") is not { } subject || Text(root, "sid") is not { } sessionId
            || !TokenId.IsOne(sessionId)
            || Text(root, "client_id") is not { } clientId || Text(root, "aud") is not { } audience
            || Number(root, "gen") is not ({ } generation and < int.MaxValue) || Number(root, "auth_time") is not { } authenticatedAt
            || Number(root, "iat") is not { } issuedAt || Number(root, "exp") is not { } expiresAt || Number(root, "end") is not { } endsAt
            || ReadTexts(root, "scope") is not { } scopes || ReadTexts(root, "amr") is not { } methods)
        {
            return null;
        }

        // As at the start of a session: the store takes no other names.
        if (SessionIssuerOptions.NameProblem(subject) is not null || SessionIssuerOptions.NameProblem(clientId) is not null)
        {
            return null;
        }

        return new()
        {
            Issuer = issuer,
            Subject = subject,
            SessionId = sessionId,
            Generation = (int)generation,
            Seen = ReadSeen(root),
            ClientId = clientId,
            Audience = audience,
            Scopes = scopes,
            AuthenticatedAt = authenticatedAt,
            AuthenticationMethods = methods,
            AuthenticationContext = Text(root, "acr"),
            IssuedAt = issuedAt,
            ExpiresAt = expiresAt,
            SessionEndsAt = endsAt,
        };
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static long? Number(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) ? Number(value) : null;

    private static long? Number(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number is >= 0 and <= MaxNumber ? number : null;

    /// <summary>What cannot be read counts as not seen: then a rule ends the session, if there is one.</summary>
    private static Seen ReadSeen(JsonElement root)
    {
        var seen = default(Seen);
        if (root.TryGetProperty("seen", out var claim) && claim.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in claim.EnumerateObject())
            {
                if (Seen.FindMember(member.Name) is var (kind, region) && Number(member.Value) is { } watermark)
                {
                    seen = seen.With(kind, region, watermark);
                }
            }
        }

        return seen;
    }

    /// <summary>An absent array is an empty one; null if it is not an array of strings.</summary>
    private static string[]? ReadTexts(JsonElement element, string name)
    {
        if (!element.TryGetProperty(name, out var list))
        {
            return [];
        }

        return list.ValueKind == JsonValueKind.Array && list.EnumerateArray().All(text => text.ValueKind == JsonValueKind.String)
            ? [.. list.EnumerateArray().Select(text => text.GetString()!)]
            : null;
    }

    /// <summary>The last millisecond of the year 9999. Watermarks count milliseconds; times, in seconds, are smaller still.</summary>
    private const long MaxNumber = 253402300799_999;
}
