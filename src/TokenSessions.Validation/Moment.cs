namespace TokenSessions.Validation;

/// <summary>One moment on both clocks: the wall clock can be set, and either may stand still while a function is suspended.</summary>
internal readonly record struct Moment(DateTimeOffset Wall, long Timestamp)
{
    /// <summary>More than two clocks drift apart between two polls, or two reads of them lie apart.</summary>
    private static readonly TimeSpan Drift = TimeSpan.FromSeconds(1);

    public static Moment Now(TimeProvider time) => new(time.GetUtcNow(), time.GetTimestamp());

    /// <summary>The larger of both differences; never negative, for the elapsed one is not.</summary>
    public TimeSpan Age(TimeProvider time) => Age(time, Now(time));

    /// <inheritdoc cref="Age(TimeProvider)"/>
    public TimeSpan Age(TimeProvider time, Moment now)
    {
        var wall = now.Wall - Wall;
        var elapsed = time.GetElapsedTime(Timestamp, now.Timestamp);
        return wall > elapsed ? wall : elapsed;
    }

    /// <summary>True if the wall clock has been set back since.</summary>
    public bool IsBeforeStepBack(TimeProvider time) =>
        time.GetElapsedTime(Timestamp) - (time.GetUtcNow() - Wall) > Drift;
}
