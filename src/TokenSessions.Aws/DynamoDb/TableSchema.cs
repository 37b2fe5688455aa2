using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;

namespace TokenSessions.Aws.DynamoDb;

/// <summary>The shape of the table.</summary>
internal static class TableSchema
{
    /// <summary>The partition key.</summary>
    public const string Partition = "pk";

    /// <summary>The sort key.</summary>
    public const string Sort = "sk";

    /// <summary>When DynamoDB may sweep an item away, in seconds since 1970. A broom: no read believes it.</summary>
    public const string TimeToLive = "ttl";

    /// <summary>The keys in words.</summary>
    public const string Keys = $"{Partition} (HASH, S) and {Sort} (RANGE, S)";

    public static List<KeySchemaElement> KeySchema => [new(Partition, KeyType.HASH), new(Sort, KeyType.RANGE)];

    public static List<AttributeDefinition> Attributes => [new(Partition, ScalarAttributeType.S), new(Sort, ScalarAttributeType.S)];

    /// <summary>The table, which exists, can be used and has our keys.</summary>
    public static async Task<TableDescription> RequireAsync(DynamoDbConnection connection, CancellationToken cancellationToken)
    {
        var table = await DescribeAsync(connection, cancellationToken).ConfigureAwait(false);
        if (!IsUsable(table))
        {
            throw connection.Unavailable($"the table is {table.TableStatus}, not ACTIVE: wait until it is, or create another.");
        }

        return table;
    }

    /// <summary>The table, which exists and has our keys.</summary>
    public static async Task<TableDescription> DescribeAsync(DynamoDbConnection connection, CancellationToken cancellationToken)
    {
        var request = new DescribeTableRequest(connection.Table);
        var table = (await connection.SendAsync(request, connection.Client.DescribeTableAsync, cancellationToken).ConfigureAwait(false)).Table;
        var actual = (table.KeySchema ?? []).Select(
            key => $"{key.AttributeName} ({key.KeyType}, {table.AttributeDefinitions?.Find(it => it.AttributeName == key.AttributeName)?.AttributeType})");
        var keys = string.Join(" and ", actual);
        return keys == Keys
            ? table
            : throw connection.Unavailable($"its keys are {keys}, but must be {Keys}. Keys cannot be changed: create another table.");
    }

    /// <summary>A table that is being updated serves requests all the while.</summary>
    public static bool IsUsable(TableDescription table) => table.TableStatus == TableStatus.ACTIVE || table.TableStatus == TableStatus.UPDATING;
}
