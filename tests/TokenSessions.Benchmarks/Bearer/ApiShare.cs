using TokenSessions.Benchmarks.Measuring;
using TokenSessions.Benchmarks.Traffic;
using TokenSessions.Service.Tests.Processes;
using TokenSessions.Tests.Validation;

namespace TokenSessions.Benchmarks.Bearer;

/// <summary>What is left of an API's requests a second, by the way it knows its callers.</summary>
internal static class ApiShare
{
    private const double LeastShare = 0.97;
    private const int Connections = 8;
    private const int ManyTokens = 1_000;
    private const int Compilations = 3;

    /// <summary>Rounds in each of which every variant has its turn, in turning order; medians of the rounds' figures and ratios.</summary>
    public static async Task<IReadOnlyList<Row>> MeasureAsync(Effort effort)
    {
        var warmUp = TimeSpan.FromSeconds(effort.IsQuick ? 1.2 : 4);
        using var keySet = new CountingKeySet();
        using var pinned = Cores.ForClient();
        var apis = new List<Served>();
        try
        {
            foreach (var variant in ApiVariant.All)
            {
                var process = await ServedApi.StartAsync(variant, keySet.Address);
                apis.Add(new(variant, process, [.. Enumerable.Range(0, Connections).Select(_ => new Connection(process.Address))]));
            }

            var tokens = Tokens(ManyTokens);
            byte[][] one = [Connection.Get(ServedApi.UserPath, tokens[0])];
            byte[][] many = [.. tokens.Select(token => Connection.Get(ServedApi.UserPath, token))];
            byte[][] unread = [.. tokens.Select(token => Connection.Get(ServedApi.NoUserPath, token))];
            for (var pass = 0; pass < Compilations; pass++) // Each API is left alone between its turns: then the runtime compiles.
            {
                RunRound(apis, [.. many, .. unread], warmUp / Compilations);
            }

            List<Row> rows = [.. Measure(effort, apis, $"the subject of {ManyTokens:N0} tokens is read", many)];
            if (!effort.IsQuick)
            {
                rows.AddRange(Measure(effort, apis, "the subject of one token is read", one));
                rows.AddRange(Measure(effort, apis, $"nobody looks at the user, {ManyTokens:N0} tokens", unread));
            }

            return rows;
        }
        finally
        {
            foreach (var api in apis)
            {
                await api.DisposeAsync();
            }
        }
    }

    /// <summary>Different tokens of different users.</summary>
    public static string[] Tokens(int count) => [.. Enumerable.Range(0, count).Select(i => new TestToken(DateTimeOffset.UtcNow)
        .With("sub", $"user-{i}").With("jti", $"jti-{i}").With("sid", $"sid-{i}").With("exp", DateTimeOffset.UtcNow.AddMinutes(50).ToUnixTimeSeconds())
        .With("scope", "reports.read reports.write").Sign())];

    private static IEnumerable<Row> Measure(Effort effort, List<Served> apis, string title, byte[][] requests)
    {
        var (rounds, slice) = effort.IsQuick ? (13, TimeSpan.FromSeconds(0.05)) : (21, TimeSpan.FromSeconds(0.2));
        Dictionary<ApiVariant, Result>[] results = [.. Enumerable.Range(0, rounds).Select(round =>
            RunRound(round % 2 == 0 ? apis : apis.AsEnumerable().Reverse(), requests, slice))];
        foreach (var variant in ApiVariant.All)
        {
            var what = variant == ApiVariant.None
                ? $"load: an API where {title} ({Connections} connections kept alive, {Cores.Description}), {variant.Title}"
                : $"… {variant.Title}";
            Result[] own = [.. results.Select(round => round[variant])];
            var measured = Load.Describe([.. own.Select(result => result.Load)], MicrosecondsARequest(own));
            var (share, ofNone) = (Share(ApiVariant.AcceptsEverything), Share(ApiVariant.None));
            var ratio = $"{share:0.000} of accepting everything, {ofNone:0.000} of no authentication";
            yield return variant == ApiVariant.Ours && !effort.IsQuick // Too short for a verdict.
                ? Row.Of(what, $"≥ {LeastShare} of accepting everything", measured, ratio, share >= LeastShare)
                : Row.Of(what, measured, ratio);

            double Share(ApiVariant to) => Figure.Median(results.Select(round => round[variant].Load.PerSecond / round[to].Load.PerSecond));
        }
    }

    private static Dictionary<ApiVariant, Result> RunRound(IEnumerable<Served> apis, byte[][] requests, TimeSpan duration) =>
        apis.ToDictionary(api => api.Variant, api =>
        {
            var before = api.Process.ProcessorTime;
            var load = ClosedLoop.Run(api.Connections, ClosedLoop.Cycle(requests), duration);
            return new Result(load, api.Process.ProcessorTime - before);
        });

    private static double MicrosecondsARequest(Result[] results) =>
        results.Sum(result => result.ProcessorTime.TotalMicroseconds) / results.Sum(result => result.Load.Times.Count);

    /// <param name="Load">As the client saw it.</param>
    /// <param name="ProcessorTime">Of the API meanwhile: what others do on the machine changes it least.</param>
    private sealed record Result(Load Load, TimeSpan ProcessorTime);

    /// <summary>One of the APIs, with the connections to it.</summary>
    private sealed record Served(ApiVariant Variant, RunningProcess Process, Connection[] Connections) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            Array.ForEach(Connections, connection => connection.Dispose());
            return Process.DisposeAsync();
        }
    }
}
