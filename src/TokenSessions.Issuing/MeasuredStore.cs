using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Issuing;

/// <summary>The store, with the duration of each call recorded.</summary>
internal sealed class MeasuredStore(ISessionStore store, IssuingMetrics metrics) : ISessionStore
{
    public Task<IReadOnlyDictionary<AuthorityKey, AuthorityItem>> ReadAsync(
        IReadOnlyCollection<AuthorityKey> keys, CancellationToken cancellationToken) =>
        MeasureAsync("read", () => store.ReadAsync(keys, cancellationToken));

    public Task<AuthorityItem> DenyAsync(Denial denial, CancellationToken cancellationToken) =>
        MeasureAsync("deny", () => store.DenyAsync(denial, cancellationToken));

    public Task WriteFeedAsync(DenylistRule rule, DateTimeOffset? expiresAt, CancellationToken cancellationToken) =>
        MeasureAsync("write_feed", () => store.WriteFeedAsync(rule, expiresAt, cancellationToken));

    public Task MarkFedAsync(AuthorityKey key, long watermark, CancellationToken cancellationToken) =>
        MeasureAsync("mark_fed", () => store.MarkFedAsync(key, watermark, cancellationToken));

    public Task<SessionAdvanced> AdvanceAsync(SessionAdvance advance, CancellationToken cancellationToken) =>
        MeasureAsync("advance", () => store.AdvanceAsync(advance, cancellationToken));

    public Task<bool> NoteGraceAsync(AuthorityKey key, int generation, CancellationToken cancellationToken) =>
        MeasureAsync("note_grace", () => store.NoteGraceAsync(key, generation, cancellationToken));

    public Task<RulePage> ListAsync(string issuer, string? continuation, int limit, CancellationToken cancellationToken) =>
        MeasureAsync("list", () => store.ListAsync(issuer, continuation, limit, cancellationToken));

    public Task<StoredHead?> ReadHeadAsync(CancellationToken cancellationToken) =>
        MeasureAsync("read_head", () => store.ReadHeadAsync(cancellationToken));

    public Task<StoredHead> RaiseHeadAsync(DenylistHead atLeast, DateTimeOffset at, CancellationToken cancellationToken) =>
        MeasureAsync("raise_head", () => store.RaiseHeadAsync(atLeast, at, cancellationToken));

    private async Task<T> MeasureAsync<T>(string operation, Func<Task<T>> call)
    {
        var startedAt = metrics.Now();
        var isDone = false;
        try
        {
            var answer = await call().ConfigureAwait(false);
            isDone = true;
            return answer;
        }
        finally
        {
            metrics.Stored(operation, isDone, startedAt);
        }
    }

    private Task<bool> MeasureAsync(string operation, Func<Task> call) => MeasureAsync(operation, async () =>
    {
        await call().ConfigureAwait(false);
        return true;
    });
}
