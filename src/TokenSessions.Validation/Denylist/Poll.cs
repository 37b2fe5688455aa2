namespace TokenSessions.Validation.Denylist;

/// <summary>How much of a feed a poll reads.</summary>
internal enum Extent
{
    Newest,
    Recent,
    Whole,
}

/// <summary>One read of the feed that callers wait for.</summary>
internal sealed class Poll(Moment sentAt, DateTimeOffset? since, Extent extent, bool isContinuation, TimeSpan bound)
{
    public Moment SentAt => sentAt;

    public DateTimeOffset? Since => since;

    public Extent Extent => extent;

    /// <summary>False if there was no snapshot to go on from.</summary>
    public bool IsContinuation => isContinuation;

    /// <summary>How long it may take.</summary>
    public TimeSpan Bound => bound;

    public Task<DenylistSyncOutcome> Task { get; set; } = null!;

    public bool IsTooOld(TimeProvider time) => sentAt.Age(time) > bound;

    public DenylistSyncOutcome ThrownAway() =>
        new(false, $"The feed did not answer within {bound.TotalSeconds} s; an answer that still comes is thrown away.");
}
