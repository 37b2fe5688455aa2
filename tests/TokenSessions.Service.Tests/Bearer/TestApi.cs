using System.Diagnostics.Metrics;
using System.Security.Claims;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TokenSessions.Service.Tests.Leaks;
using TokenSessions.Tests;
using TokenSessions.Tests.Validation;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Service.Tests.Bearer;

/// <summary>A small API in the test's own process: its clock, key set, and denylist feed are the test's.</summary>
internal sealed class TestApi : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestApi(WebApplication app, FakeClock clock, FakeDenylistFeed feed, FakeKeySetSource keys, LeakWatch leaks)
    {
        (_app, Clock, Feed, Keys, Leaks) = (app, clock, feed, keys, leaks);
        Http = app.GetTestClient();
    }

    public FakeClock Clock { get; }

    public FakeDenylistFeed Feed { get; }

    public FakeKeySetSource Keys { get; }

    /// <summary>No test's API may give a secret away.</summary>
    public LeakWatch Leaks { get; }

    public LogLines Log => Leaks.Log;

    public HttpClient Http { get; }

    public IMeterFactory Meters => _app.Services.GetRequiredService<IMeterFactory>();

    public TestToken Token => new(Clock.GetUtcNow());

    /// <summary>Starts an API.</summary>
    /// <param name="add">Adds the package under test.</param>
    /// <param name="map">More endpoints.</param>
    /// <param name="settings">More settings, or others.</param>
    /// <param name="prepare">Changes the feed and the keys before the start.</param>
    public static async Task<TestApi> StartAsync(
        Action<WebApplicationBuilder> add,
        Action<WebApplication>? map = null,
        Dictionary<string, string?>? settings = null,
        Action<FakeDenylistFeed, FakeKeySetSource>? prepare = null)
    {
        var clock = new FakeClock();
        var (feed, keys, leaks) = (new FakeDenylistFeed(clock), new FakeKeySetSource(TestToken.Key), new LeakWatch());
        prepare?.Invoke(feed, keys);

        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { EnvironmentName = "Production" });
        builder.Configuration.Sources.Clear(); // The settings file of the sample API lies beside the tests.
        builder.WebHost.UseTestServer();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["TokenSessions:Issuer"] = TestToken.Issuer,
            ["TokenSessions:Audience"] = TestToken.Audience,
        });
        builder.Configuration.AddInMemoryCollection(settings ?? []);
        builder.Logging.ClearProviders().AddProvider(leaks.Log).SetMinimumLevel(LogLevel.Trace);
        builder.Services.AddSingleton<TimeProvider>(clock);
        builder.Services.AddSingleton<IDenylistFeed>(feed);
        builder.Services.AddSingleton<IKeySetSource>(keys);
        add(builder);

        var app = builder.Build();
        app.MapGet("/open", () => "open");
        app.MapGet("/me", (ClaimsPrincipal user) => user.Identity!.Name).RequireAuthorization();
        map?.Invoke(app);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new(app, clock, feed, keys, leaks);
    }

    /// <summary>Sends header lines exactly as they are: a client would tidy them up first.</summary>
    public async Task<Answer> GetAsync(string pathAndQuery, params string[] authorization)
    {
        Leaks.Sent(authorization, "");
        var uri = new Uri("http://localhost" + pathAndQuery);
        var context = await _app.GetTestServer().SendAsync(
            context =>
            {
                context.Request.Method = "GET";
                (context.Request.Path, context.Request.QueryString) = (PathString.FromUriComponent(uri), QueryString.FromUriComponent(uri));
                context.Request.Headers.Authorization = authorization;
            },
            TestContext.Current.CancellationToken);
        var answer = await Answer.ReadAsync(context.Response);
        Leaks.Answered($"{answer.Status} of {pathAndQuery.Split('?')[0]}", context.Response.Headers.Select(header => $"{header.Value}"), answer.Body);
        return answer;
    }

    public Task<Answer> GetWithAsync(string path, TestToken token) => GetAsync(path, $"Bearer {token.Sign()}");

    /// <summary>Waits for what a background loop does on threads of its own, once the clock has made it due.</summary>
    public static async Task UntilAsync(Func<Task<bool>> isDone)
    {
        while (!await isDone())
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            await Task.Delay(TimeSpan.FromMilliseconds(5), TestContext.Current.CancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Telemetry.Observe();
        Http.Dispose();
        await _app.DisposeAsync();
        Leaks.Check();
    }
}
