extern alias SampleApi;
extern alias ServiceHost;

using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using TokenSessions.Service.Tests.Bearer;

namespace TokenSessions.Service.Tests.Service;

/// <summary>Login, use, revoke, refuse: the service and the sample API on loopback, over Kestrel, with the real clock.</summary>
public sealed class WholeWayTests(WholeWayTests.Fixture hosts) : IClassFixture<WholeWayTests.Fixture>
{
    /// <summary>What a user sees on one machine; through the signed feed 8 seconds are promised.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(5);

    [Theory]
    [InlineData("session")]
    [InlineData("token")]
    [InlineData("subject")]
    [InlineData("client")]
    [InlineData("key")]
    [InlineData("all")]
    public async Task What_is_revoked_is_refused_everywhere_within_the_bound_and_the_next_login_is_not(string kind)
    {
        var tokens = await hosts.LoginAsync("demo");
        await AssertAcceptedAsync(tokens);

        var revoked = await hosts.RevokeAsync(kind, ValueOf(kind, tokens));
        Assert.Equal(200, revoked.Status);
        var startedAt = Stopwatch.GetTimestamp();
        Assert.Equal("token_revoked", (await Fixture.GetAsync(hosts.Service, "/session", tokens)).Code);
        await AssertRevokedAsync(tokens, startedAt);

        // A token and a signing key are not the session: its refresh token is sealed under a key of its own.
        var refresh = await hosts.RefreshAsync(tokens);
        Assert.Equal(kind is not ("token" or "key"), refresh.Body.Contains("\"error\":\"invalid_grant\"", StringComparison.Ordinal));
        await AssertAcceptedAsync(await hosts.LoginAsync("demo"));
    }

    [Fact]
    public async Task Twenty_logins_right_after_a_subject_rule_are_live_everywhere_and_die_of_a_second_one()
    {
        var before = await hosts.LoginAsync("demo");
        Assert.Equal(200, (await hosts.RevokeAsync("subject", "demo")).Status);
        var firstAt = Stopwatch.GetTimestamp();
        var logins = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => hosts.LoginAsync("demo")));
        await AssertRevokedAsync(before, firstAt); // So every reader has the rule.
        foreach (var tokens in logins)
        {
            await AssertAcceptedAsync(tokens);
        }

        Assert.Equal(200, (await hosts.RevokeAsync("subject", "demo")).Status);
        var secondAt = Stopwatch.GetTimestamp();
        foreach (var tokens in logins)
        {
            Assert.Equal("token_revoked", (await Fixture.GetAsync(hosts.Service, "/session", tokens)).Code);
            await AssertRevokedAsync(tokens, secondAt);
        }
    }

    [Fact]
    public async Task Scopes_and_roles_count_at_the_API()
    {
        var (demo, admin) = (await hosts.LoginAsync("demo"), await hosts.LoginAsync("admin"));

        foreach (var api in hosts.Apis)
        {
            Assert.Equal(200, (await Fixture.GetAsync(api, "/open", null)).Status);
            Assert.Equal("token_missing", (await Fixture.GetAsync(api, "/me", null)).Code);
            Assert.Equal((200, 403), ((await Fixture.GetAsync(api, "/reports", demo)).Status, (await Fixture.GetAsync(api, "/admin", demo)).Status));
            Assert.Equal((403, 200), ((await Fixture.GetAsync(api, "/reports", admin)).Status, (await Fixture.GetAsync(api, "/admin", admin)).Status));
        }
    }

    [Fact]
    public async Task What_is_no_valid_HTTP_body_is_never_answered_5xx()
    {
        // Its own connection: the server closes it after a body that is too long, perhaps while the next test sends.
        using var http = new HttpClient { BaseAddress = hosts.Service.BaseAddress };
        foreach (var (path, body) in new[]
        {
            ("/oauth2/token", "grant_type=refresh_token&refresh_token=%00"),
            ("/logout", "refresh_token=%00&everywhere=%00"),
            ("/oauth2/token", new string('a', 20_000)),
        })
        {
            using var content = TestService.RawForm(body);
            using var response = await http.PostAsync(path, content, TestContext.Current.CancellationToken);

            Assert.InRange((int)response.StatusCode, 400, 499);
            Assert.NotNull((await Answer.ReadAsync(response)).Code);
        }
    }

    private static string? ValueOf(string kind, Tokens tokens) => kind switch
    {
        "session" => tokens.SessionId,
        "token" => tokens.Claims.GetProperty("jti").GetString(),
        "subject" => "demo",
        "client" => "default",
        "key" => JsonDocument.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(tokens.AccessToken.Split('.')[0]))
            .RootElement.GetProperty("kid").GetString(),
        _ => null,
    };

    /// <summary>Real hosts keep real time: asks ten times a second until the bound has passed.</summary>
    private async Task AssertRevokedAsync(Tokens tokens, long startedAt)
    {
        foreach (var api in hosts.Apis)
        {
            while ((await Fixture.GetAsync(api, "/me", tokens)).Status == 200 && Stopwatch.GetElapsedTime(startedAt) < Bound)
            {
                await Task.Delay(100, TestContext.Current.CancellationToken);
            }

            var answer = await Fixture.GetAsync(api, "/me", tokens);
            Assert.Equal((401, "token_revoked"), (answer.Status, answer.Code));
        }
    }

    private async Task AssertAcceptedAsync(Tokens tokens)
    {
        Assert.Equal(200, (await Fixture.GetAsync(hosts.Service, "/session", tokens)).Status);
        foreach (var api in hosts.Apis)
        {
            Assert.Equal(200, (await Fixture.GetAsync(api, "/me", tokens)).Status);
        }
    }

    /// <summary>The service, and the sample API once with our scheme and once with Microsoft's handler.</summary>
    public sealed class Fixture : IAsyncLifetime
    {
        private readonly string _directory = Directory.CreateTempSubdirectory("tokensessions-way-").FullName;
        private readonly List<IAsyncDisposable> _hosts = [];
        private string _issuer = "";

        public HttpClient Service { get; private set; } = null!;

        public IReadOnlyList<HttpClient> Apis { get; private set; } = [];

        public ValueTask InitializeAsync()
        {
            _issuer = $"http://localhost:{FreePort()}";
            Service = Start<ServiceHost::Program>(new()
            {
                ["TokenSessions:Issuer"] = _issuer,
                ["TokenSessions:DataDirectory"] = Path.Combine(_directory, "data"),
                ["TokenSessions:FirstRunPassword"] = TestService.Password,
            }, new Uri(_issuer).Port);
            Apis = [StartApi(""), StartApi("JwtBearer")];
            return ValueTask.CompletedTask;
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var host in Enumerable.Reverse(_hosts))
            {
                await host.DisposeAsync();
            }

            Directory.Delete(_directory, recursive: true);
        }

        internal async Task<Tokens> LoginAsync(string user, string? audience = null)
        {
            using var content = TestService.Json(new { username = user, password = TestService.Password, audience });
            using var response = await Service.PostAsync("/login", content, TestContext.Current.CancellationToken);
            var answer = await Answer.ReadAsync(response);
            Assert.Equal(200, answer.Status);
            return Tokens.Read(answer.Body);
        }

        internal async Task<Answer> RefreshAsync(Tokens tokens)
        {
            using var content = TestService.Form(("grant_type", "refresh_token"), ("refresh_token", tokens.RefreshToken));
            using var response = await Service.PostAsync("/oauth2/token", content, TestContext.Current.CancellationToken);
            return await Answer.ReadAsync(response);
        }

        internal async Task<Answer> RevokeAsync(string kind, string? value)
        {
            using var content = TestService.Json(new { kind, value, reason = "the whole way" });
            return await SendAsync(Service, HttpMethod.Post, "/admin/revocations", await LoginAsync("admin", _issuer), content);
        }

        internal static Task<Answer> GetAsync(HttpClient host, string path, Tokens? tokens) => SendAsync(host, HttpMethod.Get, path, tokens);

        private static async Task<Answer> SendAsync(
            HttpClient host, HttpMethod method, string path, Tokens? tokens, HttpContent? content = null)
        {
            using var request = new HttpRequestMessage(method, path) { Content = content };
            request.Headers.Authorization = tokens is null ? null : new AuthenticationHeaderValue("Bearer", tokens.AccessToken);
            using var response = await host.SendAsync(request, TestContext.Current.CancellationToken);
            return await Answer.ReadAsync(response);
        }

        private static int FreePort()
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            return ((IPEndPoint)listener.LocalEndpoint).Port;
        }

        private HttpClient StartApi(string bearer) => Start<SampleApi::Program>(new()
        {
            ["Bearer"] = bearer,
            ["TokenSessions:Issuer"] = _issuer,
            ["TokenSessions:Audience"] = "sample-api",
        }, FreePort());

        private HttpClient Start<TProgram>(Dictionary<string, string> settings, int port)
            where TProgram : class
        {
            var host = new WebApplicationFactory<TProgram>().WithWebHostBuilder(builder =>
            {
                builder.UseEnvironment("Development");
                builder.UseSetting("urls", $"http://localhost:{port}");
                foreach (var (name, value) in settings)
                {
                    builder.UseSetting(name, value);
                }
            });
            _hosts.Add(host);
            host.UseKestrel();
            host.StartServer();
            var client = host.CreateClient();
            client.BaseAddress = new($"http://localhost:{port}");
            return client;
        }
    }
}
