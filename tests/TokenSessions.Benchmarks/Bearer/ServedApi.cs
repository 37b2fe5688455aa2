using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TokenSessions.Benchmarks.Traffic;
using TokenSessions.Service.Tests.Processes;
using TokenSessions.Tests.Validation;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Benchmarks.Bearer;

/// <summary>The small API that is measured, in a process of its own: neither its garbage collector nor its threads are the client's.</summary>
internal static class ServedApi
{
    /// <summary>The first argument of this program when it is to be the API; the second is the variant.</summary>
    public const string Argument = "api";

    /// <summary>Reads the user's subject.</summary>
    public const string UserPath = "/reports";

    /// <summary>Asks for a user, and does not look at it.</summary>
    public const string NoUserPath = "/ping";

    private const string ConditionPath = "/condition";
    private const string KeySetSetting = "KeySet";
    private const int Rules = 1_000;

    /// <summary>An empty folder: a host watches the folder of its settings, with all below it, for changes.</summary>
    private static readonly string NoSettings = Path.Combine(AppContext.BaseDirectory, "no-settings");

    /// <summary>Starts the process.</summary>
    /// <param name="variant">How it knows its callers.</param>
    /// <param name="keySet">Where its key set is.</param>
    public static Task<RunningProcess> StartAsync(ApiVariant variant, Uri keySet) => StartAsync(keySet, Command(variant));

    /// <summary>Starts any API that takes the same settings.</summary>
    /// <param name="keySet">Where its key set is.</param>
    /// <param name="command">Its program and arguments.</param>
    public static Task<RunningProcess> StartAsync(Uri keySet, params string[] command)
    {
        var (program, arguments) = Cores.ForServer(command[0], command[1..]);
        var settings = new Dictionary<string, string>
        {
            ["ASPNETCORE_CONTENTROOT"] = Directory.CreateDirectory(NoSettings).FullName,
            ["TokenSessions__Issuer"] = TestToken.Issuer,
            ["TokenSessions__Audience"] = TestToken.Audience,
            [KeySetSetting] = keySet.ToString(),
        };
        return RunningProcess.StartAsync(program, RunningProcess.FreeAddress(), settings, CancellationToken.None, arguments);
    }

    /// <summary>What starts the process.</summary>
    public static string[] Command(ApiVariant variant) => ["dotnet", typeof(ServedApi).Assembly.Location, Argument, variant.Name];

    /// <summary>How the process is, once all garbage is collected.</summary>
    public static async Task<Condition> AskConditionAsync(HttpClient http, Uri api)
    {
        var numbers = (await http.GetStringAsync(new Uri(api, ConditionPath))).Split(' ');
        return new(long.Parse(numbers[0], CultureInfo.InvariantCulture), long.Parse(numbers[1], CultureInfo.InvariantCulture));
    }

    /// <summary>The process: runs until it is ended.</summary>
    public static async Task ServeAsync(string variantName)
    {
        var variant = ApiVariant.All.Single(candidate => candidate.Name == variantName);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning).AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Information);
        using var http = new HttpClient();
        var keySet = builder.Configuration[KeySetSetting]!;
        if (variant.Add is { } add)
        {
            builder.Services.AddSingleton<IKeySetSource>(HttpKeySetSource.At(http, new(keySet)));
            builder.Services.AddSingleton<IDenylistFeed>(Feed());
            builder.Services.AddAuthorization();
            add(builder.Services, () => http.GetStringAsync(keySet).GetAwaiter().GetResult());
        }

        await using var app = builder.Build();
        IEndpointConventionBuilder[] endpoints =
        [
            app.MapGet(UserPath, context => AnswerAsync(context, Encoding.UTF8.GetBytes(context.User.FindFirst("sub")?.Value ?? "nobody"))),
            app.MapGet(NoUserPath, context => AnswerAsync(context, "pong"u8.ToArray())),
        ];
        if (variant.Add is not null)
        {
            Array.ForEach(endpoints, endpoint => endpoint.RequireAuthorization());
        }

        app.MapGet(ConditionPath, context => AnswerAsync(context, Encoding.UTF8.GetBytes(Condition.Now().ToString())));
        await app.RunAsync();
    }

    private static Task AnswerAsync(HttpContext context, byte[] text)
    {
        context.Response.ContentType = "text/plain";
        context.Response.ContentLength = text.Length;
        return context.Response.Body.WriteAsync(text, 0, text.Length);
    }

    /// <summary>Rules of other sessions and users, so that each token is really looked for.</summary>
    private static FakeDenylistFeed Feed()
    {
        var feed = new FakeDenylistFeed(TimeProvider.System);
        for (var i = 0; i < Rules; i++)
        {
            feed.Deny(i % 2 == 0 ? RuleKind.Session : RuleKind.Subject, $"other-{i}", watermark: 1);
        }

        return feed;
    }

    /// <param name="HeapBytes">Of the garbage-collected heap, what is alive.</param>
    /// <param name="WorkingSetBytes">Of the process.</param>
    internal sealed record Condition(long HeapBytes, long WorkingSetBytes)
    {
        public static Condition Now() => new(GC.GetTotalMemory(forceFullCollection: true), Environment.WorkingSet);

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{HeapBytes} {WorkingSetBytes}");
    }
}
