extern alias ServiceHost;

using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TokenSessions.Issuing.Stores;
using TokenSessions.Service.Tests.Bearer;
using TokenSessions.Service.Tests.Leaks;
using TokenSessions.Tests;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Service.Tests.Service;

/// <summary>The service in this process, in a data directory of its own, with the test's clock.</summary>
internal sealed class TestService : WebApplicationFactory<ServiceHost::Program>
{
    public const string Password = "correct horse 42";
    public const string Issuer = "http://localhost:5080";

    private static readonly Lazy<string> Prepared = new(Prepare);

    private readonly string _directory = Directory.CreateTempSubdirectory("tokensessions-").FullName;
    private readonly Dictionary<string, string> _settings;
    private readonly TimeSpan? _deadline;
    private readonly string? _forwarding;

    /// <param name="settings">Further settings, without the section.</param>
    /// <param name="isFirstRun">True to start without files; else with a copy of what a first run made once, which saves its hashes.</param>
    /// <param name="deadline">What one request may take; null for what the service sets.</param>
    /// <param name="forwarding">Whether addresses of a proxy are believed; null for unsaid.</param>
    public TestService(
        Dictionary<string, string>? settings = null, bool isFirstRun = false, TimeSpan? deadline = null,
        string? forwarding = null)
    {
        (_deadline, _forwarding) = (deadline, forwarding);
        if (!isFirstRun)
        {
            CopyDirectory(Prepared.Value, DataDirectory);
        }

        _settings = new()
        {
            ["DataDirectory"] = DataDirectory,
            ["FirstRunPassword"] = Password,
        };
        foreach (var (name, value) in settings ?? [])
        {
            _settings[name] = value;
        }
    }

    public FakeClock Clock { get; } = new();

    /// <summary>No test's service may give a secret away.</summary>
    public LeakWatch Leaks { get; } = new();

    /// <summary>Every line of every level.</summary>
    public LogLines Log => Leaks.Log;

    /// <summary>What went to standard output.</summary>
    public StringWriter Output { get; } = new();

    public string DataDirectory => Path.Combine(_directory, "data");

    public string UsersFile => Path.Combine(DataDirectory, "users.json");

    /// <summary>Logs in.</summary>
    public async Task<Tokens> LoginAsync(string user = "demo", string? audience = null)
    {
        var answer = await LoginAsync(new { username = user, password = Password, audience });
        Assert.Equal(200, answer.Status);
        return Tokens.Read(answer.Body);
    }

    /// <summary>Logs in with any body.</summary>
    public Task<Answer> LoginAsync(object body, string? address = null) =>
        SendAsync(HttpMethod.Post, "/login", Json(body), address: address);

    /// <summary>The access token of the administrator, good for the administrator's endpoints.</summary>
    public async Task<string> AdminTokenAsync() => (await LoginAsync("admin", Issuer)).AccessToken;

    public Task<Answer> RefreshAsync(string refreshToken) => SendAsync(
        HttpMethod.Post, "/oauth2/token", Form(("grant_type", "refresh_token"), ("refresh_token", refreshToken)));

    public Task<Answer> SessionAsync(string accessToken) => SendAsync(HttpMethod.Get, "/session", bearer: accessToken);

    public async Task<Answer> RevokeAsync(string kind, string? value) => await SendAsync(
        HttpMethod.Post, "/admin/revocations", Json(new { kind, value, reason = "a test" }), await AdminTokenAsync());

    public async Task<Answer> SendAsync(
        HttpMethod method, string path, HttpContent? content = null, string? bearer = null, string? address = null)
    {
        using var response = await RespondAsync(method, path, content, bearer, address);
        return await Answer.ReadAsync(response);
    }

    public async Task<HttpResponseMessage> RespondAsync(
        HttpMethod method, string path, HttpContent? content = null, string? bearer = null, string? address = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        if (bearer is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
        }

        if (address is not null)
        {
            request.Headers.Add(AddressFilter.Header, address);
        }

        await Leaks.SentAsync(request);
        var response = await CreateClient().SendAsync(request, TestContext.Current.CancellationToken);
        await Leaks.AnsweredAsync(response);
        return response;
    }

    public static HttpContent Json(object body) =>
        new StringContent(body as string ?? JsonSerializer.Serialize(body, IgnoringNulls), Encoding.UTF8, "application/json");

    public static HttpContent Form(params (string Name, string Value)[] fields) =>
        new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Name, field.Value)));

    public static HttpContent RawForm(string body) => new StringContent(body, Encoding.UTF8, "application/x-www-form-urlencoded");

    /// <summary>Lets the clock go on, a second at a time, until something has come true in the background.</summary>
    public async Task EventuallyAsync(Func<bool> condition)
    {
        for (var i = 0; i < 100 && !condition(); i++)
        {
            Clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(10, TestContext.Current.CancellationToken); // The pool has to run what the clock released.
        }

        Assert.True(condition());
    }

    /// <summary>True if the feed of the store can never be read.</summary>
    public bool IsFeedBroken { get; init; }

    /// <summary>From here on every call of the store fails.</summary>
    public void BreakStore() => Services.GetRequiredService<BreakableStore>().IsBroken = true;

    /// <summary>From here on the store's reads last until they are given up.</summary>
    public void HangStore() => Services.GetRequiredService<BreakableStore>().IsHanging = true;

    /// <summary>Waits, without moving the clock, until the service's own denylist is as of now.</summary>
    public async Task UntilSyncedAsync()
    {
        var denylist = Services.GetRequiredService<DenylistSync>();
        await denylist.SyncAsync(TestContext.Current.CancellationToken); // It may join a poll that the moving clock began earlier;
        await denylist.SyncAsync(TestContext.Current.CancellationToken); // this one cannot.
        Assert.True(denylist.TryGetSnapshot(out _, out var age) && age == TimeSpan.Zero);
    }

    public override async ValueTask DisposeAsync()
    {
        Telemetry.Observe();
        await base.DisposeAsync();
        Leaks.AddFiles(new(DataDirectory));
        Directory.Delete(_directory, recursive: true);
        Leaks.Check();
    }

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        builder.UseEnvironment("Development");
        foreach (var (name, value) in _settings)
        {
            builder.UseSetting($"TokenSessions:{name}", value);
        }

        if (_forwarding is not null)
        {
            builder.UseSetting("FORWARDEDHEADERS_ENABLED", _forwarding);
        }

        builder.UseSetting("Logging:LogLevel:Default", "Trace");
        builder.UseSetting("Logging:LogLevel:Microsoft.AspNetCore", "Trace");

        builder.ConfigureLogging(logging => logging.ClearProviders().AddProvider(Log));
        builder.ConfigureTestServices(services =>
        {
            services.AddSingleton<TimeProvider>(Clock);
            services.AddSingleton<TextWriter>(Output);
            services.AddSingleton<IStartupFilter, AddressFilter>();
            services.PostConfigure<RequestTimeoutOptions>(timeouts => timeouts.DefaultPolicy = new()
            {
                Timeout = _deadline ?? timeouts.DefaultPolicy!.Timeout,
                TimeoutStatusCode = timeouts.DefaultPolicy!.TimeoutStatusCode,
                WriteTimeoutResponse = timeouts.DefaultPolicy.WriteTimeoutResponse,
            });
            services.AddSingleton(provider => new BreakableStore(provider.GetRequiredService<JournalStore>()) { IsFeedBroken = IsFeedBroken });
            services.AddSingleton<ISessionStore>(provider => provider.GetRequiredService<BreakableStore>());
            services.AddSingleton<IDenylistFeed>(provider => provider.GetRequiredService<BreakableStore>());
        });
    }

    private static string Prepare()
    {
        var copy = Directory.CreateTempSubdirectory("tokensessions-prepared-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(copy, recursive: true);
        using var service = new TestService(isFirstRun: true);
        service.CreateClient().Dispose();
        CopyDirectory(service.DataDirectory, copy);
        return copy;
    }

    private static void CopyDirectory(string from, string to)
    {
        var made = Directory.CreateDirectory(to);
        if (!OperatingSystem.IsWindows())
        {
            made.UnixFileMode = new DirectoryInfo(from).UnixFileMode;
        }

        foreach (var file in Directory.GetFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file))); // With its rights.
        }

        foreach (var directory in Directory.GetDirectories(from).Where(path => Path.GetFileName(path) != "journal")) // That has an owner.
        {
            CopyDirectory(directory, Path.Combine(to, Path.GetFileName(directory)));
        }
    }

    private static readonly JsonSerializerOptions IgnoringNulls = new()
    {
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>The test server has no connection, and so no address of the caller: the test names one.</summary>
    private sealed class AddressFilter : IStartupFilter
    {
        public const string Header = "X-Test-Address";

        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use((context, continuation) =>
            {
                context.Connection.RemoteIpAddress =
                    context.Request.Headers[Header] is [{ } address] ? IPAddress.Parse(address) : IPAddress.Loopback;
                return continuation(context);
            });
            next(app);
        };
    }
}

/// <summary>The answer of a login or refresh.</summary>
internal sealed record Tokens(string AccessToken, string RefreshToken, string SessionId, JsonElement Members)
{
    /// <summary>The claims of the access token.</summary>
    public JsonElement Claims => JsonDocument.Parse(
        System.Buffers.Text.Base64Url.DecodeFromChars(AccessToken.Split('.')[1])).RootElement;

    public static Tokens Read(string body)
    {
        var members = JsonDocument.Parse(body).RootElement;
        return new(
            members.GetProperty("access_token").GetString()!,
            members.GetProperty("refresh_token").GetString()!,
            members.GetProperty("session_id").GetString()!,
            members);
    }
}
