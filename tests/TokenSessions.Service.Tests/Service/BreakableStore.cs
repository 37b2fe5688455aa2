using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Service.Tests.Service;

/// <summary>The service's store, until a test breaks it.</summary>
internal sealed class BreakableStore(JournalStore store) : ISessionStore, IDenylistFeed
{
    public bool IsBroken { get; set; }

    /// <summary>True if only the feed fails.</summary>
    public bool IsFeedBroken { get; init; }

    /// <summary>Reads then last until they are given up.</summary>
    public bool IsHanging { get; set; }

    /// <summary>True while there is no head: the store was emptied, and none has been written since.</summary>
    public bool HasLostHead { get; set; }

    /// <summary>What happens before a rule that was decided is written to the feed; null for nothing.</summary>
    public Func<CancellationToken, Task>? BeforeFeed { get; set; }

    private JournalStore Store => IsBroken ? throw new SessionStoreUnavailableException("The test broke the store.") : store;

    public async Task<IReadOnlyDictionary<AuthorityKey, AuthorityItem>> ReadAsync(
        IReadOnlyCollection<AuthorityKey> keys, CancellationToken cancellationToken)
    {
        if (IsHanging)
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }

        return await Store.ReadAsync(keys, cancellationToken);
    }

    public Task<AuthorityItem> DenyAsync(Denial denial, CancellationToken cancellationToken) => Store.DenyAsync(denial, cancellationToken);

    public async Task WriteFeedAsync(DenylistRule rule, DateTimeOffset? expiresAt, CancellationToken cancellationToken)
    {
        if (BeforeFeed is { } before)
        {
            await before(cancellationToken);
        }

        await Store.WriteFeedAsync(rule, expiresAt, cancellationToken);
    }

    public Task MarkFedAsync(AuthorityKey key, long watermark, CancellationToken cancellationToken) =>
        Store.MarkFedAsync(key, watermark, cancellationToken);

    public Task<SessionAdvanced> AdvanceAsync(SessionAdvance advance, CancellationToken cancellationToken) =>
        Store.AdvanceAsync(advance, cancellationToken);

    public Task<bool> NoteGraceAsync(AuthorityKey key, int generation, CancellationToken cancellationToken) =>
        Store.NoteGraceAsync(key, generation, cancellationToken);

    public Task<RulePage> ListAsync(string issuer, string? continuation, int limit, CancellationToken cancellationToken) =>
        Store.ListAsync(issuer, continuation, limit, cancellationToken);

    public Task<StoredHead?> ReadHeadAsync(CancellationToken cancellationToken) =>
        HasLostHead ? Task.FromResult<StoredHead?>(null) : Store.ReadHeadAsync(cancellationToken);

    public Task<StoredHead> RaiseHeadAsync(DenylistHead atLeast, DateTimeOffset at, CancellationToken cancellationToken)
    {
        HasLostHead = false;
        return Store.RaiseHeadAsync(atLeast, at, cancellationToken);
    }

    public Task<DenylistChanges> ReadAsync(DateTimeOffset? since, CancellationToken cancellationToken) => IsBroken || IsFeedBroken
        ? throw new DenylistUnavailableException("The test broke the store.")
        : ((IDenylistFeed)store).ReadAsync(since, cancellationToken);
}
