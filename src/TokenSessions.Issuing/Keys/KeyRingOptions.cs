namespace TokenSessions.Issuing.Keys;

/// <summary>How a key ring file is loaded, and for how long its keys are needed.</summary>
public sealed record KeyRingOptions
{
    private static readonly TimeSpan MaxKeepPublished = TimeSpan.FromDays(2);
    private static readonly TimeSpan MaxRefreshIdle = TimeSpan.FromDays(366);
    private static readonly TimeSpan MaxAnnounceTime = TimeSpan.FromDays(30);

    /// <summary>
    /// Accepts keys whose private half lies in a local file (<c>source: file</c>). Default false. For laptops and tests:
    /// whoever can read the file, or a backup of it, can make tokens for anybody.
    /// </summary>
    public bool AllowPrivateKeysInFiles { get; set; }

    /// <summary>
    /// For how long a superseded signing key stays published: at least the longest access-token lifetime plus the skew of its
    /// verifiers. Default 65 minutes, above 0, at most 2 days.
    /// </summary>
    public TimeSpan KeepPublished { get; set; } = TimeSpan.FromMinutes(65);

    /// <summary>
    /// The longest idle limit of refresh tokens ever sealed under this ring. A superseded sealing key opens for this long and a
    /// day more. Default 14 days, above 0, at most 366 days.
    /// </summary>
    public TimeSpan LongestRefreshIdle { get; set; } = TimeSpan.FromDays(14);

    /// <summary>
    /// For how long a new signing or feed key is published before its start: at least as long as verifiers may cache the key set.
    /// A changed file with one that starts earlier is refused. Default 24 hours, 0 to 30 days.
    /// </summary>
    public TimeSpan AnnounceTime { get; set; } = TimeSpan.FromHours(24);

    /// <summary>Everything wrong with these options; empty when they can be used.</summary>
    public IEnumerable<string> Problems()
    {
        if (KeepPublished <= TimeSpan.Zero || KeepPublished > MaxKeepPublished)
        {
            yield return $"{nameof(KeepPublished)} must be above 0 and at most {MaxKeepPublished}, but is {KeepPublished}.";
        }

        if (LongestRefreshIdle <= TimeSpan.Zero || LongestRefreshIdle > MaxRefreshIdle)
        {
            yield return $"{nameof(LongestRefreshIdle)} must be above 0 and at most {MaxRefreshIdle}, but is {LongestRefreshIdle}.";
        }

        if (AnnounceTime < TimeSpan.Zero || AnnounceTime > MaxAnnounceTime)
        {
            yield return $"{nameof(AnnounceTime)} must be from 0 to {MaxAnnounceTime}, but is {AnnounceTime}.";
        }
    }

    /// <summary>Our own copy: the caller may go on changing theirs.</summary>
    /// <exception cref="ArgumentException">They cannot be used; the message names every problem.</exception>
    internal static KeyRingOptions Checked(KeyRingOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var copy = options with { };
        return copy.Problems().ToArray() is { Length: > 0 } problems
            ? throw new ArgumentException(string.Join(' ', problems), nameof(options))
            : copy;
    }
}
