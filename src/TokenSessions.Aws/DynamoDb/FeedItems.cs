using System.Globalization;
using Amazon.DynamoDBv2.Model;
using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Denylist;
using static TokenSessions.Aws.DynamoDb.Attributes;

namespace TokenSessions.Aws.DynamoDb;

/// <summary>The feed as items: a partition for each 10 minutes and shard, in the order of the stamps, and one of standing rules.</summary>
internal static class FeedItems
{
    /// <summary>The partition of the rules that never age; their sort key is the rule's.</summary>
    public const string Standing = "feed#standing";

    private const string Prefix = "feed#";
    private const char Separator = '#';
    private static readonly long BucketLength = (long)TimeSpan.FromMinutes(10).TotalMilliseconds;

    /// <summary>What a reader needs of an item.</summary>
    public const string Projection = $"{TableSchema.Sort}, {Names.Watermark}, {Names.Ends}, {Names.Stamp}";

    public static bool IsPartition(string partition) => partition.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>Which 10 minutes a stamp belongs to.</summary>
    public static long Bucket(long stampedAt) => stampedAt / BucketLength;

    public static string Partition(long bucket, int shard) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{bucket}#{shard}");

    /// <summary>The least sort key of this stamp.</summary>
    public static string LowerBound(long stampedAt) => stampedAt.ToString("D15", CultureInfo.InvariantCulture); // Milliseconds of the year 9999.

    /// <param name="rule">The rule.</param>
    /// <param name="expiresAt">Its end; null for a standing rule.</param>
    /// <param name="shards">Among how many shards every validator looks.</param>
    public static Dictionary<string, AttributeValue> Write(DenylistRule rule, DateTimeOffset? expiresAt, int shards)
    {
        if (rule.IsStanding)
        {
            return new()
            {
                [TableSchema.Partition] = Text(Standing),
                [TableSchema.Sort] = Text(rule.Key.ToString()),
                [Names.Stamp] = Number(rule.StampedAt),
                [Names.Watermark] = Number(rule.Watermark),
            };
        }

        var item = new Dictionary<string, AttributeValue>
        {
            [TableSchema.Partition] = Text(Partition(Bucket(rule.StampedAt), (int)(rule.Key.Value % (UInt128)shards))),
            [TableSchema.Sort] = Text($"{LowerBound(rule.StampedAt)}{Separator}{rule.Key}"),
            [Names.Watermark] = Number(rule.Watermark),
        };
        item.AddEnd(expiresAt);
        return item;
    }

    /// <exception cref="FormatException">It was not written by us.</exception>
    public static DenylistRule ReadStanding(Dictionary<string, AttributeValue> item) => Read(
        RuleKey.Parse(item.GetText(TableSchema.Sort)) ?? throw NotOurs(TableSchema.Sort), item.GetNumber(Names.Stamp), item, isStanding: true);

    /// <exception cref="FormatException">It was not written by us.</exception>
    public static DenylistRule ReadAging(Dictionary<string, AttributeValue> item)
    {
        var sort = item.GetText(TableSchema.Sort);
        var stampEnd = sort.IndexOf(Separator);
        return stampEnd > 0
            && long.TryParse(sort.AsSpan(0, stampEnd), NumberStyles.None, CultureInfo.InvariantCulture, out var stampedAt)
            && RuleKey.Parse(sort.AsSpan(stampEnd + 1)) is { } key
                ? Read(key, stampedAt, item, isStanding: false)
                : throw NotOurs(TableSchema.Sort);
    }

    private static DenylistRule Read(RuleKey key, long stampedAt, Dictionary<string, AttributeValue> item, bool isStanding)
    {
        var rule = new DenylistRule(key, stampedAt, item.GetNumber(Names.Watermark), isStanding);
        return Ours(rule, StoreLimits.FindProblem(rule));
    }
}
