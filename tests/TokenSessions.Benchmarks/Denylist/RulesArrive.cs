using System.Diagnostics;
using TokenSessions.Aws.DynamoDb;
using TokenSessions.Aws.Tests.Servers;
using TokenSessions.Aws.Tests.Servers.Faults;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Benchmarks.Denylist;

/// <summary>30,000 rules written to a table, and how soon after the last acknowledgement two validators that poll it know them all.</summary>
internal static class RulesArrive
{
    private const int Rules = 30_000;
    private const int Writers = 64;
    private const int Runs = 3;

    private static readonly DenylistHead Head =
        new() { Shards = 4, Window = TimeSpan.FromMinutes(66), LongestAccessTokenLifetime = TimeSpan.FromHours(1) };

    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static async Task MeasureAsync()
    {
        Console.WriteLine("| rules | written in | pages | known to both validators after the last acknowledgement |");
        Console.WriteLine("|---|---|---|---|");
        for (var run = 0; run < Runs; run++)
        {
            await MeasureAsync(await DynamoDbServer.GetAsync(), run);
        }

        Console.WriteLine();
        Console.WriteLine($"Bound {DenylistSync.RevocationBound.TotalSeconds} s and one interval of {DenylistSync.PollInterval.TotalSeconds} s. Half of the pages are empty or cut to 1 or 500 items.");
    }

    private static async Task MeasureAsync(DynamoDbServer server, int run)
    {
        var time = TimeProvider.System;
        var options = new DynamoDbOptions { Table = DynamoDbServer.NewTableName() };
        using var writing = server.CreateClient();
        await new DynamoDbTable(writing, options, time).CreateAsync();
        var store = new DynamoDbStore(writing, options, time);
        await store.RaiseHeadAsync(Head, time.GetUtcNow(), CancellationToken.None);

        using var pages = new FaultyHandler { Decide = CutPages(run) };
        using var reading = server.CreateClient([pages]);
        DenylistSync[] validators = [new(new DynamoDbFeed(reading, options, time), time), new(new DynamoDbFeed(reading, options, time), time)];
        using var stop = new CancellationTokenSource(Limit);
        var polling = Task.WhenAll(validators.Select(validator => PollAsync(validator, stop.Token)));

        var startedAt = Stopwatch.GetTimestamp();
        await Parallel.ForAsync(0, Rules, new ParallelOptions { MaxDegreeOfParallelism = Writers }, async (i, cancel) =>
        {
            var now = time.GetUtcNow();
            var key = RuleKey.For("https://issuer.example", RuleKind.Token, $"t{i}");
            await store.WriteFeedAsync(new(key, now.ToUnixTimeMilliseconds(), 0, IsStanding: false), now + Head.Window, cancel);
        });
        var written = Stopwatch.GetElapsedTime(startedAt);
        var acknowledgedAt = Stopwatch.GetTimestamp();
        while (validators.Any(validator => !(validator.TryGetSnapshot(out var snapshot, out _) && snapshot.Rules.Count == Rules)))
        {
            await Task.Delay(LookInterval, stop.Token);
        }

        Console.WriteLine($"| {Rules} | {written.TotalSeconds:0.0} s | {pages.Calls("Query")} | {Stopwatch.GetElapsedTime(acknowledgedAt).TotalSeconds:0.00} s |");
        await stop.CancelAsync();
        await polling.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static async Task PollAsync(DenylistSync validator, CancellationToken cancellationToken)
    {
        while (true)
        {
            await validator.SyncAsync(cancellationToken);
            await Task.Delay(validator.UntilDue, cancellationToken);
        }
    }

    private static Func<AwsCall, Fault> CutPages(int seed)
    {
        var random = new Random(seed);
        Fault[] faults = [Fault.None, Fault.None, Fault.None, Fault.EmptyPage, Fault.PageCut(500), Fault.PageCut(1)];
        return call =>
        {
            lock (random)
            {
                return call.Operation == "Query" ? faults[random.Next(faults.Length)] : Fault.None;
            }
        };
    }
}
