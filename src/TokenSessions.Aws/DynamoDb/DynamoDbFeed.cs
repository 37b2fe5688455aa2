using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Aws.DynamoDb;

/// <summary>The denylist feed, read from the table itself: for APIs with AWS credentials, without the service.</summary>
/// <remarks>
/// Needs <c>dynamodb:DescribeTable</c> and <c>dynamodb:Query</c> on the table. The table's keys are checked before the first
/// read. Reads are eventually consistent; <see cref="DenylistSync"/> reads with an overlap, so that what arrives late is found.
/// </remarks>
public sealed class DynamoDbFeed : IDenylistFeed
{
    private const int Parallelism = 8;

    /// <summary>A writer's clock may be ahead of ours.</summary>
    private static readonly TimeSpan Ahead = TimeSpan.FromMinutes(1);

    /// <summary>Each 10 minutes of the window are at least one request.</summary>
    private static readonly TimeSpan MaxWindow = TimeSpan.FromDays(31);

    private readonly DynamoDbConnection _connection;

    /// <summary>A feed that has read nothing yet.</summary>
    /// <param name="client">The AWS client: <see cref="DynamoDbClients.Create"/> makes one. It remains the caller's.</param>
    /// <param name="options">Which table; <see cref="DynamoDbOptions.Region"/> does not matter here.</param>
    /// <param name="time">The clock, which may differ from DynamoDB's by at most 5 seconds.</param>
    public DynamoDbFeed(IAmazonDynamoDB client, DynamoDbOptions options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        _connection = new(client, options.Checked(), time, (problem, cause) => new DenylistUnavailableException(problem, cause));
    }

    /// <inheritdoc/>
    public async Task<DenylistChanges> ReadAsync(DateTimeOffset? since, CancellationToken cancellationToken)
    {
        var asOf = _connection.Now;
        var head = await ReadHeadAsync(asOf, cancellationToken).ConfigureAwait(false);
        var rules = new List<DenylistRule>();
        await Parallel.ForEachAsync(
            Queries(since, asOf, head),
            new ParallelOptions { MaxDegreeOfParallelism = Parallelism, CancellationToken = cancellationToken },
            async (part, cancel) =>
            {
                var found = await _connection.QueryAsync(part.Query, part.Read, asOf, cancel).ConfigureAwait(false);
                lock (rules)
                {
                    rules.AddRange(found);
                }
            }).ConfigureAwait(false);
        return new(asOf, head, rules, since is null);
    }

    private async Task<DenylistHead> ReadHeadAsync(DateTimeOffset asOf, CancellationToken cancellationToken)
    {
        var query = HeadItems.Query(_connection.Table, isConsistent: false);
        var heads = await _connection.QueryAsync(query, HeadItems.Read, asOf, cancellationToken).ConfigureAwait(false);
        var head = StoredHead.Merge(heads, asOf)?.Head
            ?? throw _connection.Unavailable("the denylist has no head yet: no issuer has used this table.");
        return head.Window <= MaxWindow
            ? head
            : throw _connection.Unavailable($"its rules are kept for {head.Window}, and more than {MaxWindow.TotalDays} days cannot be read.");
    }

    /// <summary>Everything to ask for: the standing rules, and each bucket and shard that can hold what was asked for.</summary>
    private IEnumerable<(QueryRequest Query, Func<Dictionary<string, AttributeValue>, DenylistRule> Read)> Queries(
        DateTimeOffset? since, DateTimeOffset asOf, DenylistHead head)
    {
        yield return (Query(FeedItems.Standing, null), FeedItems.ReadStanding);

        var windowStart = asOf - head.Window; // What was stamped before has reached its end.
        var from = (since > windowStart ? since.Value : windowStart).ToUnixTimeMilliseconds();
        var (first, last) = (FeedItems.Bucket(from), FeedItems.Bucket((asOf + Ahead).ToUnixTimeMilliseconds()));
        for (var bucket = last; bucket >= first; bucket--)
        {
            for (var shard = 0; shard < head.Shards; shard++)
            {
                yield return (Query(FeedItems.Partition(bucket, shard), bucket == first ? FeedItems.LowerBound(from) : null), FeedItems.ReadAging);
            }
        }
    }

    private QueryRequest Query(string partition, string? from)
    {
        var query = new QueryRequest
        {
            TableName = _connection.Table,
            KeyConditionExpression = $"{TableSchema.Partition} = :pk",
            ExpressionAttributeValues = new() { [":pk"] = Attributes.Text(partition) },
            ProjectionExpression = FeedItems.Projection,
        };
        if (from is not null)
        {
            query.KeyConditionExpression += $" AND {TableSchema.Sort} >= :from";
            query.ExpressionAttributeValues.Add(":from", Attributes.Text(from));
        }

        return query;
    }
}
