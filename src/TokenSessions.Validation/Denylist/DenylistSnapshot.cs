namespace TokenSessions.Validation.Denylist;

/// <summary>The rules as of one moment. Immutable, and swapped whole.</summary>
public sealed class DenylistSnapshot
{
    /// <summary>
    /// How much longer than the window a rule is kept: one that is written to the feed again under a new stamp, late, must not
    /// leave in between. 3 minutes, the time within which late arrivals are looked for.
    /// </summary>
    internal static readonly TimeSpan KeptBeyondWindow = TimeSpan.FromMinutes(3);

    private readonly Dictionary<RuleKey, DenylistRule> _rules;

    private static long _lastVersion;

    private DenylistSnapshot(Dictionary<RuleKey, DenylistRule> rules, DenylistHead head, DateTimeOffset asOf, long version)
    {
        (_rules, Head, AsOf, Version) = (rules, head, asOf, version);
    }

    /// <summary>The largest head that was read with the rules.</summary>
    public DenylistHead Head { get; }

    /// <summary>Every rule acknowledged before this moment is known.</summary>
    public DateTimeOffset AsOf { get; }

    /// <summary>The rules, in no order.</summary>
    public IReadOnlyCollection<DenylistRule> Rules => _rules.Values;

    /// <summary>Equal numbers mean equal rules and an equal head, so equal answers. Never 0.</summary>
    internal long Version { get; }

    /// <summary>Whether a rule of this key denies outright.</summary>
    /// <param name="key">The key of a <c>token</c>, <c>session</c> or <c>key</c> rule.</param>
    public bool Denies(RuleKey key) => _rules.ContainsKey(key);

    /// <summary>Whether a watermark of this key denies what has seen the watermark only up to <paramref name="seen"/>.</summary>
    /// <param name="key">The key of a <c>subject</c>, <c>client</c> or <c>all</c> rule.</param>
    /// <param name="seen">The T that the session's tokens carry in <c>seen</c>; 0 when absent.</param>
    public bool Denies(RuleKey key, long seen) => _rules.TryGetValue(key, out var rule) && rule.Watermark > seen;

    /// <summary>
    /// The next snapshot. Merged, never replaced: no answer, however old, takes a rule away or lowers a watermark. A rule leaves
    /// only when no token that it denies can still be alive; a standing one never leaves.
    /// </summary>
    /// <param name="last">The snapshot so far; null before the first.</param>
    /// <param name="changes">What was read.</param>
    /// <param name="asOf">As of when the next snapshot is.</param>
    /// <param name="dropsAged">Whether aged rules leave now: a search through all of them, so not at every poll.</param>
    internal static DenylistSnapshot Merge(DenylistSnapshot? last, DenylistChanges changes, DateTimeOffset asOf, bool dropsAged)
    {
        var head = last is null ? changes.Head : last.Head.Max(changes.Head);
        // The stamps are the writers' time, as AsOf is; how far our own clock differs from it does not matter here.
        var keptFrom = (asOf - head.Window - KeptBeyondWindow).ToUnixTimeMilliseconds();

        var rules = last?._rules ?? new(changes.Rules.Count);
        var isOurs = last is null; // Published rules are copied before the first change; most polls bring none.
        foreach (var rule in changes.Rules)
        {
            if (IsAged(rule, keptFrom))
            {
                continue;
            }

            var isKnown = rules.TryGetValue(rule.Key, out var known);
            var larger = isKnown ? Larger(known, rule) : rule;
            if (!isKnown || larger != known)
            {
                Own(ref rules, ref isOurs);
                rules[rule.Key] = larger;
            }
        }

        if (dropsAged)
        {
            foreach (var rule in rules.Values)
            {
                if (IsAged(rule, keptFrom))
                {
                    Own(ref rules, ref isOurs); // The loop goes on over what it began with; removing does not disturb it.
                    rules.Remove(rule.Key);
                }
            }
        }

        return new(rules, head, asOf, isOurs || head != last!.Head ? Interlocked.Increment(ref _lastVersion) : last.Version);
    }

    private static void Own(ref Dictionary<RuleKey, DenylistRule> rules, ref bool isOurs)
    {
        if (!isOurs)
        {
            (rules, isOurs) = (new(rules), true);
        }
    }

    private static bool IsAged(in DenylistRule rule, long keptFrom) => !rule.IsStanding && rule.StampedAt < keptFrom;

    private static DenylistRule Larger(in DenylistRule a, in DenylistRule b) => new(
        a.Key, Math.Max(a.StampedAt, b.StampedAt), Math.Max(a.Watermark, b.Watermark), a.IsStanding || b.IsStanding);
}
