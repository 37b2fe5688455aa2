namespace TokenSessions.Validation.Denylist;

/// <summary>How much of a feed a poll reads.</summary>
internal enum Extent
{
    Newest,
    Recent,
    Whole,
}

/// <summary>One read of the feed that callers wait for.</summary>
internal sealed class Poll(Moment sentAt, DateTimeOffset? since, Extent extent, bool isContinuation)
{
    /// <summary>What reaches far back takes as long as the whole window, which the signed feed then answers with. It is stale by then.</summary>
    private readonly TimeSpan _bound =
        since >= sentAt.Wall - DenylistDocument.RecentSpan ? DenylistSync.RevocationBound : DenylistSync.FirstLoadBound;

    public Moment SentAt => sentAt;

    public DateTimeOffset? Since => since;

    public Extent Extent => extent;

    /// <summary>False if there was no snapshot to go on from.</summary>
    public bool IsContinuation => isContinuation;

    public TimeSpan Bound => _bound;

    public Task<DenylistSyncOutcome> Task { get; set; } = null!;

    public bool IsTooOld(TimeProvider time) => sentAt.Age(time) > _bound;

    public DenylistSyncOutcome ThrownAway() =>
        new(false, $"The feed did not answer within {_bound.TotalSeconds} s; an answer that still comes is thrown away.");
}
