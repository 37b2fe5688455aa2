using System.Collections.Concurrent;
using TokenSessions.Service.Tests.Bearer;

namespace TokenSessions.Service.Tests.Leaks;

/// <summary>
/// Learns each secret that goes into or out of a host or lies in its files, and looks for them in all it tells others: logs of every level, traces, metrics,
/// and answers, but for the one answer that hands a token to its owner.
/// </summary>
internal sealed class LeakWatch
{
    private readonly Secrets _secrets = new();
    private readonly ConcurrentQueue<(string Place, string Text)> _answers = new();

    public LeakWatch() => Telemetry.Listen();

    public LogLines Log { get; } = new();

    /// <summary>
    /// True where the application of a test itself takes tokens from addresses or answers with them, and where what is sent in their
    /// place is made up and may stand anywhere.
    /// </summary>
    public bool IsOff { get; set; }

    /// <inheritdoc cref="SecretReader.AddSent"/>
    public void Sent(IEnumerable<string?> headers, string body) => _secrets.AddSent(headers, body);

    /// <inheritdoc cref="SecretReader.AddFiles"/>
    public void AddFiles(DirectoryInfo directory) => _secrets.AddFiles(directory);

    /// <summary>Learns the secrets of a request.</summary>
    public Task SentAsync(HttpRequestMessage request) => _secrets.AddSentAsync(request, TestContext.Current.CancellationToken);

    /// <summary>Learns the tokens that an answer hands out, and keeps the rest of it.</summary>
    public async Task AnsweredAsync(HttpResponseMessage response)
    {
        await response.Content.LoadIntoBufferAsync(TestContext.Current.CancellationToken);
        var body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        var asked = response.RequestMessage;
        Answered(
            $"{(int)response.StatusCode} of {asked?.Method} {asked?.RequestUri?.AbsolutePath}", [$"{response.Headers}", $"{response.Content.Headers}"],
            response.IsSuccessStatusCode ? _secrets.AddAnswered(body) : body);
    }

    /// <summary>Keeps an answer.</summary>
    /// <param name="name">For a failure.</param>
    /// <param name="headers">All of them.</param>
    /// <param name="body">As text.</param>
    public void Answered(string name, IEnumerable<string?> headers, string body)
    {
        _answers.Enqueue(($"body of {name}", SecretReader.Readable(body)));
        foreach (var header in headers)
        {
            _answers.Enqueue(($"header of {name}", header ?? ""));
        }
    }

    /// <summary>Fails if anything has told a secret. The failure names the place and not the text.</summary>
    public void Check()
    {
        Telemetry.Observe();
        if (!IsOff)
        {
            Secrets.AssertNoneTold(Log.All.Concat(Log.Scopes).Where(line => _secrets.AreIn(line.Text) || _secrets.AreIn(line.Values))
                .Select(line => $"log {line.Category} {line.EventId} ({line.Level})")
                .Concat(Telemetry.PlacesOf(_secrets))
                .Concat(_answers.Where(answer => _secrets.AreIn(answer.Text)).Select(answer => answer.Place)));
        }
    }
}
