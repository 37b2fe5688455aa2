using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;

namespace TokenSessions.Aws.Tests.Servers;

/// <summary>The server behind the store's tests is a DynamoDB, as far as those tests lean on it.</summary>
public sealed class DynamoDbServerTests : IAsyncLifetime
{
    private readonly string _table = DynamoDbServer.NewTableName();
    private IAmazonDynamoDB _dynamo = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _dynamo = (await DynamoDbServer.GetAsync()).CreateClient();
        await TestTable.CreateAsync(_dynamo, _table, Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        await _dynamo.DeleteTableAsync(_table, CancellationToken.None);
        _dynamo.Dispose();
    }

    [Fact]
    public async Task It_keeps_what_is_written_and_answers_it_in_pages() => await TestTable.RoundTripAsync(_dynamo, _table, Cancel);

    [Fact]
    public async Task Dynalite_stands_in_where_the_binary_does_not_run()
    {
        using var server = await DynamoDbServer.StartDynaliteAsync();
        using var dynamo = server.CreateClient();
        await TestTable.CreateAsync(dynamo, _table, Cancel);

        await TestTable.RoundTripAsync(dynamo, _table, Cancel);
    }

    [Fact]
    public async Task A_condition_that_does_not_hold_tells_the_item_that_stands()
    {
        Assert.SkipWhen((await DynamoDbServer.GetAsync()).IsDynalite, "Dynalite does not tell it.");
        await _dynamo.PutItemAsync(_table, TestTable.Item("a", "1", "first"), Cancel);

        var failed = await Assert.ThrowsAsync<ConditionalCheckFailedException>(() => _dynamo.PutItemAsync(new()
        {
            TableName = _table,
            Item = TestTable.Item("a", "1", "second"),
            ConditionExpression = "attribute_not_exists(pk)",
            ReturnValuesOnConditionCheckFailure = ReturnValuesOnConditionCheckFailure.ALL_OLD,
        }, Cancel));

        Assert.Equal("first", failed.Item?["v"].S);
    }
}
