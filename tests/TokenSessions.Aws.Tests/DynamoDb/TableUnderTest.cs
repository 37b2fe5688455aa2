using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using TokenSessions.Aws.DynamoDb;
using TokenSessions.Aws.Tests.Servers;
using TokenSessions.Aws.Tests.Servers.Faults;
using TokenSessions.Tests;

namespace TokenSessions.Aws.Tests.DynamoDb;

/// <summary>A new table on the real server, a client that dates its answers by a test's clock, and what goes wrong on the way.</summary>
internal sealed class TableUnderTest : IAsyncDisposable
{
    private readonly DynamoDbServer _server;
    private readonly IAmazonDynamoDB _plain;

    private TableUnderTest(DynamoDbServer server, IAmazonDynamoDB plain, FakeClock clock)
    {
        (_server, _plain, Clock, Time) = (server, plain, clock, new WallClock(clock));
        Client = NewClient(Requests);
    }

    public FakeClock Clock { get; }

    /// <summary>The test's wall clock with real timers: a wait between attempts must not wait for the test.</summary>
    public TimeProvider Time { get; }

    public DynamoDbOptions Options { get; } = new() { Table = DynamoDbServer.NewTableName(), Deadline = TimeSpan.FromMinutes(1) };

    /// <summary>A client that retries nothing.</summary>
    public IAmazonDynamoDB Client { get; }

    /// <summary>The requests of <see cref="Client"/>.</summary>
    public FaultyHandler Requests { get; } = new();

    public static async Task<TableUnderTest> CreateAsync(FakeClock clock, bool isCreated = true)
    {
        var server = await DynamoDbServer.GetAsync();
        var table = new TableUnderTest(server, server.CreateClient(), clock);
        if (isCreated)
        {
            await TestTable.CreateAsync(table._plain, table.Options.Table, TestContext.Current.CancellationToken);
        }

        return table;
    }

    /// <summary>A client whose answers are dated by the test's clock.</summary>
    /// <param name="faults">What goes wrong.</param>
    /// <param name="retries">Attempts of the SDK beyond the first.</param>
    /// <param name="outer">What stands before the faults.</param>
    public IAmazonDynamoDB NewClient(FaultyHandler faults, int retries = 0, params DelegatingHandler[] outer)
    {
        faults.DateFrom = Clock;
        return _server.CreateClient(
            [.. outer, faults],
            config =>
            {
                config.MaxErrorRetry = retries;
                config.ThrottleRetries = false; // These tests let more go wrong than a client would stand for.
            });
    }

    public DynamoDbStore NewStore(IAmazonDynamoDB? client = null, int region = 0) => new(client ?? Client, Options with { Region = region }, Time);

    public DynamoDbFeed NewFeed(IAmazonDynamoDB? client = null) => new(client ?? Client, Options, Time);

    /// <summary>Skips the running test on the server for platforms without a binary, which lacks what the test is about.</summary>
    public void SkipOnDynalite() => Assert.SkipWhen(_server.IsDynalite, "Dynalite has no TTL and no deletion protection, and does not tell the old item.");

    /// <summary>Every item of the table as it is kept.</summary>
    public async Task<List<Dictionary<string, AttributeValue>>> ItemsAsync()
    {
        var items = new List<Dictionary<string, AttributeValue>>();
        var scan = new ScanRequest(Options.Table) { ConsistentRead = true };
        do
        {
            var page = await _plain.ScanAsync(scan, TestContext.Current.CancellationToken);
            items.AddRange(page.Items ?? []);
            scan.ExclusiveStartKey = page.LastEvaluatedKey;
        }
        while (scan.ExclusiveStartKey is { Count: > 0 });

        return items;
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await _plain.DeleteTableAsync(Options.Table);
        }
        catch (ResourceNotFoundException)
        {
            // A test without one.
        }

        Client.Dispose();
        _plain.Dispose();
    }

    private sealed class WallClock(FakeClock clock) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => clock.GetUtcNow();
    }
}
