using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using TokenSessions.Service.Tests.Leaks;

namespace TokenSessions.Service.Tests.Processes;

/// <summary>What users, administrators and APIs ask of services in other processes, over real sockets.</summary>
/// <param name="issuer">The issuer: the audience of administrators' tokens.</param>
/// <param name="password">Every user's.</param>
/// <param name="watch">Learns what is sent and answered.</param>
internal sealed class SessionClient(string issuer, string password, ProcessWatch watch) : IDisposable
{
    private readonly HttpClient _http = new(new WatchedHandler(watch, new SocketsHttpHandler())) { Timeout = TimeSpan.FromSeconds(20) };

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public static async Task<JsonNode> ReadAsync(HttpResponseMessage answer) => (await answer.Content.ReadFromJsonAsync<JsonNode>(Cancelled))!;

    /// <summary>Real processes keep real time: asks ten times a second until it holds or the limit has passed.</summary>
    public static async Task UntilAsync(Func<Task<bool>> holds, TimeSpan limit)
    {
        var start = Stopwatch.GetTimestamp();
        while (!await holds())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < limit, $"Not within {limit}.");
            await Task.Delay(100, Cancelled);
        }
    }

    /// <summary>Logs in, and gives the token answer.</summary>
    public async Task<JsonNode> LoginAsync(Uri service, string user, string? audience = null)
    {
        using var answer = await TryLoginAsync(service, user, audience);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await ReadAsync(answer);
    }

    public Task<HttpResponseMessage> TryLoginAsync(Uri service, string user, string? audience = null)
    {
        var login = new JsonObject { ["username"] = user, ["password"] = password };
        if (audience is not null)
        {
            login["audience"] = audience;
        }

        return _http.PostAsJsonAsync(new Uri(service, "login"), login, Cancelled);
    }

    /// <summary>Revokes as the administrator.</summary>
    public async Task<JsonNode> RevokeAsync(Uri service, string kind, string? value)
    {
        using var answer = await TryRevokeAsync(service, kind, value);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Cancelled));
        return await ReadAsync(answer);
    }

    public async Task<HttpResponseMessage> TryRevokeAsync(Uri service, string kind, string? value) =>
        await TryRevokeAsync(service, kind, value, await LoginAsync(service, "admin", issuer));

    /// <summary>Revokes as an administrator who has logged in.</summary>
    public async Task<HttpResponseMessage> TryRevokeAsync(Uri service, string kind, string? value, JsonNode admin)
    {
        var body = new JsonObject { ["kind"] = kind, ["reason"] = "a test" };
        if (value is not null)
        {
            body["value"] = value;
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(service, "admin/revocations")) { Content = JsonContent.Create(body) };
        Authorize(request, admin);
        return await _http.SendAsync(request, Cancelled);
    }

    public async Task<HttpResponseMessage> RefreshAsync(Uri service, JsonNode session) => await PostFormAsync(
        service, "oauth2/token", ("grant_type", "refresh_token"), ("refresh_token", session["refresh_token"]!.GetValue<string>()));

    /// <summary>Refreshes, and gives the token answer.</summary>
    public async Task<JsonNode> RefreshedAsync(Uri service, JsonNode session)
    {
        using var answer = await RefreshAsync(service, session);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Cancelled));
        return await ReadAsync(answer);
    }

    public async Task<HttpResponseMessage> PostFormAsync(Uri service, string path, params (string Name, string Value)[] fields)
    {
        using var form = new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Name, field.Value)));
        return await _http.PostAsync(new Uri(service, path), form, Cancelled);
    }

    /// <summary>Sends a request with a session's access token.</summary>
    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, Uri address, JsonNode? session)
    {
        using var request = new HttpRequestMessage(method, address);
        if (session is not null)
        {
            Authorize(request, session);
        }

        return await _http.SendAsync(request, Cancelled);
    }

    public Task<HttpResponseMessage> GetAsync(Uri address, JsonNode? session) => SendAsync(HttpMethod.Get, address, session);

    /// <summary>A good answer now.</summary>
    public async Task AssertAcceptedAsync(Uri address, JsonNode session)
    {
        using var answer = await GetAsync(address, session);
        Assert.True(answer.StatusCode == HttpStatusCode.OK, $"{address}: {await answer.Content.ReadAsStringAsync(Cancelled)}");
    }

    /// <summary>401 <c>token_revoked</c>, within a bound that counts from the acknowledgement.</summary>
    public async Task AssertRevokedAsync(Uri address, JsonNode session, long acknowledged, TimeSpan bound)
    {
        HttpResponseMessage? answer = null;
        await UntilAsync(
            async () => (answer = await GetAsync(address, session)).StatusCode is not (HttpStatusCode.OK or HttpStatusCode.ServiceUnavailable),
            bound - Stopwatch.GetElapsedTime(acknowledged));

        Assert.Equal(HttpStatusCode.Unauthorized, answer!.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal("token_revoked", (await ReadAsync(answer))["code"]!.GetValue<string>());
    }

    public async Task AssertRefreshRefusedAsync(Uri service, JsonNode session)
    {
        using var answer = await RefreshAsync(service, session);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal("invalid_grant", (await ReadAsync(answer))["error"]!.GetValue<string>());
    }

    public void Dispose() => _http.Dispose();

    private static void Authorize(HttpRequestMessage request, JsonNode session) =>
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", session["access_token"]!.GetValue<string>());
}
