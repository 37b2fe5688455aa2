using System.Text.Json;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Validation;

/// <summary>The claims that the checks and the callers need (RFC 7519 §4.1, RFC 9068 §2.2). Null where absent.</summary>
internal sealed class TokenClaims
{
    /// <summary>9999-12-31T23:59:59Z: later seconds are no date on this platform.</summary>
    private const long LastSecond = 253402300799;

    private long? _expiresAt;
    private long? _issuedAt;

    private TokenClaims()
    {
    }

    public string Issuer { get; private set; } = "";

    public string Subject { get; private set; } = "";

    public string ClientId { get; private set; } = "";

    public string TokenId { get; private set; } = "";

    public string SessionId { get; private set; } = "";

    public IReadOnlyList<string> Audiences { get; private set; } = [];

    public IReadOnlyList<string> Scopes { get; private set; } = [];

    public IReadOnlyList<string> Roles { get; private set; } = [];

    public long ExpiresAt => _expiresAt.GetValueOrDefault();

    public long IssuedAt => _issuedAt.GetValueOrDefault();

    public long? NotBefore { get; private set; }

    public long? AuthenticatedAt { get; private set; }

    /// <summary>The watermarks that the session has seen.</summary>
    public Seen Seen { get; private set; }

    /// <summary>Reads a claims set.</summary>
    /// <param name="payload">The decoded second segment.</param>
    /// <returns>
    /// The claims; null if the payload is not strict JSON, a required claim is missing or empty, or a known one is of a wrong
    /// type or out of range.
    /// </returns>
    public static TokenClaims? Read(ReadOnlySpan<byte> payload)
    {
        if (!StrictJson.IsObject(payload))
        {
            return null;
        }

        var claims = new TokenClaims();
        var reader = StrictJson.Reader(payload);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (!claims.ReadClaim(ref reader))
            {
                return null;
            }
        }

        return claims.HasAllRequired() ? claims : null;
    }

    private bool ReadClaim(ref Utf8JsonReader reader)
    {
        if (reader.ValueTextEquals("iss"u8))
        {
            return TryReadText(ref reader, out var text) && (Issuer = text).Length > 0;
        }

        if (reader.ValueTextEquals("sub"u8))
        {
            return TryReadText(ref reader, out var text) && (Subject = text).Length > 0;
        }

        if (reader.ValueTextEquals("client_id"u8))
        {
            return TryReadText(ref reader, out var text) && (ClientId = text).Length > 0;
        }

        if (reader.ValueTextEquals("jti"u8))
        {
            return TryReadText(ref reader, out var text) && (TokenId = text).Length > 0;
        }

        if (reader.ValueTextEquals("sid"u8))
        {
            return TryReadText(ref reader, out var text) && (SessionId = text).Length > 0;
        }

        if (reader.ValueTextEquals("aud"u8))
        {
            return TryReadAudiences(ref reader);
        }

        if (reader.ValueTextEquals("exp"u8))
        {
            return TryReadSeconds(ref reader, out _expiresAt);
        }

        if (reader.ValueTextEquals("iat"u8))
        {
            return TryReadSeconds(ref reader, out _issuedAt);
        }

        if (reader.ValueTextEquals("nbf"u8))
        {
            var isRead = TryReadSeconds(ref reader, out var seconds);
            NotBefore = seconds;
            return isRead;
        }

        if (reader.ValueTextEquals("auth_time"u8))
        {
            var isRead = TryReadSeconds(ref reader, out var seconds);
            AuthenticatedAt = seconds;
            return isRead;
        }

        if (reader.ValueTextEquals("scope"u8))
        {
            if (!TryReadText(ref reader, out var text))
            {
                return false;
            }

            Scopes = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return true;
        }

        if (reader.ValueTextEquals("roles"u8))
        {
            reader.Read();
            Roles = ReadTexts(ref reader) ?? [];
            return reader.TokenType == JsonTokenType.EndArray;
        }

        if (reader.ValueTextEquals("seen"u8))
        {
            return TryReadSeen(ref reader);
        }

        reader.Read();
        reader.Skip();
        return true;
    }

    private bool HasAllRequired() => Issuer.Length > 0 && Subject.Length > 0 && ClientId.Length > 0 && TokenId.Length > 0
        && SessionId.Length > 0 && Audiences.Count > 0 && _issuedAt < _expiresAt; // Comparing with an absent one is false.

    /// <summary>RFC 7519 §4.1.3: one string, or an array of strings.</summary>
    private bool TryReadAudiences(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.String)
        {
            Audiences = [reader.GetString()!];
        }
        else if (ReadTexts(ref reader) is { } audiences)
        {
            Audiences = audiences;
        }

        return Audiences.Count > 0 && !Audiences.Contains("");
    }

    private bool TryReadSeen(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return false;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString();
            reader.Read();
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var watermark) || watermark < 0)
            {
                return false;
            }

            if (Seen.FindMember(name) is var (kind, region))
            {
                Seen = Seen.With(kind, region, watermark);
            }
        }

        return true;
    }

    private static bool TryReadText(ref Utf8JsonReader reader, out string text)
    {
        reader.Read();
        text = reader.TokenType == JsonTokenType.String ? reader.GetString()! : "";
        return reader.TokenType == JsonTokenType.String;
    }

    /// <summary>Whole seconds only: no fraction, no exponent, nothing that is no date.</summary>
    private static bool TryReadSeconds(ref Utf8JsonReader reader, out long? seconds)
    {
        reader.Read();
        seconds = reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var value) && value is >= 0 and <= LastSecond
            ? value
            : null;
        return seconds is not null;
    }

    /// <summary>An array of strings; null for anything else. Leaves the reader at the end of an array that was one.</summary>
    private static List<string>? ReadTexts(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            return null;
        }

        var texts = new List<string>();
        while (reader.Read() && reader.TokenType == JsonTokenType.String)
        {
            texts.Add(reader.GetString()!);
        }

        return reader.TokenType == JsonTokenType.EndArray ? texts : null;
    }
}
