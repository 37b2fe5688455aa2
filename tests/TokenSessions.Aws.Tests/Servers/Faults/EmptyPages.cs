using System.Collections.Concurrent;
using System.Text.Json.Nodes;

namespace TokenSessions.Aws.Tests.Servers.Faults;

/// <summary>Pages without items, and what their keys stand for: the request that got one is sent when its key comes back.</summary>
internal sealed class EmptyPages
{
    private const string Marker = "~empty-page~";

    private readonly ConcurrentDictionary<string, SentRequest> _requests = new();

    /// <summary>The answer without items to a request that is not sent now.</summary>
    public JsonObject Start(SentRequest request)
    {
        var marker = Marker + Guid.NewGuid().ToString("N");
        _requests[marker] = request;
        var key = new JsonObject();
        foreach (var name in ReadRequest.KeyNames)
        {
            key[name] = new JsonObject { ["S"] = marker };
        }

        return new JsonObject { ["Items"] = new JsonArray(), ["Count"] = 0, ["ScannedCount"] = 0, ["LastEvaluatedKey"] = key };
    }

    /// <summary>The request whose empty page this one continues; null where it continues none.</summary>
    public SentRequest? FindFirstRequest(string body)
    {
        if (!body.Contains(Marker, StringComparison.Ordinal))
        {
            return null;
        }

        var marker = JsonNode.Parse(body)!["ExclusiveStartKey"]?[ReadRequest.KeyNames[0]]?["S"]?.GetValue<string>();
        return marker is null ? null : _requests.GetValueOrDefault(marker);
    }
}
