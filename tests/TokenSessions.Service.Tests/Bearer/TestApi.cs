using System.Security.Claims;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TokenSessions.Tests;
using TokenSessions.Tests.Validation;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Service.Tests.Bearer;

/// <summary>A small API in the test's own process: its clock, key set, and denylist feed are the test's.</summary>
internal sealed class TestApi : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestApi(WebApplication app, FakeClock clock, FakeDenylistFeed feed, FakeKeySetSource keys, LogLines log)
    {
        (_app, Clock, Feed, Keys, Log) = (app, clock, feed, keys, log);
        Http = app.GetTestClient();
    }

    public FakeClock Clock { get; }

    public FakeDenylistFeed Feed { get; }

    public FakeKeySetSource Keys { get; }

    public LogLines Log { get; }

    public HttpClient Http { get; }

    public TestServer Server => _app.GetTestServer();

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
        var (feed, keys, log) = (new FakeDenylistFeed(clock), new FakeKeySetSource(TestToken.Key), new LogLines());
        prepare?.Invoke(feed, keys);

        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { EnvironmentName = "Production" });
        builder.WebHost.UseTestServer();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["TokenSessions:Issuer"] = TestToken.Issuer,
            ["TokenSessions:Audience"] = TestToken.Audience,
        });
        builder.Configuration.AddInMemoryCollection(settings ?? []);
        builder.Logging.ClearProviders().AddProvider(log).SetMinimumLevel(LogLevel.Trace);
        builder.Services.AddSingleton<TimeProvider>(clock);
        builder.Services.AddSingleton<IDenylistFeed>(feed);
        builder.Services.AddSingleton<IKeySetSource>(keys);
        add(builder);

        var app = builder.Build();
        app.MapGet("/open", () => "open");
        app.MapGet("/me", (ClaimsPrincipal user) => user.Identity!.Name).RequireAuthorization();
        map?.Invoke(app);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new(app, clock, feed, keys, log);
    }

    public async Task<Answer> GetAsync(string path, params string[] authorization)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (authorization.Length > 0)
        {
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        }

        using var response = await Http.SendAsync(request, TestContext.Current.CancellationToken);
        return await Answer.ReadAsync(response);
    }

    public Task<Answer> GetWithAsync(string path, TestToken token) => GetAsync(path, $"Bearer {token.Sign()}");

    /// <summary>Lets the clock go on, and waits until a step of the upkeep that came due in that time is done.</summary>
    public async Task AdvanceAsync(TimeSpan by, Func<bool> until)
    {
        Clock.Advance(by);
        while (!until())
        {
            await Task.Yield();
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
        }
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.DisposeAsync();
    }
}
