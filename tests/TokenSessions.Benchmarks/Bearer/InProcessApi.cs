using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;
using TokenSessions.Tests.Validation;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Benchmarks.Bearer;

/// <summary>The small API without sockets: what a scheme adds is not lost in what they take.</summary>
internal sealed class InProcessApi : IAsyncDisposable
{
    /// <summary>Asks for a user.</summary>
    public const string Plain = "/plain";

    /// <summary>Asks the user for a role.</summary>
    public const string Role = "/role";

    /// <summary>Asks the user for a claim.</summary>
    public const string Claim = "/claim";

    private readonly WebApplication _app;
    private readonly RequestSink _server;

    private InProcessApi(WebApplication app, RequestSink server) => (_app, _server) = (app, server);

    public static async Task<InProcessApi> StartAsync(ApiVariant variant)
    {
        var server = new RequestSink();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["TokenSessions:Issuer"] = TestToken.Issuer,
            ["TokenSessions:Audience"] = TestToken.Audience,
        });
        builder.Services.AddSingleton<IServer>(server);
        builder.Services.AddSingleton<IDenylistFeed>(new FakeDenylistFeed(TimeProvider.System));
        builder.Services.AddSingleton<IKeySetSource>(new OneKey());
        if (variant.Add is not null)
        {
            builder.Services.AddAuthorization();
            variant.Add(builder.Services, () => Encoding.UTF8.GetString(new KeySet([TestToken.Key]).ToJson()));
        }

        var app = builder.Build();
        var (plain, role, claim) = (app.MapGet(Plain, AnswerAsync), app.MapGet(Role, AnswerAsync), app.MapGet(Claim, AnswerAsync));
        if (variant.Add is not null)
        {
            plain.RequireAuthorization();
            role.RequireAuthorization(policy => policy.RequireAssertion(context =>
                context.User.IsInRole("admin") || context.User.HasClaim("sub", "alice"))); // Not everybody has the role.
            claim.RequireAuthorization(policy => policy.RequireClaim("sub", "alice"));
        }

        await app.StartAsync();
        return new(app, server);
    }

    /// <summary>Sends the same request so many times, one after the other.</summary>
    /// <param name="times">How often.</param>
    /// <param name="path">What is asked for.</param>
    /// <param name="authorization">The header.</param>
    /// <param name="status">The only right answer.</param>
    public void Send(int times, string path, string authorization, int status)
    {
        for (var i = 0; i < times; i++)
        {
            var answer = _server.SendAsync(path, authorization);
            var answered = answer.IsCompletedSuccessfully ? answer.Result : answer.AsTask().GetAwaiter().GetResult();
            if (answered != status)
            {
                throw new InvalidOperationException($"{path} answered {answered}, not {status}.");
            }
        }
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static Task AnswerAsync(HttpContext context)
    {
        context.Response.ContentLength = 2;
        return context.Response.Body.WriteAsync("ok"u8.ToArray(), 0, 2);
    }

    /// <summary>The published key, at hand.</summary>
    private sealed class OneKey : IKeySetSource
    {
        public Task<KeySet> FetchAsync(CancellationToken cancellationToken) => Task.FromResult(new KeySet([TestToken.Key]));
    }

    /// <summary>A server without a network: hands requests to the application as a server does.</summary>
    private sealed class RequestSink : IServer
    {
        private Func<FeatureCollection, Task>? _process;

        public IFeatureCollection Features { get; } = new FeatureCollection();

        public Task StartAsync<TContext>(IHttpApplication<TContext> application, CancellationToken cancellationToken)
            where TContext : notnull
        {
            _process = async features =>
            {
                var context = application.CreateContext(features);
                await application.ProcessRequestAsync(context);
                application.DisposeContext(context, null);
            };
            return Task.CompletedTask;
        }

        public async ValueTask<int> SendAsync(string path, string authorization)
        {
            var response = new HttpResponseFeature();
            var features = new FeatureCollection();
            features.Set<IHttpRequestFeature>(new HttpRequestFeature
            {
                Method = "GET",
                Path = path,
                Headers = new HeaderDictionary { [HeaderNames.Authorization] = authorization },
            });
            features.Set<IHttpResponseFeature>(response);
            features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(Stream.Null));
            await _process!(features);
            return response.StatusCode;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public void Dispose()
        {
        }
    }
}
