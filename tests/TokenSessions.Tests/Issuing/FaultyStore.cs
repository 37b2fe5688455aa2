using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Issuing;

/// <summary>A store that can fail before a call, or lose its answer, and that counts its calls.</summary>
internal sealed class FaultyStore(ISessionStore store) : ISessionStore
{
    private readonly Lock _gate = new();
    private readonly List<string> _calls = [];

    /// <summary>Asked before each call, with the method's name; throws to fail it.</summary>
    public Action<string> Before { get; set; } = _ => { };

    /// <summary>Asked after each call; throws to lose the answer.</summary>
    public Action<string> After { get; set; } = _ => { };

    public IReadOnlyList<string> Calls
    {
        get
        {
            lock (_gate)
            {
                return [.. _calls];
            }
        }
    }

    public void Forget()
    {
        lock (_gate)
        {
            _calls.Clear();
        }
    }

    /// <summary>All that can fail once while a rule is written, as <see cref="FailOnce"/> takes it.</summary>
    public static MatrixTheoryData<string, bool> FailuresOfARule => new([nameof(DenyAsync), nameof(WriteFeedAsync), nameof(MarkFedAsync)], [false, true]);

    /// <summary>Fails the next call of a method, before or after it has been done.</summary>
    public void FailOnce(string method, bool isDone)
    {
        var failures = 1;
        void Fail(string called)
        {
            if (called == method && Interlocked.Exchange(ref failures, 0) == 1)
            {
                throw new SessionStoreUnavailableException($"{method} failed.");
            }
        }

        if (isDone)
        {
            After = Fail;
        }
        else
        {
            Before = Fail;
        }
    }

    public Task<IReadOnlyDictionary<AuthorityKey, AuthorityItem>> ReadAsync(
        IReadOnlyCollection<AuthorityKey> keys, CancellationToken cancellationToken) =>
        CallAsync(nameof(ReadAsync), () => store.ReadAsync(keys, cancellationToken));

    public Task<AuthorityItem> DenyAsync(Denial denial, CancellationToken cancellationToken) =>
        CallAsync(nameof(DenyAsync), () => store.DenyAsync(denial, cancellationToken));

    public Task WriteFeedAsync(DenylistRule rule, DateTimeOffset? expiresAt, CancellationToken cancellationToken) =>
        CallAsync(nameof(WriteFeedAsync), async () =>
        {
            await store.WriteFeedAsync(rule, expiresAt, cancellationToken);
            return true;
        });

    public Task MarkFedAsync(AuthorityKey key, long watermark, CancellationToken cancellationToken) =>
        CallAsync(nameof(MarkFedAsync), async () =>
        {
            await store.MarkFedAsync(key, watermark, cancellationToken);
            return true;
        });

    public Task<SessionAdvanced> AdvanceAsync(SessionAdvance advance, CancellationToken cancellationToken) =>
        CallAsync(nameof(AdvanceAsync), () => store.AdvanceAsync(advance, cancellationToken));

    public Task<bool> NoteGraceAsync(AuthorityKey key, int generation, CancellationToken cancellationToken) =>
        CallAsync(nameof(NoteGraceAsync), () => store.NoteGraceAsync(key, generation, cancellationToken));

    public Task<RulePage> ListAsync(string issuer, string? continuation, int limit, CancellationToken cancellationToken) =>
        CallAsync(nameof(ListAsync), () => store.ListAsync(issuer, continuation, limit, cancellationToken));

    public Task<StoredHead?> ReadHeadAsync(CancellationToken cancellationToken) =>
        CallAsync(nameof(ReadHeadAsync), () => store.ReadHeadAsync(cancellationToken));

    public Task<StoredHead> RaiseHeadAsync(DenylistHead atLeast, DateTimeOffset at, CancellationToken cancellationToken) =>
        CallAsync(nameof(RaiseHeadAsync), () => store.RaiseHeadAsync(atLeast, at, cancellationToken));

    private async Task<T> CallAsync<T>(string method, Func<Task<T>> call)
    {
        lock (_gate)
        {
            _calls.Add(method);
        }

        Before(method);
        var answer = await call();
        After(method);
        return answer;
    }
}
