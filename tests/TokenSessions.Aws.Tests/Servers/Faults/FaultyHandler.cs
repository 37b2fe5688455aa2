using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace TokenSessions.Aws.Tests.Servers.Faults;

/// <summary>Stands between the AWS SDK and DynamoDB: counts requests, and lets them go wrong as a network or a server would.</summary>
/// <remarks>
/// Requests are sent as the SDK signed them or not at all, and only answers are changed, so that this also works in front of
/// the real service. Each retry of the SDK is a request of its own here. Safe for concurrent use.
/// </remarks>
internal sealed class FaultyHandler : DelegatingHandler
{
    private readonly ConcurrentDictionary<string, int> _calls = new();
    private readonly EmptyPages _emptyPages = new();
    private readonly StaleReads _staleReads = new();
    private volatile Func<AwsCall, Fault>? _decide;
    private volatile TimeProvider? _dateFrom;

    /// <summary>Decides about each request; null for no faults.</summary>
    public Func<AwsCall, Fault>? Decide
    {
        get => _decide;
        set => _decide = value;
    }

    /// <summary>The clock of the <c>Date</c> of every answer; null leaves it as the server wrote it.</summary>
    public TimeProvider? DateFrom
    {
        get => _dateFrom;
        set => _dateFrom = value;
    }

    /// <summary>Keeps what eventually consistent reads answer, so that <see cref="Fault.StaleRead"/> has something old to tell.</summary>
    public bool RemembersReads { get; init; }

    /// <summary>How many requests the SDK has made.</summary>
    /// <param name="operation">Such as <c>GetItem</c>; null for all.</param>
    public int Calls(string? operation = null) =>
        operation is null ? _calls.Values.Sum() : _calls.GetValueOrDefault(operation);

    /// <summary>Counts from 0 again; ordinals from 1.</summary>
    public void ResetCalls() => _calls.Clear();

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var operation = request.Headers.TryGetValues("X-Amz-Target", out var target)
            ? target.Single().Split('.')[^1]
            : request.RequestUri!.AbsolutePath;
        var body = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken);
        var ordinal = _calls.AddOrUpdate(operation, 1, (_, count) => count + 1);
        var fault = Decide?.Invoke(new(operation, ordinal, body)) ?? Fault.None;

        if (_emptyPages.FindFirstRequest(body) is { } first)
        {
            (request, body) = (first.ToMessage(), first.Body);
        }

        var answer = await SendAsync(request, operation, body, fault, cancellationToken);
        if (DateFrom is { } clock)
        {
            answer.Headers.Date = clock.GetUtcNow();
        }

        return answer;
    }

    private async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, string operation, string body, Fault fault, CancellationToken cancellationToken)
    {
        switch (fault.Kind)
        {
            case FaultKind.DropRequest:
                throw Ended();
            case FaultKind.Refuse:
                return Answer(request, fault.Status, new JsonObject { ["__type"] = fault.Code, ["message"] = "Injected." });
            case FaultKind.EmptyPage when operation is "Query" or "Scan":
                return Answer(request, 200, _emptyPages.Start(new(request, body)));
            case FaultKind.Hold:
                await fault.Until().WaitAsync(cancellationToken);
                break;
            case FaultKind.Duplicate:
                (await base.SendAsync(new SentRequest(request, body).ToMessage(), cancellationToken)).Dispose();
                break;
            default:
                break;
        }

        var answer = await base.SendAsync(request, cancellationToken);
        if (fault.Kind == FaultKind.DropAnswer)
        {
            await answer.Content.LoadIntoBufferAsync(cancellationToken); // The server is done when its answer is complete.
            answer.Dispose();
            throw Ended();
        }

        return answer.IsSuccessStatusCode ? await RewriteAsync(answer, operation, body, fault, cancellationToken) : answer;
    }

    private async Task<HttpResponseMessage> RewriteAsync(
        HttpResponseMessage answer, string operation, string body, Fault fault, CancellationToken cancellationToken)
    {
        var isRead = operation is "GetItem" or "BatchGetItem" or "Query" or "Scan";
        if (!isRead || (!RemembersReads && fault.Kind is not (FaultKind.StaleRead or FaultKind.Unprocessed or FaultKind.PageCut)))
        {
            return answer;
        }

        var asked = new ReadRequest(operation, JsonNode.Parse(body)!.AsObject());
        var told = JsonNode.Parse(await answer.Content.ReadAsStringAsync(cancellationToken))!.AsObject();
        switch (fault.Kind)
        {
            case FaultKind.StaleRead:
                _staleReads.MakeStale(asked, told);
                break;
            case FaultKind.Unprocessed when operation == "BatchGetItem":
                ReadAnswers.Unprocess(asked, told, fault.Count);
                break;
            case FaultKind.PageCut when operation is "Query" or "Scan":
                ReadAnswers.Cut(asked, told, fault.Count);
                break;
            default:
                _staleReads.Remember(asked, told);
                return answer;
        }

        var changed = Answer(answer.RequestMessage!, (int)answer.StatusCode, told);
        changed.Headers.Date = answer.Headers.Date;
        answer.Dispose();
        return changed;
    }

    // Without x-amz-crc32, which the SDK checks only where it is present.
    private static HttpResponseMessage Answer(HttpRequestMessage request, int status, JsonObject json) => new((HttpStatusCode)status)
    {
        RequestMessage = request,
        Headers = { { "x-amzn-RequestId", Guid.NewGuid().ToString("N") } },
        Content = new StringContent(json.ToJsonString(), Encoding.UTF8, "application/x-amz-json-1.0"),
    };

    private static HttpRequestException Ended() =>
        new(HttpRequestError.ResponseEnded, "Injected: the connection ended.", new HttpIOException(HttpRequestError.ResponseEnded));
}
