using System.Text.Json;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Validation;

/// <summary>An access token that passed every check. Only <see cref="TokenValidator"/> makes one. Immutable.</summary>
/// <remarks>What it says is decoded when it is first asked for, once: most of it is never asked for.</remarks>
public sealed partial class ValidatedToken
{
    private TokenClaims? _claims;

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
    public DateTimeOffset ExpiresAt => DateTimeOffset.FromUnixTimeSeconds(ExpiresAtSeconds);

    /// <summary>The <c>iat</c>, UTC.</summary>
    public DateTimeOffset IssuedAt => DateTimeOffset.FromUnixTimeSeconds(IssuedAtSeconds);

    /// <summary>The <c>kid</c> of the key that signed it.</summary>
    public string KeyId => Key.KeyId;

    /// <summary>The claims set as it was signed: UTF-8 JSON, one object, no duplicate names at any depth. Shared: read it only.</summary>
    public ReadOnlyMemory<byte> Payload => Claims.Payload;

    /// <summary>The words of <c>scope</c> (RFC 6749 §3.3); empty when absent.</summary>
    public IReadOnlyList<string> Scopes => Claims.Scopes;

    /// <summary>The <c>roles</c>; empty when absent.</summary>
    public IReadOnlyList<string> Roles => Claims.Roles;

    /// <summary>Made by whoever is first; two at once make the same.</summary>
    private TokenClaims Claims => _claims ?? Interlocked.CompareExchange(ref _claims, new(DecodePayload()), null) ?? _claims;

    /// <summary>The claims as a JSON document. The caller disposes it.</summary>
    public JsonDocument ParseClaims() => JsonDocument.Parse(Payload);

    private byte[] DecodePayload()
    {
        var token = Text.Span;
        return StrictBase64Url.Decode(token[(token.IndexOf('.') + 1)..token.LastIndexOf('.')])!;
    }
}
