using TokenSessions.Issuing.Stores;
using TokenSessions.Issuing.Tokens;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Issuing.Denylist;

/// <summary>What the authority said in one strong read.</summary>
internal sealed class AuthorityReading(string issuer, IReadOnlyDictionary<AuthorityKey, AuthorityItem> items)
{
    public AuthorityItem? FindSession(string sessionId) => items.GetValueOrDefault(new(issuer, RuleKind.Session, sessionId));

    public bool IsKeyRevoked(string keyId) => items.GetValueOrDefault(new(issuer, RuleKind.Key, keyId)) is { IsDenied: true };

    /// <summary>The watermarks that stand now: what a session that begins now has seen.</summary>
    public Seen Seen(string subject, string clientId) =>
        new(Watermark(RuleKind.Subject, subject), Watermark(RuleKind.Client, clientId), Watermark(RuleKind.All, ""));

    private long Watermark(RuleKind kind, string value) =>
        items.GetValueOrDefault(new(issuer, kind, value)) is { IsDenied: true } item ? item.Watermark : 0;
}
