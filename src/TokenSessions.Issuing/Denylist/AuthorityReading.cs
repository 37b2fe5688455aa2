using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Issuing.Denylist;

/// <summary>What the authority said in one strong read, of the items that each region has written.</summary>
internal sealed class AuthorityReading(string issuer, int regions, IReadOnlyDictionary<AuthorityKey, AuthorityItem> items)
{
    private static readonly RuleKind[] Watermarks = [.. RuleKinds.All.Select(kind => kind.Kind).Where(RuleKinds.IsWatermark)];

    /// <summary>The item of the session's home region, which alone counts generations.</summary>
    public AuthorityItem? FindSession(string sessionId) =>
        TokenId.FindHomeRegion(sessionId) is { } home ? Find(RuleKind.Session, sessionId, home) : null;

    /// <summary>Whether any region has ended the session: another than its home does so when the home cannot be reached.</summary>
    public bool IsSessionRevoked(string sessionId) => IsDenied(RuleKind.Session, sessionId);

    public bool IsKeyRevoked(string keyId) => IsDenied(RuleKind.Key, keyId);

    /// <summary>The watermarks that stand now: what a session that begins now has seen.</summary>
    public Seen Seen(string subject, string clientId)
    {
        var seen = default(Seen);
        for (var region = 0; region < regions; region++)
        {
            foreach (var kind in Watermarks)
            {
                var value = kind switch { RuleKind.Subject => subject, RuleKind.Client => clientId, _ => "" };
                if (Find(kind, value, region) is { IsDenied: true } item)
                {
                    seen = seen.With(kind, region, item.Watermark);
                }
            }
        }

        return seen;
    }

    private bool IsDenied(RuleKind kind, string value)
    {
        for (var region = 0; region < regions; region++)
        {
            if (Find(kind, value, region) is { IsDenied: true })
            {
                return true;
            }
        }

        return false;
    }

    private AuthorityItem? Find(RuleKind kind, string value, int region) => items.GetValueOrDefault(new(issuer, kind, value, region));
}
