using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using TokenSessions.Service.Tests.Leaks;

namespace TokenSessions.Service.Tests.Processes;

/// <summary>
/// The service and the sample API, each in its own process, over real sockets. With <c>TOKENSESSIONS_SERVICE</c> naming an
/// executable, that one runs in place of the service just built: a published one goes the same way.
/// </summary>
public sealed class SeparateProcessesTests : IAsyncLifetime
{
    private const string Password = "correct-horse-battery-staple";

    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(5);

    private static readonly string ServiceProgram = Environment.GetEnvironmentVariable("TOKENSESSIONS_SERVICE")
        ?? RunningProcess.Built("TokenSessions.Service");

    private static readonly string ApiProgram = RunningProcess.Built("TokenSessions.SampleApi");

    private readonly string _data = Path.Combine(Path.GetTempPath(), "tokensessions-" + Path.GetRandomFileName());
    private readonly Uri _issuer = RunningProcess.FreeAddress();
    private readonly Uri _api = RunningProcess.FreeAddress();
    private readonly SessionClient _client;

    private readonly ProcessWatch _watch = new();

    private RunningProcess? _serviceProcess;
    private RunningProcess? _apiProcess;

    public SeparateProcessesTests() => _client = new(Issuer, Password, _watch);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private string Issuer => _issuer.ToString().TrimEnd('/');

    public async ValueTask InitializeAsync()
    {
        await StartServiceAsync();
        await StartApiAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        try
        {
            await _watch.EndAsync(new(_data));
        }
        finally
        {
            await _watch.DisposeAsync();
            if (Directory.Exists(_data))
            {
                Directory.Delete(_data, recursive: true);
            }
        }
    }

    [Fact]
    public async Task A_revoked_session_is_refused_everywhere_within_5_seconds()
    {
        var session = await LoginAsync("demo");
        Assert.Equal(HttpStatusCode.OK, (await _client.GetAsync(new(_issuer, "session"), session)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await _client.GetAsync(new(_api, "reports"), session)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await _client.GetAsync(new(_api, "admin"), session)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await _client.GetAsync(new(_api, "me"), null)).StatusCode);

        var revocation = await RevokeAsync("session", session["session_id"]!.GetValue<string>());
        var acknowledged = Stopwatch.GetTimestamp();

        Assert.True(revocation["effective_by"]!.GetValue<DateTimeOffset>() > DateTimeOffset.UtcNow);
        await AssertRevokedAsync(new(_issuer, "session"), session, acknowledged);
        await AssertRevokedAsync(new(_api, "reports"), session, acknowledged);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"Refused everywhere {Stopwatch.GetElapsedTime(acknowledged).TotalMilliseconds:0} ms after the acknowledgement.");
        await _client.AssertRefreshRefusedAsync(_issuer, session);
        Assert.Equal(HttpStatusCode.OK, (await _client.GetAsync(new(_api, "reports"), await LoginAsync("demo"))).StatusCode);
    }

    [Fact]
    public async Task A_killed_service_loses_no_acknowledged_revocation()
    {
        var sessions = new List<JsonNode>();
        for (var i = 0; i < 5; i++)
        {
            var session = await LoginAsync("demo");
            await RevokeAsync("session", session["session_id"]!.GetValue<string>());
            await _serviceProcess!.KillAsync(); // At once after the acknowledgement.
            await StartServiceAsync();
            sessions.Add(session);
        }

        foreach (var session in sessions)
        {
            await AssertRevokedAsync(new(_issuer, "session"), session, Stopwatch.GetTimestamp());
            await AssertRevokedAsync(new(_api, "reports"), session, Stopwatch.GetTimestamp());
            await _client.AssertRefreshRefusedAsync(_issuer, session);
        }
    }

    [Fact]
    public async Task An_API_that_starts_while_the_service_is_down_accepts_nothing_and_says_why()
    {
        var session = await LoginAsync("demo");
        Assert.Equal(HttpStatusCode.OK, (await _client.GetAsync(new(_api, "me"), session)).StatusCode);
        await _apiProcess!.KillAsync();
        await _serviceProcess!.KillAsync();

        await StartApiAsync();
        var answer = await _client.GetAsync(new(_api, "me"), session);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.NotNull(answer.Headers.RetryAfter);
        Assert.Equal("temporarily_unavailable", (await SessionClient.ReadAsync(answer))["code"]!.GetValue<string>());
        Assert.Equal(HttpStatusCode.OK, (await _client.GetAsync(new(_api, "open"), null)).StatusCode);
        Assert.Contains(
            _apiProcess.Output.Split('\n'),
            line => line.Contains("The denylist cannot be read: ", StringComparison.Ordinal) && line.Contains(Issuer, StringComparison.Ordinal));

        await StartServiceAsync(); // And it comes back by itself.
        await SessionClient.UntilAsync(async () => (await _client.GetAsync(new(_api, "me"), session)).StatusCode == HttpStatusCode.OK, TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task A_service_that_is_stopped_answers_what_it_has_taken_in()
    {
        var answers = Enumerable.Range(0, 12).Select(_ => _client.TryLoginAsync(_issuer, "demo")).ToArray();
        await Task.WhenAny(answers); // The rest wait for their turn to be hashed.

        var exitCode = await _serviceProcess!.StopAsync(Cancelled);

        Assert.Equal(0, exitCode);
        Assert.All(await Task.WhenAll(answers), answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
    }

    private async Task StartServiceAsync() => _serviceProcess = await StartAsync(
        ServiceProgram,
        _issuer,
        new()
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Development",
            ["TokenSessions__Issuer"] = Issuer,
            ["TokenSessions__DataDirectory"] = _data,
            ["TokenSessions__FirstRunPassword"] = Password,
        });

    private async Task StartApiAsync() => _apiProcess = await StartAsync(
        ApiProgram, _api, new() { ["ASPNETCORE_ENVIRONMENT"] = "Development", ["TokenSessions__Issuer"] = Issuer });

    private Task<RunningProcess> StartAsync(string program, Uri address, Dictionary<string, string> settings) =>
        _watch.StartAsync(program, address, settings, Cancelled);

    private Task<JsonNode> LoginAsync(string user) => _client.LoginAsync(_issuer, user);

    private Task<JsonNode> RevokeAsync(string kind, string value) => _client.RevokeAsync(_issuer, kind, value);

    private Task AssertRevokedAsync(Uri address, JsonNode session, long since) => _client.AssertRevokedAsync(address, session, since, Bound);
}
