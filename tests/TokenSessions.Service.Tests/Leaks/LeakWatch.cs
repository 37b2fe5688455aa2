using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.RegularExpressions;
using TokenSessions.Service.Tests.Bearer;

namespace TokenSessions.Service.Tests.Leaks;

/// <summary>
/// Learns each secret that goes into or out of a host, and looks for them in all it tells others: logs of every level, traces, metrics,
/// and answers, but for the one answer that hands a token to its owner.
/// </summary>
/// <remarks>A secret in a query is not learnt: where a client puts one there, whatever writes down addresses has it.</remarks>
internal sealed partial class LeakWatch
{
    private readonly Secrets _secrets = new();
    private readonly ConcurrentQueue<(string Place, string Text)> _answers = new();

    public LeakWatch() => Telemetry.Listen();

    public LogLines Log { get; } = new();

    /// <summary>True where the application of a test itself takes tokens from addresses or answers with them.</summary>
    public bool IsOff { get; set; }

    /// <summary>Learns the secrets of a request.</summary>
    /// <param name="headers">All lines of those that carry credentials.</param>
    /// <param name="body">JSON or a form.</param>
    public void Sent(IEnumerable<string?> headers, string body)
    {
        foreach (var header in headers)
        {
            Array.ForEach(Words().Split(header ?? ""), _secrets.Add);
        }

        Learn(body);
    }

    /// <inheritdoc cref="Sent(IEnumerable{string}, string)"/>
    public async Task SentAsync(HttpRequestMessage request)
    {
        string?[] headers = [request.Headers.Authorization?.Parameter, .. ValuesOf(request.Headers, "Cookie")];
        Sent(headers, request.Content is { } content ? await content.ReadAsStringAsync(TestContext.Current.CancellationToken) : "");
    }

    /// <summary>Learns the tokens that an answer hands out, and keeps the rest of it.</summary>
    public async Task AnsweredAsync(HttpResponseMessage response)
    {
        await response.Content.LoadIntoBufferAsync(TestContext.Current.CancellationToken);
        var body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        var asked = response.RequestMessage;
        Answered(
            $"{(int)response.StatusCode} of {asked?.Method} {asked?.RequestUri?.AbsolutePath}", [$"{response.Headers}", $"{response.Content.Headers}"],
            response.IsSuccessStatusCode ? Learn(body) : body);
    }

    /// <summary>Keeps an answer.</summary>
    /// <param name="name">For a failure.</param>
    /// <param name="headers">All of them.</param>
    /// <param name="body">As text.</param>
    public void Answered(string name, IEnumerable<string?> headers, string body)
    {
        _answers.Enqueue(($"body of {name}", body));
        foreach (var header in headers)
        {
            _answers.Enqueue(($"header of {name}", header ?? ""));
        }
    }

    /// <summary>Fails if anything has told a secret. The failure names the place and not the text.</summary>
    public void Check()
    {
        var places = Log.All.Concat(Log.Scopes).Where(line => _secrets.AreIn(line.Text) || _secrets.AreIn(line.Values))
            .Select(line => $"log {line.Category} {line.EventId} ({line.Level})")
            .Concat(Telemetry.Texts.Where(heard => _secrets.AreIn(heard.Key)).Select(heard => heard.Value))
            .Concat(_answers.Where(answer => _secrets.AreIn(answer.Text)).Select(answer => answer.Place));
        Assert.Equal("", IsOff ? "" : string.Join('\n', places.Distinct()));
    }

    /// <summary>The body without its secrets.</summary>
    private string Learn(string body) => Fields().Replace(body, match =>
    {
        var value = match.Groups["value"].Value;
        _secrets.Add(match.Value.StartsWith('"') ? Unescape(value) : Uri.UnescapeDataString(value.Replace('+', ' ')));
        return "";
    });

    /// <summary>What a JSON string says; if it is broken, as it stands.</summary>
    private static string Unescape(string value)
    {
        try
        {
            return JsonSerializer.Deserialize<string>($"\"{value}\"")!;
        }
        catch (JsonException)
        {
            return value;
        }
    }

    private static IEnumerable<string> ValuesOf(HttpRequestHeaders headers, string name) =>
        headers.TryGetValues(name, out var values) ? values.Select(value => value[(value.IndexOf('=', StringComparison.Ordinal) + 1)..]) : [];

    [GeneratedRegex("""
        "(?:password|access_token|refresh_token|token)"\s*:\s*"(?<value>(?:[^"\\]|\\.)*)"|(?<=^|&)(?:password|access_token|refresh_token|token)=(?<value>[^&]*)
        """)]
    private static partial Regex Fields();

    [GeneratedRegex("[ \t,;\"=]+")]
    private static partial Regex Words();
}
