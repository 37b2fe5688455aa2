using System.Globalization;
using Amazon.DynamoDBv2.Model;
using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Denylist;
using static TokenSessions.Aws.DynamoDb.Attributes;

namespace TokenSessions.Aws.DynamoDb;

/// <summary>The head as items, one for each region that has raised it: its values only grow, so no two regions may write the same one.</summary>
internal static class HeadItems
{
    /// <summary>The partition; the sort key is the region.</summary>
    public const string Partition = "feed#head";

    public static Dictionary<string, AttributeValue> Key(int region) => new()
    {
        [TableSchema.Partition] = Text(Partition),
        [TableSchema.Sort] = Text(region.ToString(CultureInfo.InvariantCulture)),
    };

    /// <summary>Asks for the heads of all regions.</summary>
    public static QueryRequest Query(string table, bool isConsistent) => new()
    {
        TableName = table,
        KeyConditionExpression = $"{TableSchema.Partition} = :pk",
        ExpressionAttributeValues = new() { [":pk"] = Text(Partition) },
        ConsistentRead = isConsistent,
    };

    /// <param name="head">What is kept.</param>
    /// <param name="region">Whose.</param>
    /// <param name="version">A text new with every write.</param>
    public static Dictionary<string, AttributeValue> Write(StoredHead head, int region, string version)
    {
        var item = Write(head.Head);
        foreach (var (name, value) in Key(region))
        {
            item.Add(name, value);
        }

        item.Add(Names.Version, Text(version));
        item.Add(Names.RaisedAt, Time(head.RaisedAt));
        if (head.Before is { } before)
        {
            item.Add(Names.Before, new() { M = Write(before) });
        }

        return item;
    }

    /// <exception cref="FormatException">It was not written by us.</exception>
    public static StoredHead Read(Dictionary<string, AttributeValue> item) =>
        new(ReadHead(item), item.GetTime(Names.RaisedAt), item.GetValueOrDefault(Names.Before)?.M is { } before ? ReadHead(before) : null);

    private static Dictionary<string, AttributeValue> Write(DenylistHead head) => new()
    {
        [Names.Shards] = Number(head.Shards),
        [Names.Regions] = Number(head.Regions),
        [Names.Window] = Duration(head.Window),
        [Names.AccessTokenLifetime] = Duration(head.LongestAccessTokenLifetime),
        [Names.RefreshLife] = Duration(head.LongestRefreshLife),
    };

    private static DenylistHead ReadHead(Dictionary<string, AttributeValue> item)
    {
        var head = new DenylistHead
        {
            Shards = item.GetInt(Names.Shards),
            Regions = item.GetInt(Names.Regions),
            Window = item.GetDuration(Names.Window),
            LongestAccessTokenLifetime = item.GetDuration(Names.AccessTokenLifetime),
            LongestRefreshLife = item.GetDuration(Names.RefreshLife),
        };
        return Ours(head, head.FindProblem());
    }
}
