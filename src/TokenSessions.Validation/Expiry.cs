namespace TokenSessions.Validation;

/// <summary>The two comparisons of a token's time with ours, in one place so that the skew is applied exactly once.</summary>
internal static class Expiry
{
    /// <summary>True from <c>exp</c> + skew on: a token is good only <em>before</em> its <c>exp</c> (RFC 7519 §4.1.4).</summary>
    public static bool IsReached(long expiresAt, DateTimeOffset now, TimeSpan skew) =>
        now - DateTimeOffset.FromUnixTimeSeconds(expiresAt) >= skew;

    /// <summary>True until the time − skew has come.</summary>
    public static bool IsInFuture(long time, DateTimeOffset now, TimeSpan skew) =>
        DateTimeOffset.FromUnixTimeSeconds(time) - now > skew;
}
