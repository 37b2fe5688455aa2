using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using TokenSessions.Aws.Tests.Servers.Kms;
using TokenSessions.Service.Tests.Processes;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Aws.Tests.Processes;

/// <summary>Two services and two APIs, each in its own process, that share one DynamoDB table and keys in KMS.</summary>
public sealed class SharedTableTests(SharedTableTests.Fixture hosts) : IClassFixture<SharedTableTests.Fixture>, IDisposable
{
    /// <summary>For an API that reads the table itself, and, on one machine, through the signed feed as well.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(5);

    private readonly SessionClient _client = hosts.Client;
    private readonly RunningProcess[] _services = hosts.Services;
    private readonly RunningProcess[] _apis = hosts.Apis;

    /// <summary>The next test begins with a KMS that is well.</summary>
    public void Dispose() => hosts.Deployment.Kms.Heal();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_session_of_one_service_is_refreshed_at_the_other_and_revoked_at_either_everywhere_within_the_bound(int revokedAt)
    {
        var started = await _client.LoginAsync(_services[0].Address, "demo");
        var session = await _client.RefreshedAsync(_services[1].Address, started);
        foreach (var api in _apis)
        {
            await _client.AssertAcceptedAsync(new(api.Address, "reports"), started);
            await _client.AssertAcceptedAsync(new(api.Address, "reports"), session);
        }

        await _client.RevokeAsync(_services[revokedAt].Address, "session", session["session_id"]!.GetValue<string>());
        var acknowledged = Stopwatch.GetTimestamp();

        foreach (var process in _services)
        {
            await _client.AssertRevokedAsync(new(process.Address, "session"), session, acknowledged, Bound);
            await _client.AssertRefreshRefusedAsync(process.Address, session);
        }

        foreach (var api in _apis)
        {
            await _client.AssertRevokedAsync(new(api.Address, "reports"), session, acknowledged, Bound);
            await _client.AssertRevokedAsync(new(api.Address, "reports"), started, acknowledged, Bound);
        }

        TestContext.Current.TestOutputHelper?.WriteLine(
            $"Refused everywhere {Stopwatch.GetElapsedTime(acknowledged).TotalMilliseconds:0} ms after the acknowledgement.");
        await _client.AssertAcceptedAsync(new(_apis[0].Address, "reports"), await _client.LoginAsync(_services[1].Address, "demo"));
    }

    [Theory]
    [InlineData("token")]
    [InlineData("subject")]
    [InlineData("client")]
    [InlineData("key")]
    [InlineData("all")]
    public async Task What_is_revoked_at_one_service_is_refused_everywhere_within_the_bound_and_the_next_login_at_the_other_is_not(string kind)
    {
        var session = await _client.LoginAsync(_services[0].Address, "demo");
        foreach (var api in _apis)
        {
            await _client.AssertAcceptedAsync(new(api.Address, "reports"), session);
        }

        await _client.RevokeAsync(_services[1].Address, kind, ValueOf(kind, session));
        var acknowledged = Stopwatch.GetTimestamp();
        var next = await _client.LoginAsync(_services[0].Address, "demo");

        foreach (var address in _services.Select(service => new Uri(service.Address, "session")).Concat(_apis.Select(api => new Uri(api.Address, "reports"))))
        {
            await _client.AssertRevokedAsync(address, session, acknowledged, Bound);
        }

        foreach (var api in _apis)
        {
            await _client.AssertAcceptedAsync(new(api.Address, "reports"), next);
        }
    }

    [Fact]
    public async Task A_refresh_token_two_generations_old_is_reuse_at_either_service_and_ends_only_its_session()
    {
        var other = await _client.LoginAsync(_services[0].Address, "demo");
        var first = await _client.LoginAsync(_services[0].Address, "demo");
        var second = await _client.RefreshedAsync(_services[0].Address, first);
        await _client.RefreshedAsync(_services[1].Address, second);

        await _client.AssertRefreshRefusedAsync(_services[1].Address, first); // Two generations old: no grace.
        var noticed = Stopwatch.GetTimestamp();

        foreach (var api in _apis)
        {
            await _client.AssertRevokedAsync(new(api.Address, "reports"), second, noticed, Bound);
            await _client.AssertAcceptedAsync(new(api.Address, "reports"), other);
        }
    }

    [Fact]
    public async Task While_KMS_throttles_each_login_gets_good_tokens_or_a_503_that_says_when_to_come_back()
    {
        const int Logins = 60;
        var calls = 0;
        hosts.Deployment.Kms.StandIn.Faults = call =>
            call.Operation == "Sign" && Interlocked.Increment(ref calls) % 10 is 1 or 4 or 8 ? KmsFault.Throttle : KmsFault.None;
        var (issued, refused) = (0, 0);

        await Parallel.ForAsync(0, Logins, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (i, _) =>
        {
            using var login = await _client.TryLoginAsync(_services[i % 2].Address, "demo");
            if (login.StatusCode == HttpStatusCode.OK)
            {
                await _client.AssertAcceptedAsync(new(_apis[i % 2].Address, "reports"), await SessionClient.ReadAsync(login));
                Interlocked.Increment(ref issued);
                return;
            }

            Assert.Equal(HttpStatusCode.ServiceUnavailable, login.StatusCode);
            Assert.NotNull(login.Headers.RetryAfter);
            Interlocked.Increment(ref refused);
        });

        Assert.Equal(Logins, issued + refused);
        Assert.Equal((42, 18), (issued, refused)); // One request for each: to ask a throttled KMS again makes it worse.
        Assert.All(_services, service => Assert.DoesNotContain("was answered 500", service.Output, StringComparison.Ordinal));
    }

    [Fact]
    public async Task While_KMS_is_off_tokens_are_checked_and_revoked_and_only_what_needs_a_signature_is_503()
    {
        var kms = hosts.Deployment.Kms.StandIn;
        var session = await _client.LoginAsync(_services[0].Address, "demo");
        kms.Faults = _ => KmsFault.Drop;

        using (var login = await _client.TryLoginAsync(_services[0].Address, "demo"))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, login.StatusCode);
            Assert.NotNull(login.Headers.RetryAfter);
            Assert.Equal("temporarily_unavailable", (await SessionClient.ReadAsync(login))["code"]!.GetValue<string>());
        }

        using (var refresh = await _client.RefreshAsync(_services[1].Address, session))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refresh.StatusCode);
        }

        await _client.AssertAcceptedAsync(new(_apis[0].Address, "reports"), session);
        using (var feed = await _client.GetAsync(new(_services[0].Address, "denylist/snapshot"), null))
        {
            Assert.Equal(HttpStatusCode.OK, feed.StatusCode);
        }

        using (var logout = await _client.SendAsync(HttpMethod.Post, new(_services[1].Address, "logout"), session))
        {
            Assert.Equal(HttpStatusCode.NoContent, logout.StatusCode);
        }

        var acknowledged = Stopwatch.GetTimestamp();
        foreach (var api in _apis)
        {
            await _client.AssertRevokedAsync(new(api.Address, "reports"), session, acknowledged, Bound);
        }

        kms.Faults = null;
        JsonNode? back = null;
        await SessionClient.UntilAsync(
            async () =>
            {
                using var login = await _client.TryLoginAsync(_services[0].Address, "demo");
                back = login.IsSuccessStatusCode ? await SessionClient.ReadAsync(login) : null;
                return back is not null;
            },
            TimeSpan.FromSeconds(20));
        await _client.AssertAcceptedAsync(new(_apis[1].Address, "reports"), back!);
    }

    private static string? ValueOf(string kind, JsonNode session) => kind switch
    {
        "token" => Segment(session, 1)["jti"]!.GetValue<string>(),
        "key" => Segment(session, 0)["kid"]!.GetValue<string>(),
        "subject" => "demo",
        "client" => "default",
        _ => null,
    };

    private static JsonNode Segment(JsonNode session, int index) =>
        JsonNode.Parse(StrictBase64Url.Decode(session["access_token"]!.GetValue<string>().Split('.')[index]))!;

    /// <summary>The processes, started once for all of these tests.</summary>
    public sealed class Fixture : IAsyncLifetime
    {
        internal Deployment Deployment { get; private set; } = null!;

        internal SessionClient Client { get; private set; } = null!;

        internal RunningProcess[] Services { get; private set; } = [];

        /// <summary>The first reads the issuer's signed feed, the second the table.</summary>
        internal RunningProcess[] Apis { get; private set; } = [];

        public async ValueTask InitializeAsync()
        {
            Deployment = await Deployment.CreateAsync();
            Client = Deployment.NewClient();
            try
            {
                Services = await Task.WhenAll(Deployment.StartServiceAsync(0), Deployment.StartServiceAsync(1));
                Apis = await Task.WhenAll(Deployment.StartApiAsync(readsTable: false), Deployment.StartApiAsync(readsTable: true));
            }
            catch
            {
                await DisposeAsync(); // Nobody else does it where a start has failed.
                throw;
            }
        }

        public async ValueTask DisposeAsync()
        {
            if (Deployment is not null)
            {
                Client.Dispose();
                await Deployment.DisposeAsync();
            }
        }
    }
}
