using System.Globalization;
using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;

namespace TokenSessions.Aws.Tests.Processes;

/// <summary>
/// Makes tables of one server behave as the regions of a global table: what is written to one stands in the others later, item by
/// item and in no order, and of each item the last version alone.
/// </summary>
internal sealed class TableReplicator : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    private readonly IAmazonDynamoDB _client;
    private readonly IReadOnlyList<string> _tables;
    private readonly TimeSpan _lag;
    private readonly Random _random;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Dictionary<(string Table, string Key), string> _known = [];
    private readonly Dictionary<(string Table, string Key), (Dictionary<string, AttributeValue> Item, DateTime DueAt)> _pending = [];
    private readonly Task _loop;

    /// <summary>Begins.</summary>
    /// <param name="client">Owned from here on.</param>
    /// <param name="tables">The tables.</param>
    /// <param name="lag">The longest time until a change stands everywhere; at least a quarter of it passes.</param>
    /// <param name="seed">Of the order in which items arrive.</param>
    public TableReplicator(IAmazonDynamoDB client, IReadOnlyList<string> tables, TimeSpan lag, int seed)
    {
        (_client, _tables, _lag, _random) = (client, tables, lag, new(seed));
        _loop = Task.Run(RunAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        try
        {
            await _loop; // Tells of a failure of its own.
        }
        catch (OperationCanceledException)
        {
        }

        _client.Dispose();
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        while (true)
        {
            foreach (var table in _tables)
            {
                await NoticeAsync(table);
            }

            await DeliverAsync();
            await Task.Delay(Interval, _stopping.Token);
        }
    }

    private async Task NoticeAsync(string table)
    {
        var scan = new ScanRequest { TableName = table, ConsistentRead = true };
        do
        {
            var page = await _client.ScanAsync(scan, _stopping.Token);
            foreach (var item in page.Items ?? [])
            {
                var (key, text) = ($"{item["pk"].S} {item["sk"].S}", Describe(item));
                if (_known.GetValueOrDefault((table, key)) == text)
                {
                    continue;
                }

                _known[(table, key)] = text;
                foreach (var other in _tables.Where(other => other != table))
                {
                    _pending[(other, key)] = (item, DateTime.UtcNow + (_lag * (0.25 + (0.75 * _random.NextDouble()))));
                }
            }

            scan.ExclusiveStartKey = page.LastEvaluatedKey;
        }
        while (scan.ExclusiveStartKey is { Count: > 0 });
    }

    private async Task DeliverAsync()
    {
        var due = _pending.Where(change => change.Value.DueAt <= DateTime.UtcNow).ToArray();
        _random.Shuffle(due);
        foreach (var ((table, key), (item, _)) in due)
        {
            _known[(table, key)] = Describe(item);
            _pending.Remove((table, key));
            await _client.PutItemAsync(table, item, _stopping.Token);
        }
    }

    private static string Describe(Dictionary<string, AttributeValue> item) => string.Join(
        '\n',
        item.OrderBy(attribute => attribute.Key, StringComparer.Ordinal)
            .Select(attribute => string.Create(
                CultureInfo.InvariantCulture, $"{attribute.Key} {attribute.Value.S} {attribute.Value.N} {attribute.Value.BOOL}")));
}
