namespace TokenSessions.Validation.Denylist;

/// <summary>What every reader and writer of one denylist must agree on. Values only grow; durations are from 0 to 3,660 days.</summary>
public sealed record DenylistHead
{
    /// <summary>The most parts of a feed.</summary>
    public const int MaxShards = 64;

    /// <summary>The most regions that can write one denylist.</summary>
    public const int MaxRegions = 4;

    /// <summary>The longest of the durations: no time can be reckoned with what a broken store may say.</summary>
    internal static readonly TimeSpan MaxDuration = TimeSpan.FromDays(3660);

    /// <summary>Into how many parts the feed is split, 1 to 64.</summary>
    public int Shards { get; init; } = 1;

    /// <summary>How many regions write this denylist, 1 to 4. Each counts the T of its watermarks by itself.</summary>
    public int Regions { get; init; } = 1;

    /// <summary>How long a feed item is kept: the longest access-token lifetime, the skew of its verifiers and 5 minutes.</summary>
    public TimeSpan Window { get; init; }

    /// <summary>The longest <c>exp − iat</c> of any issuer on this denylist. Validators refuse tokens that live longer.</summary>
    public TimeSpan LongestAccessTokenLifetime { get; init; }

    /// <summary>The longest time any session of any issuer on this denylist can be refreshed.</summary>
    public TimeSpan LongestRefreshLife { get; init; }

    /// <summary>The larger of both, value by value.</summary>
    /// <param name="other">Another head.</param>
    public DenylistHead Max(DenylistHead other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new()
        {
            Shards = Math.Max(Shards, other.Shards),
            Regions = Math.Max(Regions, other.Regions),
            Window = Larger(Window, other.Window),
            LongestAccessTokenLifetime = Larger(LongestAccessTokenLifetime, other.LongestAccessTokenLifetime),
            LongestRefreshLife = Larger(LongestRefreshLife, other.LongestRefreshLife),
        };
    }

    /// <summary>What is beyond its limits, so that no store takes it and no reader believes it; null if nothing is.</summary>
    /// <returns>The end of a sentence: <c>must have …</c>.</returns>
    public string? FindProblem() =>
        Shards is < 1 or > MaxShards ? $"must have 1 to {MaxShards} shards, but has {Shards}"
        : Regions is < 1 or > MaxRegions ? $"must have 1 to {MaxRegions} regions, but has {Regions}"
        : new[] { Window, LongestAccessTokenLifetime, LongestRefreshLife }.Any(time => time < TimeSpan.Zero || time > MaxDuration)
            ? $"must have durations of 0 to {MaxDuration.TotalDays} days, but has {Window}, {LongestAccessTokenLifetime} and {LongestRefreshLife}"
        : null;

    private static TimeSpan Larger(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
