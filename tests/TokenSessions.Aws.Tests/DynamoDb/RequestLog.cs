using System.Collections.Concurrent;

namespace TokenSessions.Aws.Tests.DynamoDb;

/// <summary>The operations that went over the wire, in order.</summary>
internal sealed class RequestLog
{
    private readonly ConcurrentQueue<(string Operation, string Body)> _requests = new();

    /// <summary>Names of operations; the check of the table before the first use is left out.</summary>
    public IEnumerable<string> Operations => _requests.Select(request => request.Operation).Where(operation => operation != "DescribeTable");

    public IEnumerable<(string Operation, string Body)> All => _requests;

    public void Forget() => _requests.Clear();

    public DelegatingHandler NewHandler() => new Handler(_requests);

    private sealed class Handler(ConcurrentQueue<(string Operation, string Body)> requests) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var target = request.Headers.GetValues("X-Amz-Target").Single();
            requests.Enqueue((target[(target.IndexOf('.') + 1)..], await request.Content!.ReadAsStringAsync(cancellationToken)));
            return await base.SendAsync(request, cancellationToken);
        }
    }
}
