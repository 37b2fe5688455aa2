using System.Net;

namespace TokenSessions.Tests.Denylist;

/// <summary>Whoever hosts the documents of a signed feed: a service, a mirror, an attacker.</summary>
internal sealed class FeedHost : HttpMessageHandler
{
    /// <summary>What is answered below the base address, by path and query; null is 404.</summary>
    public Func<string, Task<byte[]?>> Answer { get; set; } = _ => Task.FromResult<byte[]?>(null);

    public HttpStatusCode Status { get; set; } = HttpStatusCode.OK;

    /// <summary>If set, as if the client had followed a redirect to here.</summary>
    public Uri? RedirectedTo { get; set; }

    public List<string> Asked { get; } = [];

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var path = request.RequestUri!.PathAndQuery;
        Asked.Add(path);
        var body = await Answer(path);
        request.RequestUri = RedirectedTo ?? request.RequestUri;
        return new(body is null ? HttpStatusCode.NotFound : Status)
        {
            RequestMessage = request,
            Content = new ByteArrayContent(body ?? []),
        };
    }
}
