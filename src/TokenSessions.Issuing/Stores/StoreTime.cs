namespace TokenSessions.Issuing.Stores;

/// <summary>Times as stores keep them: UTC, whole milliseconds since 1970.</summary>
public static class StoreTime
{
    /// <summary>The time without what is below a millisecond.</summary>
    /// <param name="time">Any time.</param>
    public static DateTimeOffset Cut(DateTimeOffset time) =>
        DateTimeOffset.FromUnixTimeMilliseconds(time.ToUnixTimeMilliseconds());

    /// <inheritdoc cref="Cut(DateTimeOffset)"/>
    public static DateTimeOffset? Cut(DateTimeOffset? time) => time is { } value ? Cut(value) : null;

    /// <summary>True from the end on: an item is there only <em>before</em> its end.</summary>
    /// <param name="end">The end; null for none.</param>
    /// <param name="now">Now, UTC.</param>
    public static bool IsReached(DateTimeOffset? end, DateTimeOffset now) => end <= now;
}
