using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using System.Security.Claims;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TokenSessions.AspNetCore;
using TokenSessions.Tests.Validation;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Service.Tests.Bearer;

/// <summary>What both packages promise: the same verdicts and the same answers.</summary>
public abstract partial class BearerTests
{
    private const string Missing = "token_missing";
    private const string Invalid = "invalid_token";

    [Fact]
    public async Task Lets_a_good_token_in()
    {
        await using var api = await StartAsync();

        var answer = await api.GetWithAsync("/me", api.Token);

        Assert.Equal(200, answer.Status);
        Assert.Equal("alice", answer.Body);
    }

    [Theory] // {t} stands for a good token.
    [InlineData("Bearer {t}")]
    [InlineData("bearer {t}")] // RFC 9110 §11.1: schemes compare in any case.
    [InlineData("BEARER {t}")]
    [InlineData("Bearer    {t}")] // RFC 9110 §11.4: one or more spaces.
    public async Task Reads_a_token_as_RFC_6750_writes_it(string header)
    {
        await using var api = await StartAsync();

        Assert.Equal(200, (await api.GetAsync("/me", header.Replace("{t}", api.Token.Sign(), StringComparison.Ordinal))).Status);
    }

    [Theory]
    [InlineData(Missing)]
    [InlineData(Missing, "")]
    [InlineData(Missing, "Bearer")]
    [InlineData(Missing, "Basic YTpi")]
    [InlineData(Missing, "{t}")]
    [InlineData(Missing, "BearerX {t}")]
    [InlineData(Missing, "Bearer-X {t}")]
    [InlineData(Missing, "DPoP {t}")]
    [InlineData(Missing, "Basic YTpi, Bearer {t}")]
    [InlineData(Missing, "Basic YTpi", "Bearer {t}")]
    [InlineData(Invalid, "Bearer\t{t}")]
    [InlineData(Invalid, "Bearer \t{t}")]
    [InlineData(Invalid, "Bearer,{t}")]
    [InlineData(Invalid, "Bearer=\"{t}\"")]
    [InlineData(Invalid, "Bearer \"{t}\"")]
    [InlineData(Invalid, "Bearer {t} {t}")]
    [InlineData(Invalid, "Bearer Bearer {t}")]
    [InlineData(Invalid, "Bearer {t},Bearer {t}")]
    [InlineData(Invalid, "Bearer {t}, Basic YTpi")]
    [InlineData(Invalid, "Bearer {t}", "Bearer {t}")]
    [InlineData(Invalid, "Bearer {t}", "Basic YTpi")]
    [InlineData(Invalid, "Bearer {t}=")]
    [InlineData(Invalid, "Bearer x")]
    public async Task Takes_no_token_from_any_other_header(string code, params string[] headers)
    {
        await using var api = await StartAsync();
        var token = api.Token.Sign();

        var answer = await api.GetAsync("/me", [.. headers.Select(header => header.Replace("{t}", token, StringComparison.Ordinal))]);

        Assert.Equal((401, code), (answer.Status, answer.Code));
        Assert.StartsWith("Bearer", answer.Challenge, StringComparison.Ordinal);
        // RFC 6750 §3.1: no error code where no token was sent.
        Assert.Equal(code == Invalid, answer.Challenge!.Contains("error=\"invalid_token\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Takes_no_token_from_query_or_form()
    {
        await using var api = await StartAsync(app => app.MapPost("/form", () => "in").RequireAuthorization());
        var token = api.Token.Sign();

        Assert.Equal(Missing, (await api.GetAsync($"/me?access_token={token}")).Code);

        using var form = new FormUrlEncodedContent([new("access_token", token)]);
        using var response = await api.Http.PostAsync("/form", form, TestContext.Current.CancellationToken);
        Assert.Equal(Missing, (await Answer.ReadAsync(response)).Code);
    }

    [Fact]
    public async Task Tells_the_holder_that_a_token_expired_or_was_revoked()
    {
        await using var api = await StartAsync(prepare: (feed, _) => feed.Deny(RuleKind.Session, "ended"));

        var expired = await api.GetWithAsync("/me", api.Token.With("iat", Second(api) - 700).With("exp", Second(api) - 31));
        var revoked = await api.GetWithAsync("/me", api.Token.With("sid", "ended"));

        Assert.Equal((401, "token_expired"), (expired.Status, expired.Code));
        Assert.Equal("Bearer error=\"invalid_token\", error_description=\"The access token has expired\"", expired.Challenge);
        Assert.Equal((401, "token_revoked"), (revoked.Status, revoked.Code));
        Assert.Equal("Bearer error=\"invalid_token\", error_description=\"The access token has been revoked\"", revoked.Challenge);
    }

    [Fact]
    public async Task Tells_a_forger_nothing_about_which_check_failed()
    {
        await using var api = await StartAsync();

        Answer[] answers =
        [
            await api.GetAsync("/me", "Bearer x.y.z"),
            await api.GetAsync("/me", "Bearer " + new string('a', 8193)),
            await api.GetWithAsync("/me", api.Token.WithHeader("alg", "none")),
            await api.GetWithAsync("/me", api.Token.WithHeader("typ", "JWT")),
            await api.GetWithAsync("/me", api.Token.WithHeader("crit", new JsonArray("x"))),
            await api.GetWithAsync("/me", api.Token.WithoutHeader("kid")),
            await api.GetWithAsync("/me", api.Token.WithHeader("kid", "unknown")),
            await api.GetAsync("/me", "Bearer " + api.Token.SignWith(_ => new byte[64])),
            await api.GetWithAsync("/me", api.Token.With("aud", "https://other.example")),
        ];

        Assert.Equal((401, Invalid), (answers[0].Status, answers[0].Code));
        Assert.All(answers, answer => Assert.Equal(answers[0], answer));
    }

    [Fact]
    public async Task Answers_503_where_it_cannot_tell()
    {
        await using var withoutKeys = await StartAsync(prepare: (_, keys) => keys.IsDown = true);
        await using var withoutDenylist = await StartAsync(prepare: (feed, _) => feed.IsDown = true);

        var keysDown = await withoutKeys.GetWithAsync("/me", withoutKeys.Token);
        var denylistDown = await withoutDenylist.GetWithAsync("/me", withoutDenylist.Token);

        Assert.Equal((503, "temporarily_unavailable", "10"), (keysDown.Status, keysDown.Code, keysDown.RetryAfter));
        Assert.Equal((503, "temporarily_unavailable", "5"), (denylistDown.Status, denylistDown.Code, denylistDown.RetryAfter));
        Assert.Null(keysDown.Challenge); // Another token would not help.
        Assert.Null(denylistDown.Challenge);
    }

    [Fact]
    public async Task Lets_anybody_in_where_no_authorization_is_asked_for()
    {
        await using var api = await StartAsync(prepare: (_, keys) => keys.IsDown = true);

        Assert.Equal(200, (await api.GetAsync("/open")).Status);
        Assert.Equal(200, (await api.GetAsync("/open", "Bearer x")).Status);
        Assert.Equal(200, (await api.GetWithAsync("/open", api.Token)).Status);
    }

    [Fact]
    public async Task Knows_roles_scopes_and_policies()
    {
        await using var api = await StartAsync(app =>
        {
            app.MapGet("/admin", () => "in").RequireAuthorization(policy => policy.RequireRole("admin"));
            app.MapGet("/reports", () => "in").RequireScope("reports.read");
            app.MapGet("/either", () => "in").RequireScope("reports.read", "reports.write");
            app.MapGet("/both", () => "in").RequireScope("reports.read").RequireScope("reports.write");
            app.MapGet("/attribute", [RequireScope("reports.read")] () => "in");
            app.MapGet("/policy", () => "in").RequireAuthorization(policy => policy.RequireScope("reports.read"));
            app.MapGet("/claim", () => "in").RequireAuthorization(policy => policy.RequireClaim("scope", "reports.read"));
        });
        async Task AssertAsync(string path, bool isIn, TestToken token)
        {
            var answer = await api.GetWithAsync(path, token);
            Assert.Equal(isIn ? (200, null, null) : (403, "insufficient_scope", "Bearer error=\"insufficient_scope\""),
                (answer.Status, answer.Code, answer.Challenge));
        }

        await AssertAsync("/admin", true, api.Token.With("roles", new JsonArray("user", "admin")));
        await AssertAsync("/admin", false, api.Token.With("roles", new JsonArray("Admin")));
        await AssertAsync("/admin", false, api.Token);
        foreach (var path in (string[])["/reports", "/either", "/attribute", "/policy", "/claim"])
        {
            await AssertAsync(path, true, api.Token.With("scope", "other reports.read"));
            await AssertAsync(path, true, api.Token.With("scope", "reports.read"));
            await AssertAsync(path, false, api.Token.With("scope", "reports.reader xreports.read Reports.read"));
            await AssertAsync(path, false, api.Token);
            Assert.Equal(Missing, (await api.GetAsync(path)).Code);
        }

        await AssertAsync("/either", true, api.Token.With("scope", "reports.write"));
        await AssertAsync("/both", true, api.Token.With("scope", "reports.write reports.read"));
        await AssertAsync("/both", false, api.Token.With("scope", "reports.read"));
    }

    [Fact]
    public async Task Gives_claims_the_names_they_have_in_the_token()
    {
        await using var api = await StartAsync(app => app.MapGet("/claims", (ClaimsPrincipal user) =>
            string.Join('\n', user.Claims.Select(claim => $"{claim.Type}={claim.Value}"))).RequireAuthorization());
        var second = Second(api);

        var answer = await api.GetWithAsync("/claims", api.Token
            .With("scope", "a b").With("roles", new JsonArray("r1", "r2")).With("n", 1.5).With("yes", true).With("none", null)
            .With("cnf", new JsonObject { ["jkt"] = "x" }).With("nested", new JsonArray(new JsonArray(1), 2)).With("empty", new JsonArray()));

        Assert.Equal(
            [
                $"iss={TestToken.Issuer}", "sub=alice", $"aud={TestToken.Audience}", "client_id=default", $"iat={second}", $"exp={second + 600}",
                "jti=Jti-0123456789abcdefgh", "sid=Sid-0123456789abcdefgh", "scope=a b", "roles=r1", "roles=r2", "n=1.5", "yes=true",
                "cnf={\"jkt\":\"x\"}", "nested=[1]", "nested=2", "scope=a", "scope=b",
            ],
            answer.Body.Split('\n'));
    }

    [Fact]
    public async Task Hands_the_validated_token_to_the_endpoint()
    {
        await using var api = await StartAsync(app =>
        {
            app.MapGet("/sid", (HttpContext context) => context.GetValidatedToken().SessionId).RequireAuthorization();
            app.MapGet("/copy", (ClaimsPrincipal user) => user.Clone().FindValidatedToken()!.SessionId).RequireAuthorization();
            app.MapGet("/maybe", (HttpContext context) => context.FindValidatedToken()?.SessionId ?? "none");
            app.MapGet("/wrong", (HttpContext context) =>
                Assert.Throws<InvalidOperationException>(() => context.GetValidatedToken()).Message);
        });

        Assert.Equal("Sid-0123456789abcdefgh", (await api.GetWithAsync("/sid", api.Token)).Body);
        Assert.Equal("Sid-0123456789abcdefgh", (await api.GetWithAsync("/copy", api.Token)).Body);
        Assert.Equal("Sid-0123456789abcdefgh", (await api.GetWithAsync("/maybe", api.Token)).Body);
        Assert.Equal("none", (await api.GetAsync("/maybe")).Body);
        Assert.Contains("authorization", (await api.GetAsync("/wrong")).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Never_logs_a_token()
    {
        await using var api = await StartAsync();
        var (good, forged) = (api.Token.Sign(), api.Token.SignWith(_ => new byte[64]));

        await api.GetAsync("/me", $"Bearer {good}");
        await api.GetAsync("/me", $"Bearer {forged}");
        await api.GetAsync("/me", $"Bearer {good},Bearer {forged}");

        Assert.Contains(api.Log.All, line => line.Text.Contains("SignatureInvalid", StringComparison.Ordinal));
        Assert.DoesNotContain(api.Log.All, line => ((string[])[good, forged]).Any(token =>
            token.Split('.').Any(segment => line.Text.Contains(segment, StringComparison.Ordinal))));
    }

    [Fact]
    public async Task A_rejected_token_writes_no_line_at_the_usual_levels()
    {
        await using var api = await StartAsync();
        var before = UsualLines(api);

        await api.GetAsync("/me", "Bearer x");
        await api.GetWithAsync("/me", api.Token.With("aud", "https://other.example"));

        Assert.Equal(before, UsualLines(api));
        Assert.Equal(
            ["The access token was rejected: Malformed. ", "The access token was rejected: AudienceMismatch. "],
            api.Log.Of(1007).Select(line => line.Text));
    }

    [Theory]
    [InlineData("Bearer x")]
    [InlineData("Bearer a.b.c")]
    [InlineData("Bearer {other audience}")]
    [InlineData("Bearer {expired}")]
    [InlineData("Bearer {t}x")]
    [InlineData("Basic YTpi")]
    public async Task Throws_no_exception_over_what_it_rejects(string header)
    {
        var watched = new WatchedRequests();
        await using var api = await TestApi.StartAsync(builder =>
        {
            Add(builder);
            builder.Services.AddSingleton<IStartupFilter>(watched);
        });
        var text = header.Replace("{other audience}", api.Token.With("aud", "https://other.example").Sign(), StringComparison.Ordinal)
            .Replace("{expired}", api.Token.With("exp", Second(api) - 31).With("iat", Second(api) - 600).Sign(), StringComparison.Ordinal)
            .Replace("{t}", api.Token.Sign(), StringComparison.Ordinal);

        Assert.Equal(401, (await api.GetAsync("/me", text)).Status);

        Assert.Equal("", string.Join('\n', watched.Thrown));
        await api.GetAsync("/throws");
        Assert.Equal(nameof(NotSupportedException), Assert.Single(watched.Thrown)); // It would have been seen.
    }

    /// <summary>Adds the package under test.</summary>
    protected abstract void Add(WebApplicationBuilder builder);

    private protected Task<TestApi> StartAsync(
        Action<WebApplication>? map = null,
        Dictionary<string, string?>? settings = null,
        Action<FakeDenylistFeed, FakeKeySetSource>? prepare = null) => TestApi.StartAsync(Add, map, settings, prepare);

    private static LogLine[] UsualLines(TestApi api) => [.. api.Log.All.Where(line =>
        line.Level >= LogLevel.Information && line.Category.StartsWith("TokenSessions", StringComparison.Ordinal))];

    /// <summary>Notes what is thrown while a request is served, caught or not, and nothing that other tests throw meanwhile.</summary>
    private sealed class WatchedRequests : IStartupFilter
    {
        private readonly AsyncLocal<bool> _isWatched = new();

        public ConcurrentQueue<string> Thrown { get; } = [];

        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use(async (HttpContext context, RequestDelegate rest) =>
            {
                _isWatched.Value = true;
                AppDomain.CurrentDomain.FirstChanceException += Note;
                try
                {
                    await rest(context);
                }
                finally
                {
                    AppDomain.CurrentDomain.FirstChanceException -= Note;
                }
            });
            app.Use((HttpContext context, RequestDelegate rest) => context.Request.Path == "/throws" ? Throw(context) : rest(context));
            next(app);
        };

        private static Task Throw(HttpContext context)
        {
            try
            {
                throw new NotSupportedException();
            }
            catch (NotSupportedException)
            {
                context.Response.StatusCode = StatusCodes.Status204NoContent;
                return Task.CompletedTask;
            }
        }

        private void Note(object? sender, FirstChanceExceptionEventArgs e)
        {
            if (_isWatched.Value)
            {
                Thrown.Enqueue(e.Exception.GetType().Name);
            }
        }
    }

    private static long Second(TestApi api) => api.Clock.GetUtcNow().ToUnixTimeSeconds();
}
