using TokenSessions.Benchmarks.Traffic;
using TokenSessions.Service.Tests.Processes;
using TokenSessions.Tests.Validation;

namespace TokenSessions.Benchmarks.Bearer;

/// <summary>What is left of an API's requests a second, by the way it knows its callers.</summary>
internal static class ApiShare
{
    private const int Connections = 8;
    private const int ManyTokens = 1_000;

    /// <summary>Prints the table: rounds of all variants after one another, and medians of the rounds' figures and ratios.</summary>
    /// <param name="quick">10 rounds of 0.075 s instead of 5 of 1 s.</param>
    public static async Task MeasureAsync(bool quick)
    {
        var (rounds, slice) = quick ? (10, TimeSpan.FromSeconds(0.075)) : (5, TimeSpan.FromSeconds(1));
        var warmUp = TimeSpan.FromSeconds(quick ? 0.7 : 2); // Code is compiled, and compiled again.
        using var keySet = new CountingKeySet();
        using var pinned = Cores.ForClient();
        var apis = new List<(ApiVariant Variant, RunningProcess Process, Connection[] Connections)>();
        try
        {
            foreach (var variant in ApiVariant.All)
            {
                var process = await ServedApi.StartAsync(variant, keySet.Address);
                apis.Add((variant, process, [.. Enumerable.Range(0, Connections).Select(_ => new Connection(process.Address))]));
            }

            var tokens = Tokens(ManyTokens);
            RoundOf([.. tokens.SelectMany(token => new[] { Connection.Get(ServedApi.UserPath, token), Connection.Get(ServedApi.NoUserPath, token) })], warmUp);
            Console.WriteLine($"{Connections} connections kept alive, {Cores.Description}; medians of {rounds} rounds of {slice.TotalSeconds} s each.");
            Console.WriteLine();
            Console.WriteLine("| request | the API has | requests/s | of accepting everything | of no authentication | p50 | p99 | processor time a request | of the client |");
            Console.WriteLine("|---|---|---|---|---|---|---|---|---|");
            Print("reads the subject, 1 token", Measure(ServedApi.UserPath, tokens[..1]));
            Print($"reads the subject, {ManyTokens} tokens", Measure(ServedApi.UserPath, tokens));
            Print($"no look at the user, {ManyTokens} tokens", Measure(ServedApi.NoUserPath, tokens));
        }
        finally
        {
            foreach (var api in apis)
            {
                Array.ForEach(api.Connections, connection => connection.Dispose());
                await api.Process.DisposeAsync();
            }
        }

        List<Dictionary<ApiVariant, Result>> Measure(string path, string[] tokens)
        {
            byte[][] requests = [.. tokens.Select(token => Connection.Get(path, token))];
            return [.. Enumerable.Range(0, rounds).Select(_ => RoundOf(requests, slice))];
        }

        Dictionary<ApiVariant, Result> RoundOf(byte[][] requests, TimeSpan duration) => apis.ToDictionary(api => api.Variant, api =>
        {
            var (before, clientBefore) = (api.Process.ProcessorTime, Environment.CpuUsage.TotalTime);
            var load = ClosedLoop.Run(api.Connections, ClosedLoop.Cycle(requests), duration);
            return new Result(load, api.Process.ProcessorTime - before, Environment.CpuUsage.TotalTime - clientBefore);
        });
    }

    /// <summary>Different tokens of different users.</summary>
    public static string[] Tokens(int count) => [.. Enumerable.Range(0, count).Select(i => new TestToken(DateTimeOffset.UtcNow)
        .With("sub", $"user-{i}").With("jti", $"jti-{i}").With("sid", $"sid-{i}").With("exp", DateTimeOffset.UtcNow.AddMinutes(50).ToUnixTimeSeconds())
        .With("scope", "reports.read reports.write").Sign())];

    private static void Print(string request, List<Dictionary<ApiVariant, Result>> rounds)
    {
        foreach (var variant in ApiVariant.All)
        {
            Console.WriteLine(string.Join(
                " | ",
                $"| {request} | {variant.Title} | {Median(round => round[variant].Load.PerSecond):0}",
                $"{Ratio(ApiVariant.AcceptsEverything):0.000} | {Ratio(ApiVariant.None):0.000}",
                $"{Median(round => round[variant].Load.Milliseconds(0.5)):0.00} ms | {Median(round => round[variant].Load.Milliseconds(0.99)):0.00} ms",
                $"{ARequest(result => result.ProcessorTime):0.0} µs | {ARequest(result => result.ClientTime):0.0} µs |"));

            double ARequest(Func<Result, TimeSpan> of) =>
                rounds.Sum(round => of(round[variant]).TotalMicroseconds) / rounds.Sum(round => round[variant].Load.Times.Count);

            double Ratio(ApiVariant to) => Median(round => round[variant].Load.PerSecond / round[to].Load.PerSecond);
        }

        double Median(Func<Dictionary<ApiVariant, Result>, double> of) => rounds.Select(of).Order().ElementAt(rounds.Count / 2);
    }

    /// <param name="Load">As the client saw it.</param>
    /// <param name="ProcessorTime">Of the API meanwhile: what others do on the machine changes it least.</param>
    /// <param name="ClientTime">Of the client: where it is not much less, the client is what limits.</param>
    private sealed record Result(Load Load, TimeSpan ProcessorTime, TimeSpan ClientTime);
}
