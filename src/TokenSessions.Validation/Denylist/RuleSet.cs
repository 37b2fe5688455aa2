using System.Collections;

namespace TokenSessions.Validation.Denylist;

/// <summary>All rules: a large table, and a small one of what came or changed since that was made. Immutable.</summary>
/// <remarks>
/// Most polls bring nothing, and the set stays the very same; few bring more than some rules, and those alone are copied, with
/// the small table. When that has grown, or rules have aged, all become one table again.
/// </remarks>
internal sealed class RuleSet : IReadOnlyCollection<DenylistRule>
{
    /// <summary>No rule.</summary>
    public static readonly RuleSet Empty = new(RuleTable.Empty, RuleTable.Empty, 0);

    // The small table is copied at every change, and the large one each time the small is full: whichever were larger would cost more.
    private const int SmallestLimit = 1024;
    private const int LargePerSmall = 64;

    private readonly RuleTable _large;
    private readonly RuleTable _small; // Says more than the large one where both have a key.

    private RuleSet(RuleTable large, RuleTable small, int count)
    {
        (_large, _small, Count) = (large, small, count);
        HasWatermarks = large.HasWatermarks || small.HasWatermarks;
    }

    /// <inheritdoc/>
    public int Count { get; }

    /// <summary>False if surely no rule is a watermark.</summary>
    public bool HasWatermarks { get; }

    /// <summary>Finds a rule by its key.</summary>
    public bool TryFind(RuleKey key, out DenylistRule rule)
    {
        var hash = RuleKeyHash.Of(key);
        var (table, place) = (_small, _small.Find(key, hash));
        if (place < 0)
        {
            (table, place) = (_large, _large.Find(key, hash));
        }

        rule = place < 0 ? default : table[place];
        return place >= 0;
    }

    /// <summary>Whether there is a rule of this key.</summary>
    public bool Contains(RuleKey key)
    {
        var hash = RuleKeyHash.Of(key);
        return _small.Find(key, hash) >= 0 || _large.Find(key, hash) >= 0;
    }

    /// <summary>The set with what was read; this very one if it brings nothing new.</summary>
    /// <param name="read">What was read.</param>
    /// <param name="keptFrom">What is stamped before this has aged, and is not taken up.</param>
    /// <param name="dropsAged">Whether aged rules leave now.</param>
    public RuleSet Merge(IReadOnlyList<DenylistRule> read, long keptFrom, bool dropsAged)
    {
        if (Count == 0)
        {
            var first = RuleTableMaker.Make(new([], read, keptFrom));
            return first.Count == 0 ? this : new(first, RuleTable.Empty, first.Count);
        }

        var changes = Changes(read, keptFrom);
        var hasAged = dropsAged && Math.Min(_large.OldestStamp, _small.OldestStamp) < keptFrom;
        if (hasAged || _small.Count + changes.Count > Math.Max(SmallestLimit, _large.Count / LargePerSmall))
        {
            var all = RuleTableMaker.Make(new([_large, _small], changes, hasAged ? keptFrom : long.MinValue));
            return new(all, RuleTable.Empty, all.Count);
        }

        if (changes.Count == 0)
        {
            return this;
        }

        var changed = RuleTableMaker.Make(new([], changes, long.MinValue)); // Each key once.
        var added = 0;
        for (var place = 0; place < changed.Count; place++)
        {
            added += Contains(changed[place].Key) ? 0 : 1;
        }

        return new(_large, RuleTableMaker.Make(new([_small, changed], [], long.MinValue)), Count + added);
    }

    /// <inheritdoc/>
    public IEnumerator<DenylistRule> GetEnumerator()
    {
        for (var place = 0; place < _small.Count; place++)
        {
            yield return _small[place];
        }

        for (var place = 0; place < _large.Count; place++)
        {
            var rule = _large[place];
            if (_small.Count == 0 || _small.Find(rule.Key, RuleKeyHash.Of(rule.Key)) < 0)
            {
                yield return rule;
            }
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>What says more than is known, and says it together with that.</summary>
    private List<DenylistRule> Changes(IReadOnlyList<DenylistRule> read, long keptFrom)
    {
        List<DenylistRule> changes = [];
        for (var i = 0; i < read.Count; i++)
        {
            var rule = read[i];
            if (KeptRules.IsAged(rule, keptFrom))
            {
                continue;
            }

            var isKnown = TryFind(rule.Key, out var known);
            var larger = isKnown ? RuleTableMaker.Larger(known, rule) : rule;
            if (!isKnown || larger != known)
            {
                changes.Add(larger);
            }
        }

        return changes;
    }
}
