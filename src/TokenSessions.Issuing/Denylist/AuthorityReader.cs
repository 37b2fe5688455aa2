using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Issuing.Denylist;

/// <summary>Asks the authority, in one strong read, for all that a start or refresh decides by.</summary>
internal sealed class AuthorityReader(ISessionStore store, RuleWriter rules, SessionIssuerOptions options)
{
    /// <summary>
    /// Reads the rules about a subject, a client, all, some keys, and perhaps a session. Completes what their writers left unfinished.
    /// </summary>
    /// <param name="subject">The <c>sub</c>.</param>
    /// <param name="clientId">The <c>client_id</c>.</param>
    /// <param name="sessionId">The <c>sid</c>; null at a start, before there is one.</param>
    /// <param name="keyIds">The keys that may be used, or were.</param>
    /// <param name="cancellationToken">The request's deadline.</param>
    /// <exception cref="SessionStoreUnavailableException">The store did not answer, or a rule could not be completed.</exception>
    public async Task<AuthorityReading> ReadAsync(
        string subject, string clientId, string? sessionId, IEnumerable<string> keyIds, CancellationToken cancellationToken)
    {
        var keys = new HashSet<AuthorityKey>
        {
            new(options.Issuer, RuleKind.Subject, subject),
            new(options.Issuer, RuleKind.Client, clientId),
            new(options.Issuer, RuleKind.All, ""),
        };
        keys.UnionWith(keyIds.Select(keyId => new AuthorityKey(options.Issuer, RuleKind.Key, keyId)));
        if (sessionId is not null)
        {
            keys.Add(new(options.Issuer, RuleKind.Session, sessionId));
        }

        var items = await store.ReadAsync(keys, cancellationToken).ConfigureAwait(false);
        foreach (var item in items.Values)
        {
            await rules.CompleteAsync(item, cancellationToken).ConfigureAwait(false);
        }

        return new(options.Issuer, items);
    }
}
