namespace TokenSessions.Validation.Denylist;

/// <summary>What every reader and writer of one denylist must agree on. Values only grow.</summary>
public sealed record DenylistHead
{
    /// <summary>The most regions that can write one denylist.</summary>
    public const int MaxRegions = 4;

    /// <summary>As long as a document of the signed feed can say: no time can be reckoned with what a broken store may say.</summary>
    private static readonly TimeSpan LongestWindow = TimeSpan.FromDays(3660);

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

    /// <summary>Why no reader can use it; null if one can.</summary>
    internal string? FindProblem() =>
        Window <= TimeSpan.Zero || Window < LongestAccessTokenLifetime
            ? "The head of the denylist keeps rules for less time than tokens live: its issuer has not written it yet."
        : Window > LongestWindow ? $"The head of the denylist keeps rules for {Window.TotalDays} days, more than {LongestWindow.TotalDays}."
        : Regions is < 1 or > MaxRegions ? $"The head of the denylist has {Regions} regions, not 1 to {MaxRegions}."
        : null;

    private static TimeSpan Larger(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
