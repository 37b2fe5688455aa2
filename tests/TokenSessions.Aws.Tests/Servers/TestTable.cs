using System.Globalization;
using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;

namespace TokenSessions.Aws.Tests.Servers;

/// <summary>A table with a partition key <c>pk</c> and a sort key <c>sk</c>, and what every DynamoDB does with one.</summary>
internal static class TestTable
{
    public static async Task CreateAsync(IAmazonDynamoDB dynamo, string name, CancellationToken cancellationToken)
    {
        await dynamo.CreateTableAsync(new()
        {
            TableName = name,
            BillingMode = BillingMode.PAY_PER_REQUEST,
            AttributeDefinitions = [new("pk", ScalarAttributeType.S), new("sk", ScalarAttributeType.S)],
            KeySchema = [new("pk", KeyType.HASH), new("sk", KeyType.RANGE)],
        }, cancellationToken);
        while ((await dynamo.DescribeTableAsync(name, cancellationToken)).Table.TableStatus != TableStatus.ACTIVE)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), cancellationToken);
        }
    }

    public static Dictionary<string, AttributeValue> Item(string pk, string sk, string value) =>
        new() { ["pk"] = new(pk), ["sk"] = new(sk), ["v"] = new(value) };

    public static Dictionary<string, AttributeValue> KeyOf(string pk, string sk) => new() { ["pk"] = new(pk), ["sk"] = new(sk) };

    /// <summary>Ten items <c>00</c> to <c>09</c> in one partition.</summary>
    public static async Task FillAsync(IAmazonDynamoDB dynamo, string name, string pk, CancellationToken cancellationToken)
    {
        for (var i = 0; i < 10; i++)
        {
            await dynamo.PutItemAsync(name, Item(pk, i.ToString("00", CultureInfo.InvariantCulture), $"v{i}"), cancellationToken);
        }
    }

    public static QueryRequest Query(string name, string pk) => new()
    {
        TableName = name,
        KeyConditionExpression = "pk = :pk",
        ExpressionAttributeValues = new() { [":pk"] = new(pk) },
    };

    /// <summary>The sort keys of a query, page by page to its end.</summary>
    public static async Task<List<string[]>> PagesAsync(IAmazonDynamoDB dynamo, QueryRequest query, CancellationToken cancellationToken)
    {
        var pages = new List<string[]>();
        do
        {
            var page = await dynamo.QueryAsync(query, cancellationToken);
            pages.Add([.. (page.Items ?? []).Select(item => item["sk"].S)]);
            query.ExclusiveStartKey = page.LastEvaluatedKey;
        }
        while (query.ExclusiveStartKey is { Count: > 0 });

        return pages;
    }

    /// <summary>Writes, conditional writes, reads, batches and pages, as any DynamoDB does them.</summary>
    public static async Task RoundTripAsync(IAmazonDynamoDB dynamo, string name, CancellationToken cancellationToken)
    {
        await FillAsync(dynamo, name, "a", cancellationToken);

        await Assert.ThrowsAsync<ConditionalCheckFailedException>(() => dynamo.PutItemAsync(new()
        {
            TableName = name,
            Item = Item("a", "03", "other"),
            ConditionExpression = "attribute_not_exists(pk)",
        }, cancellationToken));
        var updated = await dynamo.UpdateItemAsync(new()
        {
            TableName = name,
            Key = KeyOf("a", "03"),
            UpdateExpression = "SET n = if_not_exists(n, :zero) + :one",
            ConditionExpression = "v = :v",
            ExpressionAttributeValues = new() { [":zero"] = new() { N = "0" }, [":one"] = new() { N = "1" }, [":v"] = new("v3") },
            ReturnValues = ReturnValue.ALL_NEW,
        }, cancellationToken);
        var read = await dynamo.GetItemAsync(name, KeyOf("a", "03"), consistentRead: true, cancellationToken);
        var batch = await dynamo.BatchGetItemAsync(new BatchGetItemRequest
        {
            RequestItems = new() { [name] = new() { Keys = [KeyOf("a", "01"), KeyOf("a", "absent")], ConsistentRead = true } },
        }, cancellationToken);
        var query = Query(name, "a");
        query.Limit = 4;
        var pages = await PagesAsync(dynamo, query, cancellationToken);

        Assert.Equal("1", updated.Attributes["n"].N);
        Assert.Equal("1", read.Item["n"].N);
        Assert.Equal("v1", Assert.Single(batch.Responses[name])["v"].S);
        Assert.Equal([4, 4, 2], pages.Select(page => page.Length));
        Assert.Equal(10, pages.SelectMany(page => page).Distinct().Count());
    }
}
