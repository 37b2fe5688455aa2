using Amazon.Runtime;

namespace TokenSessions.Aws.Tests.Servers;

/// <summary>Puts handlers of ours below the AWS SDK: what they see is what goes over the wire.</summary>
/// <param name="handlers">Outermost first. One that already serves another client keeps the connections it has.</param>
internal sealed class SdkHandlers(params DelegatingHandler[] handlers) : HttpClientFactory
{
    public override HttpClient CreateHttpClient(IClientConfig clientConfig)
    {
        HttpMessageHandler next = new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false };
        foreach (var handler in handlers.Reverse())
        {
            handler.InnerHandler ??= next;
            next = handler;
        }

        // Whoever asks limits the time of a request, by a cancellation token. The handlers may outlive this client.
        return new(next, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };
    }

    // Null: one HttpClient for the life of one SDK client, shared with no other.
    public override string? GetConfigUniqueString(IClientConfig clientConfig) => null;
}
