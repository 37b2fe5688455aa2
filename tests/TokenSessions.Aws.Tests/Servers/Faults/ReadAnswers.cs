using System.Text.Json.Nodes;

namespace TokenSessions.Aws.Tests.Servers.Faults;

/// <summary>Answers that are complete in themselves and tell less than they could, as DynamoDB may at any time.</summary>
internal static class ReadAnswers
{
    /// <summary>Answers the first keys of each table, and hands the others back.</summary>
    public static void Unprocess(ReadRequest asked, JsonObject told, int answered)
    {
        var unprocessed = new JsonObject();
        foreach (var (table, request) in asked.Body["RequestItems"]!.AsObject())
        {
            var keys = request!["Keys"]!.AsArray();
            var rest = new JsonArray([.. keys.Skip(answered).Select(key => key!.DeepClone())]);
            if (rest.Count == 0)
            {
                continue;
            }

            var items = told["Responses"]![table]!.AsArray();
            foreach (var item in items.Where(item => rest.Any(key => IsKeyOf(key!.AsObject(), item!))).ToArray())
            {
                items.Remove(item);
            }

            var again = request.DeepClone();
            again["Keys"] = rest;
            unprocessed[table] = again;
        }

        told["UnprocessedKeys"] = unprocessed;
    }

    /// <summary>Ends a page early.</summary>
    public static void Cut(ReadRequest asked, JsonObject told, int most)
    {
        var items = told["Items"]!.AsArray();
        if (items.Count <= most)
        {
            return;
        }

        while (items.Count > most)
        {
            items.RemoveAt(items.Count - 1);
        }

        told["LastEvaluatedKey"] = asked.KeyOf(items[^1]!);
        told["Count"] = items.Count;
        told["ScannedCount"] = items.Count;
    }

    private static bool IsKeyOf(JsonObject key, JsonNode item) => key.All(part => JsonNode.DeepEquals(part.Value, item[part.Key]));
}
