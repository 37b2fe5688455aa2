using System.Diagnostics;
using System.Globalization;
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

/// <summary>What one request takes inside an API, without sockets: what a scheme adds is not lost in what they take.</summary>
internal static class BearerCost
{
    // Short rounds and many: most of them pass without anything else taking the processor.
    private const int Rounds = 150;
    private const int RequestsPerRound = 100;
    private const string Plain = "/plain";
    private const string Role = "/role";
    private const string Claim = "/claim";

    /// <summary>Prints the table.</summary>
    public static async Task MeasureAsync()
    {
        var token = new TestToken(DateTimeOffset.UtcNow)
            .With("scope", "reports.read reports.write").With("roles", new System.Text.Json.Nodes.JsonArray("user", "admin"));
        var (good, forged) = ($"Bearer {token.Sign()}", $"Bearer {token.SignWith(_ => new byte[64])[..^3]}");
        List<Row> rows = [];
        foreach (var variant in ApiVariant.All)
        {
            var api = await StartAsync(variant);
            rows.Add(new(variant.Title, api, Plain, good));
            if (variant.Add is not null)
            {
                rows.Add(new($"{variant.Title}, and a role", api, Role, good));
                rows.Add(new($"{variant.Title}, and a claim", api, Claim, good));
                rows.Add(new($"{variant.Title}, a malformed token", api, Plain, forged));
            }
        }

        for (var round = 0; round < Rounds; round++)
        {
            foreach (var row in rows)
            {
                await row.MeasureAsync();
            }
        }

        Console.WriteLine("| one request, in this process | status | ns | bytes | ns beyond accepting everything |");
        Console.WriteLine("|---|---|---|---|---|");
        var everything = rows.Single(row => row.Title == ApiVariant.AcceptsEverything.Title).Nanoseconds;
        foreach (var row in rows)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {row.Title} | {row.Status} | {row.Nanoseconds:N0} | {row.Bytes:N0} | {row.Nanoseconds - everything:N0} |"));
        }
    }

    private static async Task<RequestSink> StartAsync(ApiVariant variant)
    {
        var sink = new RequestSink();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["TokenSessions:Issuer"] = TestToken.Issuer,
            ["TokenSessions:Audience"] = TestToken.Audience,
        });
        builder.Services.AddSingleton<IServer>(sink);
        builder.Services.AddSingleton<IDenylistFeed>(new FakeDenylistFeed(TimeProvider.System));
        builder.Services.AddSingleton<IKeySetSource>(new OneKey());
        if (variant.Add is not null)
        {
            builder.Services.AddAuthorization();
            variant.Add(builder.Services, System.Text.Encoding.UTF8.GetString(new KeySet([TestToken.Key]).ToJson()));
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
        return sink;
    }

    private static Task AnswerAsync(HttpContext context)
    {
        context.Response.ContentLength = 2;
        return context.Response.Body.WriteAsync("ok"u8.ToArray(), 0, 2);
    }

    /// <summary>One line of the table.</summary>
    private sealed class Row(string title, RequestSink api, string path, string authorization)
    {
        private readonly List<double> _nanoseconds = [];
        private readonly List<double> _bytes = [];

        public string Title => title;

        public int Status { get; private set; }

        public double Nanoseconds => Median(_nanoseconds);

        public double Bytes => Median(_bytes);

        public async Task MeasureAsync()
        {
            var (allocated, startedAt) = (GC.GetAllocatedBytesForCurrentThread(), Stopwatch.GetTimestamp());
            for (var i = 0; i < RequestsPerRound; i++)
            {
                var answered = api.Send(path, authorization);
                Status = answered.IsCompletedSuccessfully ? answered.Result : await answered;
            }

            _nanoseconds.Add(Stopwatch.GetElapsedTime(startedAt).TotalNanoseconds / RequestsPerRound);
            _bytes.Add((double)(GC.GetAllocatedBytesForCurrentThread() - allocated) / RequestsPerRound);
        }

        private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
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

        public async ValueTask<int> Send(string path, string authorization)
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
