namespace TokenSessions.Issuing.Stores;

/// <summary>Times as stores keep them: UTC, whole milliseconds since 1970.</summary>
internal static class StoreTime
{
    public static DateTimeOffset Cut(DateTimeOffset time) =>
        DateTimeOffset.FromUnixTimeMilliseconds(time.ToUnixTimeMilliseconds());

    public static DateTimeOffset? Cut(DateTimeOffset? time) => time is { } value ? Cut(value) : null;

    /// <summary>True from the end on: an item is there only <em>before</em> its end.</summary>
    public static bool IsReached(DateTimeOffset? end, DateTimeOffset now) => end <= now;
}
