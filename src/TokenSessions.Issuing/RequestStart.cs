using TokenSessions.Issuing.Stores;

namespace TokenSessions.Issuing;

/// <summary>When a request began, on both clocks. What it decides by the wall clock it decides only if that has not been set since.</summary>
/// <remarks>
/// A store can tell from the date of an answer that our clock is wrong, but not that it was set while the answer was on its way. A
/// rotation dated by such a clock, or a grace measured by it, would make a theft of a client's second try.
/// </remarks>
/// <param name="Wall">The wall clock.</param>
/// <param name="Timestamp">The elapsed time.</param>
internal readonly record struct RequestStart(DateTimeOffset Wall, long Timestamp)
{
    /// <summary>Smaller steps are within what clocks may be wrong by at any time.</summary>
    private static readonly TimeSpan MaxStep = TimeSpan.FromSeconds(5);

    public static RequestStart Now(TimeProvider time) => new(time.GetUtcNow(), time.GetTimestamp());

    /// <summary>The wall clock now.</summary>
    /// <exception cref="SessionStoreUnavailableException">It has been set since: nothing can be said, and nothing is spent.</exception>
    public DateTimeOffset WallClock(TimeProvider time)
    {
        var now = time.GetUtcNow();
        var step = now - Wall - time.GetElapsedTime(Timestamp);
        return step.Duration() <= MaxStep
            ? now
            : throw new SessionStoreUnavailableException($"This machine's clock was set by {step.TotalSeconds:0} s while a request was under way.");
    }
}
