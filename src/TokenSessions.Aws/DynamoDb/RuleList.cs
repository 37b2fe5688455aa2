using System.Text;
using Amazon.DynamoDBv2.Model;
using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Jose;
using static TokenSessions.Aws.DynamoDb.Attributes;

namespace TokenSessions.Aws.DynamoDb;

/// <summary>The live rules of an issuer, found by reading the whole table: for people, not for requests.</summary>
internal static class RuleList
{
    /// <summary>One page of a list reads at most so many pages of the table, 1 MB each.</summary>
    private const int ScansPerPage = 10;

    private const int PartitionBytes = 2048;
    private const int SortBytes = 1024;
    private const char SortEnd = '\n'; // In a continuation, behind the sort key, which has none.
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <param name="connection">The table.</param>
    /// <param name="issuer">Whose rules.</param>
    /// <param name="start">The key after which to begin; null for the beginning.</param>
    /// <param name="limit">The most rules.</param>
    /// <param name="cancellationToken">The deadline.</param>
    public static async Task<RulePage> ReadAsync(
        DynamoDbConnection connection, string issuer, Dictionary<string, AttributeValue>? start, int limit, CancellationToken cancellationToken)
    {
        var (rules, now) = (new List<AuthorityItem>(), connection.Now);
        for (var scans = 0; scans < ScansPerPage; scans++)
        {
            var page = await connection.SendAsync(Scan(connection, start), connection.Client.ScanAsync, cancellationToken).ConfigureAwait(false);
            foreach (var item in page.Items ?? [])
            {
                if (item.IsEnded(now) || AuthorityItems.Read(item) is not { } rule || rule.Key.Issuer != issuer)
                {
                    continue;
                }

                if (rules.Count == limit)
                {
                    return new RulePage(rules, WriteContinuation(AuthorityItems.Key(rules[^1].Key)));
                }

                rules.Add(rule);
            }

            start = page.LastEvaluatedKey;
            if (start is not { Count: > 0 })
            {
                return new RulePage(rules, null);
            }
        }

        return new RulePage(rules, WriteContinuation(start!));
    }

    private static string WriteContinuation(Dictionary<string, AttributeValue> last) => StrictBase64Url.Encode(
        StrictUtf8.GetBytes($"{last.GetText(TableSchema.Sort)}{SortEnd}{last.GetText(TableSchema.Partition)}"));

    /// <summary>The key a continuation stands for.</summary>
    /// <exception cref="ArgumentException">It is not what an earlier page gave.</exception>
    public static Dictionary<string, AttributeValue> ReadContinuation(string continuation)
    {
        try
        {
            var text = StrictUtf8.GetString(StrictBase64Url.Decode(continuation) ?? []);
            var end = text.IndexOf(SortEnd, StringComparison.Ordinal);
            if (end > 0)
            {
                var (partition, sort) = (text[(end + 1)..], text[..end]);
                var isOurs = AuthorityItems.FindKey(partition) is null ? FeedItems.IsPartition(partition) : sort == AuthorityItems.Sort;
                if (isOurs && StrictUtf8.GetByteCount(partition) <= PartitionBytes && StrictUtf8.GetByteCount(sort) <= SortBytes)
                {
                    return new() { [TableSchema.Partition] = Text(partition), [TableSchema.Sort] = Text(sort) };
                }
            }
        }
        catch (DecoderFallbackException)
        {
            // Refused below.
        }

        throw new ArgumentException("continuation is not what an earlier page gave.", nameof(continuation));
    }

    private static ScanRequest Scan(DynamoDbConnection connection, Dictionary<string, AttributeValue>? start) => new()
    {
        TableName = connection.Table,
        FilterExpression = $"{Names.Denied} = :true",
        ExpressionAttributeValues = new() { [":true"] = True },
        ExclusiveStartKey = start,
        ConsistentRead = true,
    };
}
