using System.Diagnostics.CodeAnalysis;
using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Issuing.Denylist;

/// <summary>The head of the denylist, as issuers and writers of rules must heed it. Read on access, at most every 30 seconds.</summary>
[SuppressMessage("Design", "CA1001", Justification = "The semaphore's wait handle is never asked for, so there is nothing to dispose of.")]
internal sealed class HeadReader(ISessionStore store, SessionIssuerOptions options, TimeProvider time)
{
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(30);

    private readonly DenylistHead _own = options.Head();
    private readonly SemaphoreSlim _reading = new(1);
    private volatile Reading? _last;

    /// <summary>The head, at least as large as our own settings need it.</summary>
    /// <exception cref="SessionStoreUnavailableException">It could not be read or raised.</exception>
    public async ValueTask<DenylistHead> ReadAsync(CancellationToken cancellationToken) =>
        (await ReadStoredAsync(cancellationToken).ConfigureAwait(false)).Head;

    /// <summary>The lifetimes to issue with: our own, or shorter ones until every validator knows that ours have grown.</summary>
    /// <exception cref="SessionStoreUnavailableException">The head could not be read or raised.</exception>
    public async ValueTask<Lifetimes> ReadLifetimesAsync(CancellationToken cancellationToken)
    {
        var stored = await ReadStoredAsync(cancellationToken).ConfigureAwait(false);
        var known = stored.KnownEverywhere(time.GetUtcNow());
        return new(
            Shorter(options.AccessTokenLifetime, known.LongestAccessTokenLifetime), Shorter(options.SessionLifetime, known.LongestRefreshLife));
    }

    private static TimeSpan Shorter(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private async ValueTask<StoredHead> ReadStoredAsync(CancellationToken cancellationToken)
    {
        if (_last is { } last && IsFresh(last))
        {
            return last.Head;
        }

        // One read for all who wait: the head is one item of the store.
        await _reading.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_last is { } meanwhile && IsFresh(meanwhile))
            {
                return meanwhile.Head;
            }

            var (now, timestamp) = (time.GetUtcNow(), time.GetTimestamp());
            var stored = await store.ReadHeadAsync(cancellationToken).ConfigureAwait(false);
            if (stored is null || stored.Head.Max(_own) != stored.Head)
            {
                stored = await store.RaiseHeadAsync(_own, now, cancellationToken).ConfigureAwait(false);
            }

            _last = new(stored, now, timestamp);
            return stored;
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <summary>Either clock may stand still while a function is suspended, and the wall clock may step back.</summary>
    private bool IsFresh(Reading reading)
    {
        var wall = time.GetUtcNow() - reading.At;
        return wall >= TimeSpan.Zero && wall < MaxAge && time.GetElapsedTime(reading.Timestamp) < MaxAge;
    }

    private sealed record Reading(StoredHead Head, DateTimeOffset At, long Timestamp);
}

/// <summary>How long what is issued now may live.</summary>
internal readonly record struct Lifetimes(TimeSpan AccessToken, TimeSpan Session);
