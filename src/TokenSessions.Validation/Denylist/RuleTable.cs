using System.Diagnostics;
using System.Numerics;
using System.Runtime.Intrinsics;

namespace TokenSessions.Validation.Denylist;

/// <summary>Rules by key in flat arrays, each key once. Immutable; made by a <see cref="RuleTableMaker"/>.</summary>
/// <remarks>
/// <para>The rules stand sorted by bucket, without a gap: <c>_starts</c> says where each bucket begins, <c>_tags</c> has 16 bits of
/// each key's hash, <c>_keys</c> the whole keys and <c>_stamps</c> the stamps. A probe reads one bucket's tags, 8 at once, and
/// looks at a key only where its tag is the same. So a key that is absent, as almost every key is, costs one or two cache
/// lines, and one that is found is the very key: there is no false match.</para>
/// <para>2 + 16 + 4 bytes a rule and 4 for 8 of them: 22.5 bytes. What is not a rule that denies outright, stamped within
/// 24 days of the oldest, takes <see cref="Detail"/> in addition.</para>
/// </remarks>
internal sealed class RuleTable
{
    /// <summary>Rules in a bucket, on average: as many tags as are compared at once.</summary>
    public const int BucketSize = 8;

    /// <summary>A stamp with this bit is the index of a detail; the others are milliseconds after <see cref="OldestStamp"/>.</summary>
    public const uint DetailBit = 0x8000_0000;

    /// <summary>Tags after the last, so that a whole vector can be read wherever a bucket ends.</summary>
    public static readonly int Padding = Vector128<ushort>.Count;

    /// <summary>No rule.</summary>
    public static readonly RuleTable Empty = new([0, 0], new ushort[Padding], [], [], [], long.MaxValue);

    private readonly int[] _starts;
    private readonly ushort[] _tags;
    private readonly UInt128[] _keys;
    private readonly uint[] _stamps;
    private readonly Detail[] _details;

    /// <summary>A table of arrays that nobody changes any more.</summary>
    public RuleTable(int[] starts, ushort[] tags, UInt128[] keys, uint[] stamps, Detail[] details, long oldestStamp)
    {
        Debug.Assert(starts[^1] == keys.Length && tags.Length == keys.Length + Padding && stamps.Length == keys.Length);
        (_starts, _tags, _keys, _stamps, _details, OldestStamp) = (starts, tags, keys, stamps, details, oldestStamp);
        HasWatermarks = Array.Exists(details, detail => detail.Watermark != 0);
    }

    /// <summary>How many rules.</summary>
    public int Count => _keys.Length;

    /// <summary>Whether any rule is a watermark.</summary>
    public bool HasWatermarks { get; }

    /// <summary>No rule that ages is stamped before this; the largest number if there is none.</summary>
    public long OldestStamp { get; }

    /// <summary>The rule at a place: what <see cref="Find"/> gave, or any below <see cref="Count"/>.</summary>
    public DenylistRule this[int place] => Read(_keys[place], _stamps[place], OldestStamp, _details);

    /// <summary>The rule that stands in the arrays as these.</summary>
    public static DenylistRule Read(UInt128 key, uint stamp, long oldestStamp, ReadOnlySpan<Detail> details)
    {
        if ((stamp & DetailBit) == 0)
        {
            return new(new(key), oldestStamp + stamp, 0, false);
        }

        ref readonly var detail = ref details[(int)(stamp & ~DetailBit)];
        return new(new(key), detail.StampedAt, detail.Watermark, detail.IsStanding);
    }

    /// <summary>The bucket of a hash: its upper half, scaled to however many buckets there are.</summary>
    public static int Bucket(ulong hash, int buckets) => (int)(((hash >> 32) * (ulong)buckets) >> 32);

    /// <summary>The tag of a hash: bits that had no part in choosing the bucket.</summary>
    public static ushort Tag(ulong hash) => (ushort)hash;

    /// <summary>The place of a key, or -1.</summary>
    /// <param name="key">The key.</param>
    /// <param name="hash">Its <see cref="RuleKeyHash"/>.</param>
    public int Find(RuleKey key, ulong hash)
    {
        var bucket = Bucket(hash, _starts.Length - 1);
        var end = _starts[bucket + 1];
        var tag = Vector128.Create(Tag(hash));
        for (var from = _starts[bucket]; from < end; from += Vector128<ushort>.Count)
        {
            var tags = Vector128.Create<ushort>(_tags.AsSpan(from));
            for (var same = Vector128.Equals(tags, tag).ExtractMostSignificantBits(); same != 0; same &= same - 1)
            {
                var place = from + BitOperations.TrailingZeroCount(same);
                if (place < end && _keys[place] == key.Value)
                {
                    return place;
                }
            }
        }

        return -1;
    }

    /// <summary>What few rules have: a watermark, a standing rule, or a stamp far from all others.</summary>
    public readonly record struct Detail(long StampedAt, long Watermark, bool IsStanding);
}
