namespace TokenSessions.Tests.Simulation;

/// <summary>What the product promises in numbers: as its READMEs say, and not as it reckons.</summary>
internal static class Promises
{
    /// <summary>A rule is read by every poll that is sent so long after its acknowledgement.</summary>
    public static readonly TimeSpan RevocationBound = TimeSpan.FromSeconds(5);

    /// <summary>The next sync is due so soon after the last.</summary>
    public static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(2);

    /// <summary>A key that a key set lacked is asked for again so soon.</summary>
    public static readonly TimeSpan KeySetCoolDown = TimeSpan.FromSeconds(10);

    private static readonly (TimeSpan Late, TimeSpan FoundAfter)[] LateRules =
    [
        (TimeSpan.FromSeconds(10), TimeSpan.Zero),
        (TimeSpan.FromSeconds(160), TimeSpan.FromSeconds(35)),
        (TimeSpan.MaxValue, TimeSpan.FromMinutes(6)),
    ];

    /// <summary>How long it takes until every poll of the table finds what reached its region so late.</summary>
    public static TimeSpan FoundAfter(TimeSpan late) => Array.Find(LateRules, rule => late <= rule.Late).FoundAfter;
}
