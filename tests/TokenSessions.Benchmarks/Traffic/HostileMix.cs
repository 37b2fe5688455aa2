using System.Diagnostics;
using TokenSessions.Service.Tests.Processes;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Benchmarks.Traffic;

/// <summary>What valid requests notice of a flood of bad ones; what the key set's server and the API's memory do.</summary>
internal static class HostileMix
{
    private const int ValidPerSecond = 400;
    private const int BesidePerSecond = 4_000;
    private const int Connections = 4;
    private const int Tokens = 1_000;
    private const double Megabyte = 1024 * 1024;

    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(2);

    /// <summary>Prints the table: rounds of quiet, of as many further valid requests, and of hostile ones; medians of the rounds.</summary>
    /// <param name="quick">3 rounds of 1 s each instead of 6 of 2 s.</param>
    public static async Task MeasureAsync(bool quick)
    {
        var (rounds, slice) = quick ? (3, TimeSpan.FromSeconds(1)) : (6, TimeSpan.FromSeconds(2));
        using var http = new HttpClient();
        using var keySet = new CountingKeySet();
        using var pinned = Cores.ForClient();
        await using var api = await Api.StartAsync(ApiVariant.Ours, keySet.Address);
        var tokens = ApiShare.Tokens(Tokens);
        var valid = ClosedLoop.Cycle([.. tokens.Select(token => Connection.Get(Api.UserPath, token))]);
        Connection[] watched = [.. Connect(api)];
        Connection[] beside = [.. Connect(api)];
        var hostile = beside.ToDictionary(connection => connection, _ => new HostileRequests(Api.UserPath, tokens[0]));
        (string Title, Func<TimeSpan, Task<Load>> Beside)[] phases =
        [
            ("nothing", duration => Task.FromResult(new Load(duration, []))),
            ("more valid requests", duration => OpenLoop.RunAsync(beside, valid, 200, BesidePerSecond, duration)),
            ("hostile requests", duration => OpenLoop.RunAsync(
                beside, connection => hostile[connection].Next(), 401, BesidePerSecond, duration)),
        ];
        var results = phases.ToDictionary(phase => phase.Title, _ => new List<Result>());
        try
        {
            foreach (var phase in phases)
            {
                await RunAsync(phase.Beside, WarmUp);
            }

            var (startedAt, fetches, before) = (Stopwatch.GetTimestamp(), keySet.Fetches, await Api.AskConditionAsync(http, api.Address));
            for (var round = 0; round < rounds; round++)
            {
                foreach (var phase in phases)
                {
                    results[phase.Title].Add(await RunAsync(phase.Beside, slice));
                }
            }

            var (elapsed, fetched, after) = (Stopwatch.GetElapsedTime(startedAt), keySet.Fetches - fetches, await Api.AskConditionAsync(http, api.Address));
            Print(results);
            Console.WriteLine();
            Console.WriteLine(
                $"{Connections} connections with {ValidPerSecond} valid requests/s, {Connections} with {BesidePerSecond}/s beside them; {Cores.Description}; {rounds} rounds of {slice.TotalSeconds} s each. Hostile are, in equal parts: {HostileRequests.Kinds}; every one was answered 401, every valid one 200.");
            Console.WriteLine();
            Console.WriteLine("| of the API | before | after |");
            Console.WriteLine("|---|---|---|");
            Console.WriteLine($"| live heap | {before.HeapBytes / Megabyte:0.0} MB | {after.HeapBytes / Megabyte:0.0} MB |");
            Console.WriteLine($"| working set | {before.WorkingSetBytes / Megabyte:0} MB | {after.WorkingSetBytes / Megabyte:0} MB |");
            Console.WriteLine($"| key set fetches in {elapsed.TotalSeconds:0} s (at most one in {KeySetCache.CoolDown.TotalSeconds} s) | | {fetched} |");
        }
        finally
        {
            foreach (var connection in watched.Concat(beside))
            {
                connection.Dispose();
            }
        }

        async Task<Result> RunAsync(Func<TimeSpan, Task<Load>> startBeside, TimeSpan duration)
        {
            var before = api.ProcessorTime;
            var others = startBeside(duration);
            var load = await OpenLoop.RunAsync(watched, valid, 200, ValidPerSecond, duration);
            return new(load, await others, (api.ProcessorTime - before) / load.Elapsed);
        }
    }

    private static IEnumerable<Connection> Connect(RunningProcess api) =>
        Enumerable.Range(0, Connections).Select(_ => new Connection(api.Address));

    private static void Print(Dictionary<string, List<Result>> results)
    {
        Console.WriteLine("| beside the valid requests | their requests/s | valid requests/s | p50 | p99 | p99 of quiet | the API takes of a core |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        var quiet = results.Values.First();
        foreach (var (title, phases) in results)
        {
            Console.WriteLine(
                $"| {title} | {Median(phases, result => result.Beside.PerSecond):0} | {Median(phases, result => result.Load.PerSecond):0} | {Median(phases, result => result.Load.Milliseconds(0.5)):0.00} ms | {P99(phases):0.00} ms | {P99(phases) / P99(quiet):0.00} × | {Median(phases, result => result.Cores):0 %} |");
        }

        static double P99(List<Result> phases) => Median(phases, result => result.Load.Milliseconds(0.99));

        static double Median(List<Result> phases, Func<Result, double> of) => phases.Select(of).Order().ElementAt(phases.Count / 2);
    }

    /// <param name="Load">The valid requests.</param>
    /// <param name="Beside">Those beside them.</param>
    /// <param name="Cores">How many cores the API kept busy.</param>
    private sealed record Result(Load Load, Load Beside, double Cores);
}
