using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Amazon.Runtime;
using TokenSessions.Tests;

namespace TokenSessions.Aws.Tests.Servers.Faults;

/// <summary>Each fault between the SDK and DynamoDB does what its name says.</summary>
public sealed class FaultyHandlerTests : IAsyncLifetime
{
    private readonly string _table = DynamoDbServer.NewTableName();
    private readonly FaultyHandler _handler = new() { RemembersReads = true };
    private IAmazonDynamoDB _direct = null!;
    private IAmazonDynamoDB _faulty = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var server = await DynamoDbServer.GetAsync();
        _direct = server.CreateClient();
        _faulty = server.CreateClient([_handler]);
        await TestTable.CreateAsync(_direct, _table, Cancel);
        await TestTable.FillAsync(_direct, _table, "a", Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        await _direct.DeleteTableAsync(_table, CancellationToken.None);
        _direct.Dispose();
        _faulty.Dispose();
        _handler.Dispose();
    }

    [Fact]
    public async Task Without_a_fault_nothing_changes_and_every_request_is_counted()
    {
        await TestTable.RoundTripAsync(_faulty, _table, Cancel);

        Assert.Equal((11, 3, 1), (_handler.Calls("PutItem"), _handler.Calls("Query"), _handler.Calls("BatchGetItem")));
        Assert.Equal(17, _handler.Calls());
        _handler.ResetCalls();
        Assert.Equal(0, _handler.Calls());
    }

    [Fact]
    public async Task A_dropped_request_was_not_done()
    {
        FailFirst(Fault.DropRequest);

        await Assert.ThrowsAnyAsync<Exception>(CountUpAsync);

        Assert.Equal("1", await CountUpAsync());
        Assert.Equal(2, _handler.Calls("UpdateItem"));
    }

    [Fact]
    public async Task A_dropped_answer_was_done_once()
    {
        FailFirst(Fault.DropAnswer);

        await Assert.ThrowsAnyAsync<Exception>(CountUpAsync);

        Assert.Equal("2", await CountUpAsync());
    }

    [Fact]
    public async Task A_duplicate_is_done_twice_and_answered_by_the_second()
    {
        FailFirst(Fault.Duplicate);

        Assert.Equal("2", await CountUpAsync());
        Assert.Equal(1, _handler.Calls("UpdateItem"));
    }

    [Fact]
    public async Task A_held_request_is_done_after_what_it_waits_for()
    {
        var gate = new TaskCompletionSource();
        FailFirst(Fault.Hold(gate.Task));

        var held = CountUpAsync();
        Assert.Equal("1", await CountUpAsync());
        gate.SetResult();

        Assert.Equal("2", await held);
    }

    [Fact]
    public async Task A_delayed_request_is_done_and_ends_with_its_callers_patience()
    {
        FailFirst(Fault.Delay(TimeSpan.FromMilliseconds(1)));
        Assert.Equal("1", await CountUpAsync());

        _handler.Decide = _ => Fault.Delay(TimeSpan.FromHours(1));
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var delayed = _faulty.GetItemAsync(_table, TestTable.KeyOf("a", "00"), patience.Token);
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => delayed);
    }

    [Fact]
    public async Task Refusals_arrive_as_the_sdk_knows_them_and_nothing_was_done()
    {
        _handler.Decide = call => call.Ordinal switch
        {
            1 => Fault.Throttle,
            2 => Fault.ServerError,
            3 => Fault.Refuse("AccessDeniedException"),
            _ => Fault.None,
        };

        await Assert.ThrowsAsync<ProvisionedThroughputExceededException>(CountUpAsync);
        await Assert.ThrowsAsync<InternalServerErrorException>(CountUpAsync);
        var refused = await Assert.ThrowsAsync<AmazonDynamoDBException>(CountUpAsync);
        Assert.Equal("AccessDeniedException", refused.ErrorCode);
        Assert.Equal("1", await CountUpAsync());
    }

    [Fact]
    public async Task Unprocessed_keys_are_those_that_were_not_answered()
    {
        FailFirst(Fault.Unprocessed(answered: 1));
        var request = new BatchGetItemRequest
        {
            RequestItems = new()
            {
                [_table] = new()
                {
                    Keys = [TestTable.KeyOf("a", "01"), TestTable.KeyOf("a", "02"), TestTable.KeyOf("a", "absent")],
                    ConsistentRead = true,
                },
            },
        };

        var first = await _faulty.BatchGetItemAsync(request, Cancel);
        request.RequestItems = first.UnprocessedKeys;
        var second = await _faulty.BatchGetItemAsync(request, Cancel);

        Assert.Equal("v1", Assert.Single(first.Responses[_table])["v"].S);
        Assert.Equal(["02", "absent"], first.UnprocessedKeys[_table].Keys.Select(key => key["sk"].S));
        Assert.True(first.UnprocessedKeys[_table].ConsistentRead);
        Assert.Equal("v2", Assert.Single(second.Responses[_table])["v"].S);
    }

    [Fact]
    public async Task Empty_pages_lose_nothing_that_follows()
    {
        _handler.Decide = call => call.Ordinal is 1 or 2 or 4 ? Fault.EmptyPage : Fault.None;
        var query = TestTable.Query(_table, "a");
        query.Limit = 6;

        var pages = await TestTable.PagesAsync(_faulty, query, Cancel);

        Assert.Equal([0, 0, 6, 0, 4], pages.Select(page => page.Length));
        Assert.Equal(10, pages.SelectMany(page => page).Distinct().Count());
    }

    [Theory]
    [InlineData(9, new[] { 9, 1 })]
    [InlineData(10, new[] { 10 })]
    public async Task A_cut_page_continues_after_its_last_item(int most, int[] expected)
    {
        _handler.Decide = _ => Fault.PageCut(most);
        var query = TestTable.Query(_table, "a");
        query.ProjectionExpression = "sk, v"; // The partition is what the request says.

        var pages = await TestTable.PagesAsync(_faulty, query, Cancel);

        Assert.Equal(expected, pages.Select(page => page.Length));
        Assert.Equal(10, pages.SelectMany(page => page).Distinct().Count());
    }

    [Fact]
    public async Task A_scan_is_cut_and_emptied_alike()
    {
        _handler.Decide = call => call.Ordinal == 1 ? Fault.EmptyPage : Fault.PageCut(3);
        var scan = new ScanRequest { TableName = _table };
        var found = new List<string>();
        do
        {
            var page = await _faulty.ScanAsync(scan, Cancel);
            found.AddRange((page.Items ?? []).Select(item => item["sk"].S));
            scan.ExclusiveStartKey = page.LastEvaluatedKey;
        }
        while (scan.ExclusiveStartKey is { Count: > 0 });

        Assert.Equal(10, found.Distinct().Count());
        Assert.Equal((10, 5), (found.Count, _handler.Calls("Scan")));
    }

    [Fact]
    public async Task A_stale_read_knows_what_was_read_before_and_a_strong_one_knows_better()
    {
        await TestTable.PagesAsync(_faulty, TestTable.Query(_table, "a"), Cancel);
        await _direct.PutItemAsync(_table, TestTable.Item("a", "00", "new"), Cancel);
        await _direct.PutItemAsync(_table, TestTable.Item("a", "99", "new"), Cancel);
        _handler.Decide = _ => Fault.StaleRead;

        var query = TestTable.Query(_table, "a");
        var stale = await _faulty.QueryAsync(query, Cancel);
        var staleItem = await _faulty.GetItemAsync(_table, TestTable.KeyOf("a", "00"), Cancel);
        var absent = await _faulty.GetItemAsync(_table, TestTable.KeyOf("a", "99"), Cancel);
        var strongItem = await _faulty.GetItemAsync(_table, TestTable.KeyOf("a", "00"), consistentRead: true, Cancel);
        query.ConsistentRead = true;
        var strong = await _faulty.QueryAsync(query, Cancel);

        Assert.Equal((10, "v0"), (stale.Items.Count, stale.Items[0]["v"].S));
        Assert.Equal((11, "new"), (strong.Items.Count, strong.Items[0]["v"].S));
        Assert.Equal(("v0", "new"), (staleItem.Item["v"].S, strongItem.Item["v"].S));
        Assert.False(absent.IsItemSet);
    }

    [Fact]
    public async Task The_date_of_every_answer_can_be_that_of_another_clock()
    {
        var dates = new DateReader();
        var clock = new FakeClock();
        using var dynamo = (await DynamoDbServer.GetAsync()).CreateClient([dates, _handler]);
        _handler.DateFrom = clock;

        await dynamo.GetItemAsync(_table, TestTable.KeyOf("a", "00"), Cancel);
        _handler.Decide = _ => Fault.Throttle;
        clock.Advance(TimeSpan.FromMinutes(1));
        await Assert.ThrowsAnyAsync<AmazonServiceException>(() => dynamo.GetItemAsync(_table, TestTable.KeyOf("a", "00"), Cancel));

        Assert.Equal([clock.GetUtcNow().AddMinutes(-1), clock.GetUtcNow()], dates.Seen);
    }

    private void FailFirst(Fault fault) => _handler.Decide = call => call.Ordinal == 1 ? fault : Fault.None;

    /// <summary>Adds 1 to a number, and tells what it is then.</summary>
    private async Task<string> CountUpAsync() => (await _faulty.UpdateItemAsync(new()
    {
        TableName = _table,
        Key = TestTable.KeyOf("counter", "n"),
        UpdateExpression = "ADD n :one",
        ExpressionAttributeValues = new() { [":one"] = new() { N = "1" } },
        ReturnValues = ReturnValue.ALL_NEW,
    }, Cancel)).Attributes["n"].N;

    private sealed class DateReader : DelegatingHandler
    {
        public List<DateTimeOffset?> Seen { get; } = [];

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var answer = await base.SendAsync(request, cancellationToken);
            Seen.Add(answer.Headers.Date);
            return answer;
        }
    }
}
