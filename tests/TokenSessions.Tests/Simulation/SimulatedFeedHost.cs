using System.Net;

namespace TokenSessions.Tests.Simulation;

/// <summary>Hosts the signed feed of a region: each time the documents of another service, and sometimes an old copy.</summary>
internal sealed class SimulatedFeedHost(World world, IReadOnlyList<ValidatorNode> services) : HttpMessageHandler
{
    private readonly Dictionary<string, byte[]> _copies = [];

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var document = await World.CallAsync(
            CallKind.Feed, "signed feed", call => Answer(request.RequestUri!, call.Twist is Fault.Stale || world.Faults.IsFeedFrozen), answer => answer,
            problem => new HttpRequestException(problem), cancellationToken);
        return document is null
            ? new(HttpStatusCode.ServiceUnavailable) { RequestMessage = request }
            : new(HttpStatusCode.OK) { RequestMessage = request, Content = new ByteArrayContent(document) };
    }

    private byte[]? Answer(Uri uri, bool isCopy)
    {
        if (isCopy && _copies.TryGetValue(uri.AbsolutePath, out var copy))
        {
            return copy;
        }

        var feed = services[world.Random.Next(services.Count)].Published;
        var answer = uri.AbsolutePath.EndsWith("/snapshot", StringComparison.Ordinal)
            ? feed.GetSnapshotAsync()
            : feed.GetChangesAsync(Uri.UnescapeDataString(uri.Query["?after=".Length..]));
        return answer.GetAwaiter().GetResult().Document is { } document ? _copies[uri.AbsolutePath] = document.ToArray() : null;
    }
}
