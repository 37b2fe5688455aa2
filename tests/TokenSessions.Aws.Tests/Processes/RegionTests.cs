using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using TokenSessions.Aws.Tests.Servers;
using TokenSessions.Service.Tests.Processes;

namespace TokenSessions.Aws.Tests.Processes;

/// <summary>
/// Two regions: a service and a table in each, an API in the first that reads its table, and replication between the tables that
/// takes its time and keeps no order.
/// </summary>
public sealed class RegionTests : IAsyncLifetime
{
    private const int Seed = 7;

    private static readonly TimeSpan Lag = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(5);

    private Deployment _deployment = null!;
    private TableReplicator _replicator = null!;
    private SessionClient _client = null!;
    private RunningProcess _home = null!;
    private RunningProcess _away = null!;
    private RunningProcess _api = null!;

    public async ValueTask InitializeAsync()
    {
        _deployment = await Deployment.CreateAsync(regions: 2);
        _replicator = new((await DynamoDbServer.GetAsync()).CreateClient(), _deployment.Tables, Lag, Seed);
        _client = _deployment.NewClient();
        (_home, _away) = (await _deployment.StartServiceAsync(0, region: 0), await _deployment.StartServiceAsync(1, region: 1));
        _api = await _deployment.StartApiAsync(readsTable: true);
    }

    public async ValueTask DisposeAsync()
    {
        if (_replicator is not null)
        {
            await using var deployment = _deployment; // Ends also where the replicator tells of a failure.
            _client.Dispose();
            await _replicator.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_session_is_refreshed_in_any_region_and_its_tokens_are_spent_at_home_once()
    {
        var first = await _client.LoginAsync(_home.Address, "demo");
        var second = await _client.RefreshedAsync(_away.Address, first);
        var third = await _client.RefreshedAsync(_home.Address, second); // At once: home has nothing to wait for.

        await _client.AssertRefreshRefusedAsync(_away.Address, first); // Two generations old: reuse, also when it is handed over.
        var noticed = Stopwatch.GetTimestamp();
        await _client.AssertRevokedAsync(new(_api.Address, "reports"), third, noticed, Bound);

        var foreign = await _client.LoginAsync(_away.Address, "demo"); // And the other way round.
        await _client.RefreshedAsync(_away.Address, await _client.RefreshedAsync(_home.Address, foreign));
    }

    [Theory]
    [InlineData("admin")]
    [InlineData("refresh token")]
    [InlineData("access token")]
    public async Task A_session_that_is_ended_away_from_home_is_handed_over_and_ends_within_the_bound(string how)
    {
        var session = await _client.LoginAsync(_home.Address, "demo");
        await _client.AssertAcceptedAsync(new(_api.Address, "reports"), session);

        switch (how)
        {
            case "admin":
                await _client.RevokeAsync(_away.Address, "session", session["session_id"]!.GetValue<string>());
                break;
            case "refresh token":
                using (var logout = await _client.PostFormAsync(
                    _away.Address, "logout", ("refresh_token", session["refresh_token"]!.GetValue<string>())))
                {
                    Assert.Equal(HttpStatusCode.NoContent, logout.StatusCode);
                }

                break;
            default:
                using (var logout = await _client.SendAsync(HttpMethod.Post, new(_away.Address, "logout"), session))
                {
                    Assert.Equal(HttpStatusCode.NoContent, logout.StatusCode);
                }

                break;
        }

        var acknowledged = Stopwatch.GetTimestamp();
        await _client.AssertRefreshRefusedAsync(_home.Address, session); // At once: the rule was made there.
        await _client.AssertRevokedAsync(new(_api.Address, "reports"), session, acknowledged, Bound);
        await _client.AssertRevokedAsync(new(_away.Address, "session"), session, acknowledged, Bound + Lag);
    }

    [Fact]
    public async Task While_the_home_region_is_down_its_sessions_can_be_ended_but_not_refreshed_and_stay_ended_when_it_is_back()
    {
        var (ended, other) = (await _client.LoginAsync(_home.Address, "demo"), await _client.LoginAsync(_home.Address, "demo"));
        await _home.KillAsync();

        using (var refresh = await _client.RefreshAsync(_away.Address, ended))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refresh.StatusCode);
            Assert.NotNull(refresh.Headers.RetryAfter);
        }

        var revocation = await _client.RevokeAsync(_away.Address, "session", ended["session_id"]!.GetValue<string>());
        var acknowledged = Stopwatch.GetTimestamp();
        Assert.True(revocation["effective_by"]!.GetValue<DateTimeOffset>() > DateTimeOffset.UtcNow + TimeSpan.FromSeconds(8)); // With the lag.
        await _client.AssertRevokedAsync(new(_api.Address, "reports"), ended, acknowledged, Bound + Lag);

        _home = await _deployment.StartServiceAsync(0, region: 0);
        await _client.AssertRefreshRefusedAsync(_home.Address, ended);
        await _client.RefreshedAsync(_away.Address, other); // Handed over again.
    }

    /// <summary>A load balancer without services behind it, a wrong address, an error page: what they answer must end no session.</summary>
    [Fact]
    public async Task An_answer_that_no_service_gave_decides_nothing()
    {
        var session = await _client.LoginAsync(_home.Address, "demo");
        await _home.KillAsync();
        var (answer, handedOver) = (Results.NoContent(), 0);
        await using var stranger = WebApplication.CreateSlimBuilder().Build();
        stranger.Urls.Add(_home.Address.ToString());
        stranger.MapFallback(() =>
        {
            Interlocked.Increment(ref handedOver);
            return answer;
        });
        await stranger.StartAsync(TestContext.Current.CancellationToken);
        var id = session["session_id"]!.GetValue<string>();

        IResult[] answers =
        [
            Results.Redirect("https://elsewhere.example/"),
            Results.Text("<h1>Not found</h1>", "text/html", statusCode: StatusCodes.Status404NotFound),
            Results.Text("<h1>Welcome</h1>", "text/html"),
            Results.Text(new string('x', 100_000), "application/json"),
            Results.StatusCode(StatusCodes.Status502BadGateway),
        ];
        foreach (var given in answers)
        {
            answer = given;
            using var refresh = await _client.RefreshAsync(_away.Address, session);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refresh.StatusCode);
            Assert.Equal("no-store", refresh.Headers.CacheControl?.ToString());
            using var logout = await _client.PostFormAsync(_away.Address, "logout", ("refresh_token", session["refresh_token"]!.GetValue<string>()));
            Assert.Equal(HttpStatusCode.NoContent, logout.StatusCode);
            Assert.Equal("session", (await _client.RevokeAsync(_away.Address, "session", id))["kind"]!.GetValue<string>());
        }

        Assert.Equal(3 * answers.Length, handedOver);
        await _client.AssertRevokedAsync(new(_away.Address, "session"), session, Stopwatch.GetTimestamp(), Bound);
    }

    [Fact]
    public async Task A_rule_about_a_subject_made_in_one_region_ends_what_began_in_the_other_and_the_login_after_it_lives_in_both()
    {
        var session = await _client.LoginAsync(_home.Address, "demo");
        await _client.RevokeAsync(_away.Address, "subject", "demo");
        var acknowledged = Stopwatch.GetTimestamp();
        await _client.AssertRevokedAsync(new(_api.Address, "reports"), session, acknowledged, Bound + Lag);
        await Task.Delay(Bound + Lag, TestContext.Current.CancellationToken); // What the feed reads may arrive before what a refresh reads.
        await _client.AssertRefreshRefusedAsync(_home.Address, session);

        var later = await _client.LoginAsync(_home.Address, "demo"); // Its region knows the rule by now.
        await _client.AssertAcceptedAsync(new(_api.Address, "reports"), later);
        await _client.RevokeAsync(_home.Address, "subject", "demo"); // Another count than the other region's.
        await _client.AssertRevokedAsync(new(_api.Address, "reports"), later, Stopwatch.GetTimestamp(), Bound);
        await SessionClient.UntilAsync(
            async () =>
            {
                var latest = await _client.LoginAsync(_away.Address, "demo");
                await Task.Delay(Bound + Lag, TestContext.Current.CancellationToken); // Everything that was under way has arrived.
                using var answer = await _client.GetAsync(new(_api.Address, "reports"), latest);
                return answer.StatusCode == HttpStatusCode.OK;
            },
            4 * (Bound + Lag));
    }
}
