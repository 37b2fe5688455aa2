using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace TokenSessions.Service.Tests.Processes;

/// <summary>
/// The service and the sample API, each in its own process, over real sockets. With <c>TOKENSESSIONS_SERVICE</c> naming an
/// executable, that one runs in place of the service just built: a published one goes the same way.
/// </summary>
public sealed class WholeWayTests : IAsyncLifetime
{
    private const string Password = "correct-horse-battery-staple";

    private static readonly string ServiceProgram = Environment.GetEnvironmentVariable("TOKENSESSIONS_SERVICE")
        ?? RunningProcess.Built("TokenSessions.Service");

    private static readonly string ApiProgram = RunningProcess.Built("TokenSessions.SampleApi");

    private readonly string _data = Path.Combine(Path.GetTempPath(), "tokensessions-" + Path.GetRandomFileName());
    private readonly Uri _issuer = RunningProcess.FreeAddress();
    private readonly Uri _api = RunningProcess.FreeAddress();
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(20) };

    private RunningProcess? _serviceProcess;
    private RunningProcess? _apiProcess;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private string Issuer => _issuer.ToString().TrimEnd('/');

    public async ValueTask InitializeAsync()
    {
        await StartServiceAsync();
        await StartApiAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in new[] { _apiProcess, _serviceProcess })
        {
            if (process is not null)
            {
                await process.DisposeAsync();
            }
        }

        _http.Dispose();
        if (Directory.Exists(_data))
        {
            Directory.Delete(_data, recursive: true);
        }
    }

    [Fact]
    public async Task A_revoked_session_is_refused_everywhere_within_5_seconds()
    {
        var session = await LoginAsync("demo");
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(new(_issuer, "session"), session)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(new(_api, "reports"), session)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await GetAsync(new(_api, "admin"), session)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await _http.GetAsync(new Uri(_api, "me"), Cancelled)).StatusCode);

        var revocation = await RevokeAsync("session", session["session_id"]!.GetValue<string>());
        var acknowledged = Stopwatch.GetTimestamp();

        Assert.True(revocation["effective_by"]!.GetValue<DateTimeOffset>() > DateTimeOffset.UtcNow);
        await AssertRevokedAsync(new(_issuer, "session"), session, acknowledged);
        await AssertRevokedAsync(new(_api, "reports"), session, acknowledged);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"Refused everywhere {Stopwatch.GetElapsedTime(acknowledged).TotalMilliseconds:0} ms after the acknowledgement.");
        await AssertRefreshRefusedAsync(session);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(new(_api, "reports"), await LoginAsync("demo"))).StatusCode);
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
            await AssertRefreshRefusedAsync(session);
        }
    }

    [Fact]
    public async Task An_API_that_starts_while_the_service_is_down_accepts_nothing_and_says_why()
    {
        var session = await LoginAsync("demo");
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(new(_api, "me"), session)).StatusCode);
        await _apiProcess!.DisposeAsync();
        await _serviceProcess!.KillAsync();

        await StartApiAsync();
        var answer = await GetAsync(new(_api, "me"), session);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.NotNull(answer.Headers.RetryAfter);
        Assert.Equal("temporarily_unavailable", (await ReadAsync(answer))["code"]!.GetValue<string>());
        Assert.Equal(HttpStatusCode.OK, (await _http.GetAsync(new Uri(_api, "open"), Cancelled)).StatusCode);
        Assert.Contains(
            _apiProcess.Output.Split('\n'),
            line => line.Contains("The denylist cannot be read: ", StringComparison.Ordinal) && line.Contains(Issuer, StringComparison.Ordinal));
        Assert.DoesNotContain(session["access_token"]!.GetValue<string>(), _apiProcess.Output, StringComparison.Ordinal);

        await StartServiceAsync(); // And it comes back by itself.
        await UntilAsync(async () => (await GetAsync(new(_api, "me"), session)).StatusCode == HttpStatusCode.OK, TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task A_service_that_is_stopped_answers_what_it_has_taken_in()
    {
        var login = new JsonObject { ["username"] = "demo", ["password"] = Password };
        var answers = Enumerable.Range(0, 12).Select(_ => _http.PostAsJsonAsync(new Uri(_issuer, "login"), login, Cancelled)).ToArray();
        await Task.WhenAny(answers); // The rest wait for their turn to be hashed.

        var exitCode = await _serviceProcess!.StopAsync(Cancelled);

        Assert.Equal(0, exitCode);
        Assert.All(await Task.WhenAll(answers), answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
    }

    private async Task StartServiceAsync() => _serviceProcess = await RunningProcess.StartAsync(
        ServiceProgram,
        _issuer,
        new Dictionary<string, string>
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Development",
            ["TokenSessions__Issuer"] = Issuer,
            ["TokenSessions__DataDirectory"] = _data,
            ["TokenSessions__FirstRunPassword"] = Password,
        },
        Cancelled);

    private async Task StartApiAsync() => _apiProcess = await RunningProcess.StartAsync(
        ApiProgram,
        _api,
        new Dictionary<string, string> { ["ASPNETCORE_ENVIRONMENT"] = "Development", ["TokenSessions__Issuer"] = Issuer },
        Cancelled);

    private async Task<JsonNode> LoginAsync(string user, string? audience = null)
    {
        var login = new JsonObject { ["username"] = user, ["password"] = Password };
        if (audience is not null)
        {
            login["audience"] = audience;
        }

        var answer = await _http.PostAsJsonAsync(new Uri(_issuer, "login"), login, Cancelled);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await ReadAsync(answer);
    }

    private async Task<JsonNode> RevokeAsync(string kind, string value)
    {
        var admin = await LoginAsync("admin", Issuer);
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_issuer, "admin/revocations"))
        {
            Content = JsonContent.Create(new JsonObject { ["kind"] = kind, ["value"] = value, ["reason"] = "test" }),
        };
        Authorize(request, admin);
        var answer = await _http.SendAsync(request, Cancelled);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Cancelled));
        return await ReadAsync(answer);
    }

    private async Task AssertRevokedAsync(Uri address, JsonNode session, long since)
    {
        var limit = TimeSpan.FromSeconds(5) - Stopwatch.GetElapsedTime(since);
        HttpResponseMessage? answer = null;
        await UntilAsync(
            async () => (answer = await GetAsync(address, session)).StatusCode is not (HttpStatusCode.OK or HttpStatusCode.ServiceUnavailable), limit);

        Assert.Equal(HttpStatusCode.Unauthorized, answer!.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal("token_revoked", (await ReadAsync(answer))["code"]!.GetValue<string>());
    }

    private async Task AssertRefreshRefusedAsync(JsonNode session)
    {
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "refresh_token",
            ["refresh_token"] = session["refresh_token"]!.GetValue<string>(),
        });
        var answer = await _http.PostAsync(new Uri(_issuer, "oauth2/token"), form, Cancelled);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal("invalid_grant", (await ReadAsync(answer))["error"]!.GetValue<string>());
    }

    private async Task<HttpResponseMessage> GetAsync(Uri address, JsonNode session)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        Authorize(request, session);
        return await _http.SendAsync(request, Cancelled);
    }

    private static void Authorize(HttpRequestMessage request, JsonNode session) =>
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", session["access_token"]!.GetValue<string>());

    private static async Task<JsonNode> ReadAsync(HttpResponseMessage answer) =>
        (await answer.Content.ReadFromJsonAsync<JsonNode>(Cancelled))!;

    /// <summary>Real processes keep real time: asks ten times a second until it holds or the limit has passed.</summary>
    private static async Task UntilAsync(Func<Task<bool>> holds, TimeSpan limit)
    {
        var start = Stopwatch.GetTimestamp();
        while (!await holds())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < limit, $"Not within {limit}.");
            await Task.Delay(100, Cancelled);
        }
    }
}
