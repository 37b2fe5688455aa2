using System.Text.RegularExpressions;
using TokenSessions.Service.Tests.Processes;

namespace TokenSessions.Service.Tests.Leaks;

/// <summary>
/// Starts hosts in processes of their own, which log all they can, learns each secret that goes into or out of them, and looks for them
/// in all that was printed and answered.
/// </summary>
/// <remarks>A host prints a token before its client has it, so nothing can be looked for before the end.</remarks>
internal sealed partial class ProcessWatch : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly List<RunningProcess> _processes = [];
    private readonly Transcript _others = new();

    public Secrets Secrets { get; } = new();

    /// <summary>Starts a host and waits until it listens.</summary>
    /// <inheritdoc cref="RunningProcess.StartAsync"/>
    public async Task<RunningProcess> StartAsync(
        string program, Uri address, IEnumerable<KeyValuePair<string, string>> settings, CancellationToken cancellationToken)
    {
        var process = RunningProcess.Start(
            program, address, [.. settings, new("Logging__LogLevel__Default", "Trace"), new("Logging__LogLevel__Microsoft.AspNetCore", "Trace")]);
        lock (_gate)
        {
            _processes.Add(process); // Also what ends before it listens is looked at.
        }

        await process.ListensAsync(cancellationToken);
        return process;
    }

    /// <summary>Learns the secrets of a request.</summary>
    public Task SentAsync(HttpRequestMessage request, CancellationToken cancellationToken) => Secrets.AddSentAsync(request, cancellationToken);

    /// <summary>Learns the tokens that an answer hands out, and keeps the rest of it.</summary>
    public async Task AnsweredAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        await answer.Content.LoadIntoBufferAsync(cancellationToken);
        var body = await answer.Content.ReadAsStringAsync(cancellationToken);
        var asked = answer.RequestMessage;
        Told(
            $"{(int)answer.StatusCode} of {asked?.Method} {asked?.RequestUri?.AbsolutePath}",
            $"{answer.Headers}{answer.Content.Headers}{SecretReader.Readable(answer.IsSuccessStatusCode ? Secrets.AddAnswered(body) : body)}");
    }

    /// <summary>Keeps what was printed or answered elsewhere.</summary>
    /// <param name="name">For a failure.</param>
    /// <param name="text">As it stands.</param>
    public void Told(string name, string text)
    {
        lock (_gate)
        {
            _others.Add($"told: {name}");
            _others.Add(text);
        }
    }

    /// <summary>Ends all processes, and fails if any has told a secret. The failure names the place and not the text.</summary>
    /// <param name="files">Where they had their keys and users.</param>
    public async Task EndAsync(DirectoryInfo files)
    {
        foreach (var process in _processes)
        {
            await process.EndAsync();
        }

        Secrets.AddFiles(files);
        Secrets.AssertNoneTold(_processes.Select(process => process.Printed).Append(_others).SelectMany(Places));
        Assert.DoesNotContain(_processes, process => process.HasListened && !process.Printed.Lines().Any(IsDetail)); // They log all they can.
    }

    /// <summary>Ends what still runs.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }

        _others.Dispose();
    }

    private static bool IsDetail(string line) =>
        line.StartsWith("dbug: ", StringComparison.Ordinal) || line.StartsWith("trce: ", StringComparison.Ordinal);

    /// <summary>The headings under which lines stand that tell a secret.</summary>
    private IEnumerable<string> Places(Transcript transcript)
    {
        var heading = "at the beginning";
        foreach (var line in transcript.Lines())
        {
            heading = Heading().Match(line) is { Success: true } match ? match.Value : heading;
            if (Secrets.AreIn(line))
            {
                yield return heading;
            }
        }
    }

    /// <summary>As the console logger writes one, and as <see cref="Told"/>.</summary>
    [GeneratedRegex(@"^(?:trce|dbug|info|warn|fail|crit): [\w.]+\[\d+\]|^told: .*")]
    private static partial Regex Heading();
}

/// <summary>Lets a watch see what a client sends and what it is answered.</summary>
/// <param name="watch">Sees it.</param>
/// <param name="next">Sends.</param>
internal sealed class WatchedHandler(ProcessWatch watch, HttpMessageHandler next) : DelegatingHandler(next)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        await watch.SentAsync(request, cancellationToken);
        var answer = await base.SendAsync(request, cancellationToken);
        await watch.AnsweredAsync(answer, cancellationToken);
        return answer;
    }
}
