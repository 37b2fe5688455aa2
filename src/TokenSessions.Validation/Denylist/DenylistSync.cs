using System.Diagnostics.CodeAnalysis;

namespace TokenSessions.Validation.Denylist;

/// <summary>Keeps a <see cref="DenylistSnapshot"/> in step with a feed. Owns no loop: its host calls <see cref="SyncAsync"/>.</summary>
public sealed class DenylistSync
{
    /// <summary>How soon a rule acts at every validator of the region that reads the store itself: 5 seconds.</summary>
    public static readonly TimeSpan RevocationBound = TimeSpan.FromSeconds(5);

    /// <summary>How soon a rule acts at every validator that reads a service's signed feed: 8 seconds.</summary>
    public static readonly TimeSpan SignedFeedBound = TimeSpan.FromSeconds(8);

    /// <summary>How often a host should call <see cref="SyncAsync"/>: 2 seconds.</summary>
    public static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(2);

    private readonly IDenylistFeed _feed;
    private readonly TimeProvider _time;
    private DenylistSnapshot? _snapshot;

    /// <summary>A sync that has read nothing yet.</summary>
    /// <param name="feed">Where the rules come from.</param>
    /// <param name="time">The clock.</param>
    public DenylistSync(IDenylistFeed feed, TimeProvider time)
    {
        (_feed, _time) = (feed, time);
    }

    /// <summary>The newest complete snapshot and its age.</summary>
    /// <param name="snapshot">The snapshot; null before the first complete sync.</param>
    /// <param name="age">Since the first request behind the snapshot was sent.</param>
    /// <returns>False while no complete snapshot may be relied on, whatever the outage policy.</returns>
    public bool TryGetSnapshot([NotNullWhen(true)] out DenylistSnapshot? snapshot, out TimeSpan age)
    {
        snapshot = _snapshot;
        age = snapshot is null ? TimeSpan.MaxValue : _time.GetUtcNow() - snapshot.AsOf;
        return snapshot is not null;
    }

    /// <summary>One step: reads what is new and publishes the next snapshot, or reports why not.</summary>
    /// <param name="cancellationToken">Ends this caller's wait.</param>
    public async Task<DenylistSyncOutcome> SyncAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            var changes = await _feed.ReadAsync(null, cancellationToken).ConfigureAwait(false);
            _snapshot = new(changes.Rules.ToDictionary(rule => rule.Key), changes.Head, changes.AsOf);
            return new(true, "");
        }
        catch (DenylistUnavailableException e)
        {
            return new(false, e.Message);
        }
    }
}

/// <summary>What one step of the sync did.</summary>
/// <param name="IsComplete">True if the snapshot is as of this step.</param>
/// <param name="Problem">What failed; empty if nothing did.</param>
public sealed record DenylistSyncOutcome(bool IsComplete, string Problem);
