using System.Diagnostics;
using TokenSessions.Benchmarks.Measuring;
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
    private const double MostRatio = 2;
    private const double LeastReached = 0.9; // Of what is to be sent a second.
    private const double Flatness = 1.1; // A heap and a working set breathe.
    private const string Nothing = "nothing";
    private const string Hostile = "hostile requests/s";

    /// <summary>Rounds of quiet, of as many further valid requests, and of hostile ones.</summary>
    public static async Task<IReadOnlyList<Row>> MeasureAsync(Effort effort)
    {
        var (rounds, slice) = effort.IsQuick ? (4, TimeSpan.FromSeconds(0.5)) : (8, TimeSpan.FromSeconds(2));
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
            (Nothing, duration => Task.FromResult(new Load(duration, []))),
            ("more valid requests/s", duration => OpenLoop.RunAsync(beside, valid, 200, BesidePerSecond, duration)),
            (Hostile, duration => OpenLoop.RunAsync(
                beside, connection => hostile[connection].Next(), 401, BesidePerSecond, duration)),
        ];
        phases = effort.IsQuick ? [phases[0], phases[2]] : phases;
        var results = phases.ToDictionary(phase => phase.Title, _ => new List<Result>());
        try
        {
            ClosedLoop.Run(watched, valid, slice); // By then the API remembers every good token.
            await RunRoundsAsync(effort.IsQuick ? 1 : rounds / 2); // Code is compiled again, and the heap as large as this traffic needs.
            Array.ForEach(phases, phase => results[phase.Title].Clear());
            var (startedAt, fetches) = (Stopwatch.GetTimestamp(), keySet.Fetches);
            var before = await ServedApi.AskConditionAsync(http, api.Address);
            await RunRoundsAsync(rounds / 2);
            var halfWay = await ServedApi.AskConditionAsync(http, api.Address);
            await RunRoundsAsync(rounds - (rounds / 2));
            var after = await ServedApi.AskConditionAsync(http, api.Address);
            var (elapsed, fetched) = (Stopwatch.GetElapsedTime(startedAt), keySet.Fetches - fetches);
            return [.. Describe(results), Fetches(fetched, elapsed), .. Memory(before, halfWay, after)];
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

    private static IEnumerable<Row> Describe(Dictionary<string, List<Result>> results)
    {
        var (quietTitle, quiet) = results.First();
        foreach (var (title, rounds) in results)
        {
            var perSecond = Figure.Median(rounds.Select(round => round.Beside.PerSecond));
            var beside = title == quietTitle ? title : $"{perSecond:N0} {title}";
            var (load, quietLoad) = (Together(rounds), Together(quiet));
            var measured = $"p50 {load.Milliseconds(0.5):0.00} ms, p99 {load.Milliseconds(0.99):0.00} ms, the API takes {Figure.Median(rounds.Select(round => round.Cores)):0 %} of a core";
            var ratio = load.Milliseconds(0.99) / quietLoad.Milliseconds(0.99);
            yield return title switch
            {
                Nothing => Row.Of(
                    $"hostile: {ValidPerSecond} valid requests/s and {beside} beside them ({Connections} connections each, {Cores.Description})", measured),
                Hostile => Row.Of(
                    $"… and {beside} beside them; in equal parts {HostileRequests.Kinds}; all answered 401",
                    $"p99 ≤ {Row.Times(MostRatio)} of quiet", measured, Row.Times(ratio), ratio <= MostRatio && perSecond >= LeastReached * BesidePerSecond),
                _ => Row.Of($"… and {beside} beside them", measured, Row.Times(ratio)),
            };
        }
    }

    /// <summary>All requests of all rounds: the slowest hundredth of a round's are too few.</summary>
    private static Load Together(IReadOnlyCollection<Result> rounds) =>
        new(rounds.Aggregate(TimeSpan.Zero, (sum, round) => sum + round.Load.Elapsed), [.. rounds.SelectMany(round => round.Load.Times).Order()]);

    private static Row Fetches(int fetches, TimeSpan elapsed)
    {
        var most = 1 + (int)(elapsed / KeySetCache.CoolDown);
        return Row.Of(
            $"… key set fetches in those {elapsed.TotalSeconds:0} s", $"≤ {most}: one in {KeySetCache.CoolDown.TotalSeconds:0} s", $"{fetches}", "", fetches <= most);
    }

    private static IEnumerable<Row> Memory(ServedApi.Condition before, ServedApi.Condition halfWay, ServedApi.Condition after)
    {
        yield return Flat("live heap", before.HeapBytes, halfWay.HeapBytes, after.HeapBytes);
        yield return Flat("working set", before.WorkingSetBytes, halfWay.WorkingSetBytes, after.WorkingSetBytes);

        static Row Flat(string what, long before, long halfWay, long after) => Row.Of(
            $"… {what} of the API before, half-way and after",
            $"≤ {Row.Times(Flatness)} of before",
            $"{Megabytes(before)}, {Megabytes(halfWay)}, {Megabytes(after)}",
            Row.Times((double)after / before),
            after <= Flatness * before);

        static string Megabytes(long bytes) => $"{bytes / (1024.0 * 1024):0.0} MB";
    }

    /// <param name="Load">The valid requests.</param>
    /// <param name="Beside">Those beside them.</param>
    /// <param name="Cores">How many cores the API kept busy.</param>
    private sealed record Result(Load Load, Load Beside, double Cores);
}
