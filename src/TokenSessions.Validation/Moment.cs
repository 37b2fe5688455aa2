namespace TokenSessions.Validation;

/// <summary>One moment on both clocks: the wall clock can be set, and either may stand still while a function is suspended.</summary>
/// <param name="Wall">The wall clock.</param>
/// <param name="Elapsed">The elapsed time since some start, the same for all moments of one clock; exact to 16 ms.</param>
internal readonly record struct Moment(DateTimeOffset Wall, TimeSpan Elapsed)
{
    /// <summary>More than two clocks drift apart in the minutes between what is compared, or two reads of them lie apart.</summary>
    private static readonly TimeSpan Drift = TimeSpan.FromSeconds(1);

    public static Moment Now(TimeProvider time) => new(time.GetUtcNow(), ElapsedOf(time));

    /// <summary>The larger of both differences; never negative, for the elapsed one of one clock is not.</summary>
    public TimeSpan Age(TimeProvider time) => Age(Now(time));

    /// <inheritdoc cref="Age(TimeProvider)"/>
    public TimeSpan Age(in Moment now)
    {
        var wall = now.Wall - Wall;
        var elapsed = now.Elapsed - Elapsed;
        return wall > elapsed ? wall : elapsed;
    }

    /// <summary>True if the wall clock has been set back since.</summary>
    public bool IsBeforeStepBack(in Moment now) => now.Elapsed - Elapsed - (now.Wall - Wall) > Drift;

    /// <summary>Every request asks for it: the system's ticks cost a third of its timestamp, and ages are seconds.</summary>
    /// <remarks>Whether either goes on while the machine sleeps differs by platform; the wall clock does, and the larger age counts.</remarks>
    private static TimeSpan ElapsedOf(TimeProvider time) =>
#pragma warning disable RS0030 // Only where the TimeProvider is the system's.
        time == TimeProvider.System ? TimeSpan.FromMilliseconds(Environment.TickCount64) : time.GetElapsedTime(0, time.GetTimestamp());
#pragma warning restore RS0030
}
