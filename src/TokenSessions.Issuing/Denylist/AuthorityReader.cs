using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Issuing.Denylist;

/// <summary>Asks the authority, in one strong read, for all that a start or refresh decides by.</summary>
internal sealed class AuthorityReader(
    ISessionStore store, HeadReader head, RuleWriter rules, ISubjectDirectory subjects, SessionIssuerOptions options)
{
    /// <summary>
    /// Reads the rules of every region about a subject, a client, all, some keys, and perhaps a session. Completes what their
    /// writers left unfinished.
    /// </summary>
    /// <remarks>
    /// Keys of a ring are at most 10 of a purpose: 4 regions with 3 watermarks, 10 + 10 + 1 keys and a session each are just
    /// <see cref="StoreLimits.KeysPerRead"/>.
    /// </remarks>
    /// <param name="subject">The <c>sub</c>.</param>
    /// <param name="clientId">The <c>client_id</c>.</param>
    /// <param name="sessionId">The <c>sid</c>; null at a start, before there is one.</param>
    /// <param name="keyIds">The keys that may be used, or were.</param>
    /// <param name="cancellationToken">The request's deadline.</param>
    /// <exception cref="SessionStoreUnavailableException">The store did not answer, or a rule could not be completed.</exception>
    public async Task<AuthorityReading> ReadAsync(
        string subject, string clientId, string? sessionId, IEnumerable<string> keyIds, CancellationToken cancellationToken)
    {
        var rulesAsked = new List<(RuleKind Kind, string Value)>
        {
            (RuleKind.Subject, subject), (RuleKind.Client, clientId), (RuleKind.All, ""),
        };
        rulesAsked.AddRange(keyIds.Distinct().Select(keyId => (RuleKind.Key, keyId)));
        if (sessionId is not null)
        {
            rulesAsked.Add((RuleKind.Session, sessionId));
        }

        // Of the head, not of our options alone: another instance may know of a new region before us.
        var regions = (await head.ReadAsync(cancellationToken).ConfigureAwait(false)).Regions;
        var keys = rulesAsked.SelectMany(rule => Enumerable.Range(0, regions).Select(
            region => new AuthorityKey(options.Issuer, rule.Kind, rule.Value, region))).ToArray();
        var items = await store.ReadAsync(keys, cancellationToken).ConfigureAwait(false);
        foreach (var item in items.Values)
        {
            await rules.CompleteAsync(item, cancellationToken).ConfigureAwait(false);
        }

        return new(options.Issuer, regions, items);
    }

    /// <summary>Asks the authority and the directory at once.</summary>
    /// <inheritdoc cref="ReadAsync"/>
    /// <exception cref="SubjectDirectoryUnavailableException">The directory cannot tell now.</exception>
    public async Task<(AuthorityReading Authority, SubjectRecord? Subject)> AskAsync(
        string subject, string clientId, string? sessionId, IEnumerable<string> keyIds, CancellationToken cancellationToken)
    {
        var authority = ReadAsync(subject, clientId, sessionId, keyIds, cancellationToken);
        var record = FindAsync();
        await Task.WhenAll(authority, record).ConfigureAwait(false);
        return (await authority.ConfigureAwait(false), await record.ConfigureAwait(false));

        async Task<SubjectRecord?> FindAsync() => await subjects.FindAsync(subject, cancellationToken).ConfigureAwait(false);
    }
}
