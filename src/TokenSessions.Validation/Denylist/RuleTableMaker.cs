using System.Runtime.InteropServices;

namespace TokenSessions.Validation.Denylist;

/// <summary>Makes one <see cref="RuleTable"/> of many rules: a counting sort by bucket, then what stands twice is merged.</summary>
internal sealed class RuleTableMaker
{
    private readonly int[] _starts;
    private readonly int[] _ends;
    private readonly UInt128[] _keys;
    private readonly uint[] _stamps;
    private readonly List<RuleTable.Detail> _details = [];
    private readonly long _oldestStamp;

    private RuleTableMaker(in KeptRules rules)
    {
        (var count, _oldestStamp) = (0, long.MaxValue);
        foreach (var rule in rules)
        {
            count++;
            _oldestStamp = rule.IsStanding ? _oldestStamp : Math.Min(_oldestStamp, rule.StampedAt);
        }

        _starts = new int[Math.Max(1, count / RuleTable.BucketSize) + 1];
        foreach (var rule in rules)
        {
            _starts[Bucket(rule.Key) + 1]++;
        }

        for (var bucket = 1; bucket < _starts.Length; bucket++)
        {
            _starts[bucket] += _starts[bucket - 1];
        }

        _ends = _starts[..^1]; // Nothing stands in them yet.
        _keys = GC.AllocateUninitializedArray<UInt128>(count);
        _stamps = GC.AllocateUninitializedArray<uint>(count);
    }

    /// <summary>The table of these rules; what they say twice of one key is merged.</summary>
    public static RuleTable Make(in KeptRules rules)
    {
        var maker = new RuleTableMaker(rules);
        maker.Place(rules);
        return maker.Finish();
    }

    /// <summary>Of two rules of one key what denies more, and for longer.</summary>
    public static DenylistRule Larger(in DenylistRule a, in DenylistRule b) => new(
        a.Key, Math.Max(a.StampedAt, b.StampedAt), Math.Max(a.Watermark, b.Watermark), a.IsStanding || b.IsStanding);

    /// <summary>Every rule to its bucket, in any order.</summary>
    private void Place(in KeptRules rules)
    {
        foreach (var rule in rules)
        {
            var place = _ends[Bucket(rule.Key)]++;
            (_keys[place], _stamps[place]) = (rule.Key.Value, Stamp(rule));
        }
    }

    /// <summary>Tags, and one rule where a bucket has two of one key: in order, so that all of it streams through the processor.</summary>
    private RuleTable Finish()
    {
        var tags = new ushort[_keys.Length + RuleTable.Padding];
        var to = 0;
        for (int bucket = 0, from = 0; bucket < _ends.Length; bucket++)
        {
            var start = _starts[bucket] = to;
            for (; from < _ends[bucket]; from++)
            {
                var tag = RuleTable.Tag(RuleKeyHash.Of(new(_keys[from])));
                if (FindTwin(tags.AsSpan(start, to - start), tag, start, _keys[from]) is { } twin)
                {
                    Merge(twin, from);
                    continue;
                }

                (tags[to], _keys[to], _stamps[to]) = (tag, _keys[from], _stamps[from]);
                to++;
            }
        }

        _starts[^1] = to;
        return to == _keys.Length
            ? new(_starts, tags, _keys, _stamps, [.. _details], _oldestStamp)
            : new(_starts, tags[..(to + RuleTable.Padding)], _keys[..to], _stamps[..to], [.. _details], _oldestStamp);
    }

    private int? FindTwin(ReadOnlySpan<ushort> tags, ushort tag, int start, UInt128 key)
    {
        for (var i = 0; i < tags.Length; i++)
        {
            if (tags[i] == tag && _keys[start + i] == key)
            {
                return start + i;
            }
        }

        return null;
    }

    private void Merge(int into, int from)
    {
        var details = CollectionsMarshal.AsSpan(_details);
        var known = RuleTable.Read(_keys[into], _stamps[into], _oldestStamp, details);
        var rule = RuleTable.Read(_keys[from], _stamps[from], _oldestStamp, details);
        _stamps[into] = Stamp(Larger(known, rule));
    }

    private uint Stamp(in DenylistRule rule)
    {
        var milliseconds = unchecked((ulong)(rule.StampedAt - _oldestStamp)); // Huge where the stamp is older, as only standing ones are.
        if (rule.Watermark == 0 && !rule.IsStanding && milliseconds < RuleTable.DetailBit)
        {
            return (uint)milliseconds;
        }

        _details.Add(new(rule.StampedAt, rule.Watermark, rule.IsStanding));
        return RuleTable.DetailBit | (uint)(_details.Count - 1);
    }

    private int Bucket(RuleKey key) => RuleTable.Bucket(RuleKeyHash.Of(key), _starts.Length - 1);
}
