using System.Runtime.InteropServices;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Issuing.Stores;

/// <summary>One item of the feed and its end; a standing rule has none.</summary>
internal readonly record struct FeedItem(DenylistRule Rule, DateTimeOffset? ExpiresAt);

/// <summary>The feed in memory, in the order of its stamps, so that reading what is new costs what is new.</summary>
/// <remarks>Stamps come nearly in order, so an insertion moves few items.</remarks>
internal sealed class FeedTable
{
    private readonly List<FeedItem> _aging = [];
    private readonly Dictionary<RuleKey, FeedItem> _standing = [];

    public int Count => _aging.Count + _standing.Count;

    public IEnumerable<FeedItem> Items => _aging.Concat(_standing.Values);

    /// <summary>The item as it has to stand after this one is written; null if it stands so already.</summary>
    public FeedItem? Merge(FeedItem item)
    {
        if (item.Rule.IsStanding)
        {
            return _standing.TryGetValue(item.Rule.Key, out var known) && known.Rule.StampedAt >= item.Rule.StampedAt ? null : item;
        }

        var at = Find(item.Rule);
        if (at < 0)
        {
            return item;
        }

        var stored = _aging[at];
        var merged = new FeedItem(
            item.Rule with { Watermark = Math.Max(stored.Rule.Watermark, item.Rule.Watermark) },
            stored.ExpiresAt > item.ExpiresAt ? stored.ExpiresAt : item.ExpiresAt);
        return merged == stored ? null : merged;
    }

    public void Put(FeedItem item)
    {
        if (item.Rule.IsStanding)
        {
            _standing[item.Rule.Key] = item;
            return;
        }

        var at = Find(item.Rule);
        if (at >= 0)
        {
            _aging[at] = item;
        }
        else
        {
            _aging.Insert(~at, item);
        }
    }

    /// <summary>Every standing rule, and those stamped at <paramref name="since"/> or later that have not reached their end.</summary>
    public List<DenylistRule> Read(DateTimeOffset? since, DateTimeOffset now)
    {
        var first = since is { } time ? ~Find(new(default, time.ToUnixTimeMilliseconds(), 0, false), isLowerBound: true) : 0;
        var rules = new List<DenylistRule>(_aging.Count - first + _standing.Count);
        foreach (ref readonly var item in CollectionsMarshal.AsSpan(_aging)[first..])
        {
            if (!StoreTime.IsReached(item.ExpiresAt, now))
            {
                rules.Add(item.Rule);
            }
        }

        foreach (var item in _standing.Values)
        {
            rules.Add(item.Rule);
        }

        return rules;
    }

    public void DropEnded(DateTimeOffset at)
    {
        _aging.RemoveAll(item => StoreTime.IsReached(item.ExpiresAt, at));
        _aging.TrimExcess();
    }

    /// <summary>Where the item of this stamp and key is; if absent, the complement of where it belongs.</summary>
    /// <param name="rule">Its stamp and key.</param>
    /// <param name="isLowerBound">True to find the complement of where the first item of this stamp is or would be.</param>
    private int Find(DenylistRule rule, bool isLowerBound = false)
    {
        var (low, high) = (0, _aging.Count);
        while (low < high)
        {
            var middle = (int)(((uint)low + (uint)high) / 2);
            var candidate = _aging[middle].Rule;
            var order = candidate.StampedAt.CompareTo(rule.StampedAt);
            if (order == 0)
            {
                order = isLowerBound ? 1 : candidate.Key.Value.CompareTo(rule.Key.Value);
            }

            if (order == 0)
            {
                return middle;
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle);
        }

        return ~low;
    }
}
