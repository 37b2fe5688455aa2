using System.Diagnostics;
using TokenSessions.Benchmarks.Traffic;
using TokenSessions.Service.Tests.Processes;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Benchmarks.Bearer;

/// <summary>What valid requests notice of a flood of bad ones; what the key set's server and the API's memory do.</summary>
internal static class HostileMix
{
    private const int ValidPerSecond = 400;
    private const int BesidePerSecond = 4_000;
    private const int Connections = 4;
    private const int Tokens = 1_000;

    /// <summary>Prints the table: rounds of quiet, of as many further valid requests, and of hostile ones; medians of the rounds.</summary>
    /// <param name="quick">3 rounds of 1 s each instead of 5 of 2 s.</param>
    public static async Task MeasureAsync(bool quick)
    {
        var (rounds, slice) = quick ? (3, TimeSpan.FromSeconds(1)) : (5, TimeSpan.FromSeconds(2));
        using var http = new HttpClient();
        using var keySet = new CountingKeySet();
        using var pinned = Cores.ForClient();
        await using var api = await ServedApi.StartAsync(ApiVariant.Ours, keySet.Address);
        var tokens = ApiShare.Tokens(Tokens);
        var valid = ClosedLoop.Cycle([.. tokens.Select(token => Connection.Get(ServedApi.UserPath, token))]);
        Connection[] watched = [.. Connect(api)];
        Connection[] beside = [.. Connect(api)];
        var hostile = beside.ToDictionary(connection => connection, _ => new HostileRequests(ServedApi.UserPath, tokens[0]));
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
            await RunRoundsAsync(1); // Code is compiled, and compiled again.
            Array.ForEach(phases, phase => results[phase.Title].Clear());
            var (startedAt, fetches) = (Stopwatch.GetTimestamp(), keySet.Fetches);
            var before = await ServedApi.AskConditionAsync(http, api.Address);
            await RunRoundsAsync((rounds + 1) / 2);
            var halfWay = await ServedApi.AskConditionAsync(http, api.Address);
            await RunRoundsAsync(rounds / 2);
            var after = await ServedApi.AskConditionAsync(http, api.Address);
            var (elapsed, fetched) = (Stopwatch.GetElapsedTime(startedAt), keySet.Fetches - fetches);
            Print(results);
            Console.WriteLine();
            Console.WriteLine(
                $"{Connections} connections with {ValidPerSecond} valid requests/s, {Connections} with at most {BesidePerSecond}/s beside them; "
                + $"{Cores.Description}; medians of {rounds} rounds of {slice.TotalSeconds} s each. Hostile are, in equal parts: "
                + $"{HostileRequests.Kinds}; every one was answered 401, every valid one 200.");
            Console.WriteLine();
            Print(before, halfWay, after);
            Console.WriteLine($"| key set fetches in {elapsed.TotalSeconds:0} s (at most one in {KeySetCache.CoolDown.TotalSeconds} s) | | | {fetched} |");
        }
        finally
        {
            foreach (var connection in watched.Concat(beside))
            {
                connection.Dispose();
            }
        }

        async Task RunRoundsAsync(int count)
        {
            for (var round = 0; round < count; round++)
            {
                foreach (var phase in phases)
                {
                    results[phase.Title].Add(await RunAsync(phase.Beside, slice));
                }
            }
        }

        async Task<Result> RunAsync(Func<TimeSpan, Task<Load>> startBeside, TimeSpan duration)
        {
            var (startedAt, before) = (Stopwatch.GetTimestamp(), api.ProcessorTime);
            var others = startBeside(duration);
            var load = await OpenLoop.RunAsync(watched, valid, 200, ValidPerSecond, duration);
            var besideLoad = await others;
            return new(load, besideLoad, (api.ProcessorTime - before) / Stopwatch.GetElapsedTime(startedAt));
        }
    }

    private static IEnumerable<Connection> Connect(RunningProcess api) =>
        Enumerable.Range(0, Connections).Select(_ => new Connection(api.Address));

    private static void Print(Dictionary<string, List<Result>> results)
    {
        Console.WriteLine("| beside the valid requests | their requests/s | valid requests/s | p50 | p99 | p99 of quiet | the API takes of a core |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        var quiet = results.Values.First();
        foreach (var (title, rounds) in results)
        {
            var ratios = rounds.Zip(quiet, (round, quietRound) => round.P99 / quietRound.P99).Order().ToArray();
            Console.WriteLine(string.Join(
                " | ",
                $"| {title} | {Median(rounds, round => round.Beside.PerSecond):0} | {Median(rounds, round => round.Load.PerSecond):0}",
                $"{Median(rounds, round => round.Load.Milliseconds(0.5)):0.00} ms | {Median(rounds, round => round.P99):0.00} ms",
                $"{ratios[ratios.Length / 2]:0.00} × | {Median(rounds, round => round.Cores):0 %} |"));
        }

        static double Median(List<Result> rounds, Func<Result, double> of) => rounds.Select(of).Order().ElementAt(rounds.Count / 2);
    }

    private static void Print(ServedApi.Condition before, ServedApi.Condition halfWay, ServedApi.Condition after)
    {
        Console.WriteLine("| of the API | before | half-way | after |");
        Console.WriteLine("|---|---|---|---|");
        Console.WriteLine($"| live heap | {Megabytes(before.HeapBytes)} | {Megabytes(halfWay.HeapBytes)} | {Megabytes(after.HeapBytes)} |");
        Console.WriteLine($"| working set | {Megabytes(before.WorkingSetBytes)} | {Megabytes(halfWay.WorkingSetBytes)} | {Megabytes(after.WorkingSetBytes)} |");
    }

    private static string Megabytes(long bytes) => $"{bytes / (1024.0 * 1024):0.0} MB";

    /// <param name="Load">The valid requests.</param>
    /// <param name="Beside">Those beside them.</param>
    /// <param name="Cores">How many cores the API kept busy.</param>
    private sealed record Result(Load Load, Load Beside, double Cores)
    {
        public double P99 => Load.Milliseconds(0.99);
    }
}
