using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace TokenSessions.Aws.Tests.Chaos;

/// <summary>What came of a request.</summary>
/// <param name="Status">The answer's; null if it was refused, or there was none.</param>
/// <param name="Body">Its JSON, where it has any.</param>
/// <param name="SentAt">When it was sent, by <see cref="Stopwatch"/>.</param>
/// <param name="Sent">The same by the clock.</param>
internal sealed record Asked(HttpStatusCode? Status, JsonNode? Body, long SentAt, DateTimeOffset Sent)
{
    public string Code => Body?["code"]?.GetValue<string>() ?? "";

    public string Text(string member) => Body![member]!.GetValue<string>();
}

/// <summary>Sends requests and decides of each whether it was answered well, refused as it may be, or wrongly; counts, and keeps what was wrong.</summary>
internal sealed class Judge
{
    /// <summary>Beyond the longest wait of a service, 10 s.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private readonly ConcurrentQueue<string> _wrongs = new();
    private readonly ConcurrentDictionary<Work, DateTimeOffset> _blindUntil = new();
    private volatile Phase _phase = new("before", Work.All);

    public Phase Phase
    {
        get => _phase;
        set => _phase = value;
    }

    /// <summary>Says until when who checks tokens cannot hear of revocations.</summary>
    public void Blind(Work checks, DateTimeOffset until)
    {
        foreach (var check in Phase.Each.Where(each => checks.HasFlag(each)))
        {
            _blindUntil[check] = until;
        }
    }

    public bool IsBlind(Work check) => DateTimeOffset.UtcNow < _blindUntil.GetValueOrDefault(check);

    /// <summary>A sentence for each thing that must never happen.</summary>
    public IReadOnlyCollection<string> Wrongs => _wrongs;

    /// <summary>Sends one request. A 503 or a missing answer is judged here, every other answer by the caller.</summary>
    public async Task<Asked> AskAsync(Work work, Node node, Func<Task<HttpResponseMessage>> send)
    {
        var (wasRunning, before, mayRefuse) = (node.IsRunning, node.Changes, _phase.MayRefuse);
        var (sentAt, sent) = (Stopwatch.GetTimestamp(), DateTimeOffset.UtcNow);
        var nothing = new Asked(null, null, sentAt, sent);
        try
        {
            using var answer = await send().WaitAsync(Patience);
            if (answer.StatusCode < HttpStatusCode.InternalServerError)
            {
                return nothing with { Status = answer.StatusCode, Body = await ReadAsync(answer) };
            }

            var body = await ReadAsync(answer);
            var isPolite = answer.StatusCode == HttpStatusCode.ServiceUnavailable && answer.Headers.RetryAfter is not null
                && body?["code"]?.GetValue<string>() == "temporarily_unavailable";
            Refuse(work, isPolite && MayRefuse(work, mayRefuse), $"answered {(int)answer.StatusCode} {body?["code"]}");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException or TimeoutException)
        {
            var wasDown = !wasRunning || node.Changes != before;
            Refuse(work, wasDown && MayRefuse(work, mayRefuse), $"not answered: {e.Message}");
        }

        return nothing;
    }

    public void Well(Work work, Asked asked) => _phase.Well(work, asked.SentAt);

    /// <summary>Counts something that must not happen.</summary>
    public void Wrong(string what, Count count = Count.Wrong)
    {
        _phase.Add(count);
        if (count != Count.Wrong)
        {
            _phase.Add(Count.Wrong);
        }

        _wrongs.Enqueue($"{DateTimeOffset.UtcNow:HH:mm:ss.fff} {_phase.Name}: {what}");
    }

    private bool MayRefuse(Work work, Work whenSent) => ((whenSent | _phase.MayRefuse) & work) != 0;

    private void Refuse(Work work, bool isFine, string how)
    {
        _phase.Refused(work);
        if (!isFine)
        {
            Wrong($"{work} {how}");
        }
    }

    private static async Task<JsonNode?> ReadAsync(HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync();
        try
        {
            return answer.Content.Headers.ContentType?.MediaType?.EndsWith("json", StringComparison.Ordinal) == true ? JsonNode.Parse(text) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
