using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace TokenSessions.Aws.Tests.Servers.Faults;

/// <summary>A GetItem, BatchGetItem, Query or Scan: which items it is about.</summary>
internal sealed partial class ReadRequest(string operation, JsonObject body)
{
    /// <summary>The key attributes of the tables in these tests: partition, sort.</summary>
    public static readonly string[] KeyNames = ["pk", "sk"];

    public JsonObject Body => body;

    /// <summary>The answer's items with their tables, each in the place it has.</summary>
    public IEnumerable<(string Table, JsonArray Items)> ItemsOf(JsonObject answer) => operation == "BatchGetItem"
        ? answer["Responses"]!.AsObject().Select(table => (table.Key, table.Value!.AsArray()))
        : answer["Items"] is JsonArray items ? [(body["TableName"]!.GetValue<string>(), items)] : [];

    public bool IsStrong(string table) =>
        (operation == "BatchGetItem" ? body["RequestItems"]![table]! : body)["ConsistentRead"]?.GetValue<bool>() ?? false;

    /// <summary>The key of an item, whose projection may lack what the request itself says.</summary>
    public JsonObject KeyOf(JsonNode item)
    {
        var (partitionName, partition) = Partition();
        var key = new JsonObject();
        foreach (var name in KeyNames)
        {
            var value = item[name] ?? (name == partitionName ? partition : body["Key"]?[name]);
            key[name] = value?.DeepClone()
                ?? throw new InvalidOperationException($"Neither the answer's item nor the {operation} request tells {name}.");
        }

        return key;
    }

    private (string? Name, JsonNode? Value) Partition()
    {
        var match = EqualTo().Match(body["KeyConditionExpression"]?.GetValue<string>() ?? "");
        if (!match.Success)
        {
            return (null, null);
        }

        var name = match.Groups["name"].Value;
        return (
            body["ExpressionAttributeNames"]?[name]?.GetValue<string>() ?? name,
            body["ExpressionAttributeValues"]![match.Groups["value"].Value]);
    }

    [GeneratedRegex(@"(?<name>[#\w]+)\s*=\s*(?<value>:\w+)")]
    private static partial Regex EqualTo();
}
