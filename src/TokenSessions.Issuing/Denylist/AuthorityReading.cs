using TokenSessions.Issuing.Stores;
using TokenSessions.Issuing.Tokens;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Issuing.Denylist;

/// <summary>What the authority said in one strong read: all that a start or refresh decides by.</summary>
internal sealed class AuthorityReading
{
    private readonly string _issuer;
    private readonly IReadOnlyDictionary<AuthorityKey, AuthorityItem> _items;

    private AuthorityReading(string issuer, IReadOnlyDictionary<AuthorityKey, AuthorityItem> items) => (_issuer, _items) = (issuer, items);

    /// <summary>Everything read, for <see cref="RuleWriter.CompleteAsync"/>.</summary>
    public IEnumerable<AuthorityItem> Items => _items.Values;

    /// <summary>Reads the rules about a subject, a client, all, some keys, and perhaps a session, in one batch.</summary>
    /// <param name="store">The store.</param>
    /// <param name="issuer">Whose rules.</param>
    /// <param name="subject">The <c>sub</c>.</param>
    /// <param name="clientId">The <c>client_id</c>.</param>
    /// <param name="sessionId">The <c>sid</c>; null at a start, before there is one.</param>
    /// <param name="keyIds">The keys that may be used, or were.</param>
    /// <param name="cancellationToken">The request's deadline.</param>
    public static async Task<AuthorityReading> ReadAsync(
        ISessionStore store, string issuer, string subject, string clientId, string? sessionId, IEnumerable<string> keyIds,
        CancellationToken cancellationToken)
    {
        var keys = new HashSet<AuthorityKey>
        {
            new(issuer, RuleKind.Subject, subject),
            new(issuer, RuleKind.Client, clientId),
            new(issuer, RuleKind.All, ""),
        };
        keys.UnionWith(keyIds.Select(keyId => new AuthorityKey(issuer, RuleKind.Key, keyId)));
        if (sessionId is not null)
        {
            keys.Add(new(issuer, RuleKind.Session, sessionId));
        }

        return new(issuer, await store.ReadAsync(keys, cancellationToken).ConfigureAwait(false));
    }

    public AuthorityItem? FindSession(string sessionId) => _items.GetValueOrDefault(new(_issuer, RuleKind.Session, sessionId));

    public bool IsKeyRevoked(string keyId) => _items.GetValueOrDefault(new(_issuer, RuleKind.Key, keyId)) is { IsDenied: true };

    /// <summary>The watermarks that stand now: what a session that begins now has seen.</summary>
    public Seen Seen(string subject, string clientId) =>
        new(Watermark(RuleKind.Subject, subject), Watermark(RuleKind.Client, clientId), Watermark(RuleKind.All, ""));

    private long Watermark(RuleKind kind, string value) =>
        _items.GetValueOrDefault(new(_issuer, kind, value)) is { IsDenied: true } item ? item.Watermark : 0;
}
