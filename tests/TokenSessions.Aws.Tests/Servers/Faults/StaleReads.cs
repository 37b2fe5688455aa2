using System.Collections.Concurrent;
using System.Text.Json.Nodes;

namespace TokenSessions.Aws.Tests.Servers.Faults;

/// <summary>A replica that has received nothing since it was last read: items as eventually consistent reads last answered them.</summary>
/// <remarks>It does not bring back deleted items, and keeps one form of an item: a test reads it with one projection.</remarks>
internal sealed class StaleReads
{
    private readonly ConcurrentDictionary<string, string> _items = new();

    public void Remember(ReadRequest asked, JsonObject told)
    {
        foreach (var (table, items) in asked.ItemsOf(told).Where(read => !asked.IsStrong(read.Table)))
        {
            foreach (var item in items)
            {
                _items[Id(asked, table, item!)] = item!.ToJsonString();
            }
        }

        if (told["Item"] is { } single && !asked.IsStrong(Table(asked)))
        {
            _items[Id(asked, Table(asked), single)] = single.ToJsonString();
        }
    }

    public void MakeStale(ReadRequest asked, JsonObject told)
    {
        foreach (var (table, items) in asked.ItemsOf(told).Where(read => !asked.IsStrong(read.Table)))
        {
            var known = items.Select(item => _items.GetValueOrDefault(Id(asked, table, item!))).OfType<string>().ToArray();
            items.Clear();
            foreach (var item in known)
            {
                items.Add(JsonNode.Parse(item));
            }
        }

        if (told["Items"] is JsonArray page)
        {
            told["Count"] = page.Count;
        }

        if (told["Item"] is { } single && !asked.IsStrong(Table(asked)))
        {
            told.Remove("Item");
            if (_items.TryGetValue(Id(asked, Table(asked), single), out var old))
            {
                told["Item"] = JsonNode.Parse(old);
            }
        }
    }

    private static string Table(ReadRequest asked) => asked.Body["TableName"]!.GetValue<string>();

    private static string Id(ReadRequest asked, string table, JsonNode item) => $"{table} {asked.KeyOf(item).ToJsonString()}";
}
