using System.Text.Json;

namespace TokenSessions.Validation;

/// <summary>An access token that passed every check. Only <see cref="TokenValidator"/> makes one.</summary>
public sealed class ValidatedToken
{
    internal ValidatedToken(TokenClaims claims, string keyId, ReadOnlyMemory<byte> payload)
    {
        (Claims, KeyId, Payload) = (claims, keyId, payload);
    }

    /// <summary>The <c>iss</c>.</summary>
    public string Issuer => Claims.Issuer;

    /// <summary>The <c>sub</c>: who the session belongs to.</summary>
    public string Subject => Claims.Subject;

    /// <summary>The <c>aud</c>, one or more.</summary>
    public IReadOnlyList<string> Audiences => Claims.Audiences;

    /// <summary>The <c>client_id</c>.</summary>
    public string ClientId => Claims.ClientId;

    /// <summary>The <c>jti</c>: this token alone.</summary>
    public string TokenId => Claims.TokenId;

    /// <summary>The <c>sid</c>: the session.</summary>
    public string SessionId => Claims.SessionId;

    /// <summary>The <c>exp</c>, UTC.</summary>
    public DateTimeOffset ExpiresAt => DateTimeOffset.FromUnixTimeSeconds(Claims.ExpiresAt);

    /// <summary>The <c>iat</c>, UTC.</summary>
    public DateTimeOffset IssuedAt => DateTimeOffset.FromUnixTimeSeconds(Claims.IssuedAt);

    /// <summary>The <c>kid</c> of the key that signed it.</summary>
    public string KeyId { get; }

    /// <summary>The claims set as it was signed: UTF-8 JSON, one object, no duplicate names at any depth.</summary>
    public ReadOnlyMemory<byte> Payload { get; }

    /// <summary>The words of <c>scope</c> (RFC 6749 §3.3); empty when absent.</summary>
    public IReadOnlyList<string> Scopes => Claims.Scopes;

    /// <summary>The <c>roles</c>; empty when absent.</summary>
    public IReadOnlyList<string> Roles => Claims.Roles;

    internal TokenClaims Claims { get; }

    /// <summary>The claims as a JSON document. The caller disposes it.</summary>
    public JsonDocument ParseClaims() => JsonDocument.Parse(Payload);
}
