using System.Diagnostics;
using System.Runtime.InteropServices;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Benchmarks.Denylist;

/// <summary>What a million rules cost a validator: memory, the first table, a probe, a poll, and how long anything stands still meanwhile.</summary>
internal static class RulesInMemory
{
    private const int Million = 1_000_000;
    private const int Runs = 7;

    private static readonly DenylistHead Head =
        new() { Window = TimeSpan.FromMinutes(66), LongestAccessTokenLifetime = TimeSpan.FromHours(1) };

    private static readonly Random Random = new(1);

    public static async Task MeasureAsync()
    {
        Console.WriteLine("| what | 10,000 rules | 100,000 | 1,000,000 | must reach at 1,000,000 |");
        Console.WriteLine("|---|---|---|---|---|");
        int[] counts = [10_000, 100_000, Million];
        Row("bytes a rule", "≤ 24", await EachAsync(counts, BytesAsync), "0.0");
        Row("bytes a rule, `HashSet<UInt128>`", "", await EachAsync(counts, HashSetBytesAsync), "0.0");
        Row("first sync, ms", "≤ 100", await EachAsync(counts, FirstSyncAsync), "0.0");
        Row("filling a `HashSet<UInt128>`, ms", "", await EachAsync(counts, FillHashSetAsync), "0.0");
        Row("re-read of everything, nothing new, ms", "", await EachAsync(counts, count => PollAsync(count, count, 0)), "0.0");
        Row("re-read that drops 1 % as aged, ms", "", await EachAsync(counts, DropAsync), "0.0");
        Row("poll with 1 change, ms", "", await EachAsync(counts, count => PollAsync(count, 0, 1)), "0.000");
        Row("poll with 100 changes, ms", "", await EachAsync(counts, count => PollAsync(count, 0, 100)), "0.000");
        Row("poll with 1 change before all become one table again, ms", "", await EachAsync(counts, count => PollAsync(count, 0, 1, SmallLimit(count))), "0.000");
        Row("bytes allocated by a poll with 1 change", "", await EachAsync(counts, PollBytesAsync), "0");
        await MeasureProbesAsync(counts);
        Row("pauses in a first sync, the worst of 5, ms", "≤ 50", await EachAsync(counts, PauseAsync), "0.0");
        await MeasureFeedAsync(counts);
        Console.WriteLine();
        Console.WriteLine($"Medians of {Runs}; what a signed feed takes is measured once, without the network.");
    }

    private static async Task<double[]> EachAsync(int[] counts, Func<int, Task<double>> measure)
    {
        var results = new double[counts.Length];
        for (var i = 0; i < counts.Length; i++)
        {
            results[i] = await measure(counts[i]);
        }

        return results;
    }

    private static void Row(string what, string target, double[] values, string format) =>
        Console.WriteLine($"| {what} | {string.Join(" | ", values.Select(value => value.ToString(format)))} | {target} |");

    private static async Task<double> BytesAsync(int count)
    {
        var (feed, sync) = NewSync(count);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await sync.SyncAsync();
        var bytes = GC.GetTotalMemory(forceFullCollection: true) - before;
        GC.KeepAlive(sync);
        GC.KeepAlive(feed);
        return (double)bytes / count;
    }

    private static Task<double> HashSetBytesAsync(int count)
    {
        var keys = NewKeys(count);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var set = new HashSet<UInt128>(count);
        set.UnionWith(keys);
        var bytes = GC.GetTotalMemory(forceFullCollection: true) - before;
        GC.KeepAlive(set);
        return Task.FromResult((double)bytes / count);
    }

    private static async Task<double> FirstSyncAsync(int count)
    {
        var rules = NewRules(count, DateTimeOffset.UtcNow);
        return await MedianAsync(async () =>
        {
            var sync = new DenylistSync(new Feed { Rules = rules }, TimeProvider.System);
            var startedAt = Stopwatch.GetTimestamp();
            await sync.SyncAsync();
            return Stopwatch.GetElapsedTime(startedAt).TotalMilliseconds;
        });
    }

    private static async Task<double> FillHashSetAsync(int count)
    {
        var keys = NewKeys(count);
        return await MedianAsync(() =>
        {
            var startedAt = Stopwatch.GetTimestamp();
            var set = new HashSet<UInt128>(count);
            set.UnionWith(keys);
            return Task.FromResult(Stopwatch.GetElapsedTime(startedAt).TotalMilliseconds);
        });
    }

    /// <summary>So many changes, and the <see cref="Runs"/> after them, stay in a table of their own.</summary>
    private static int SmallLimit(int count) => Math.Max(1_024, count / 64) - (2 * Runs);

    /// <summary>Polls that answer so many known rules again and so many new ones, after others that came before.</summary>
    private static async Task<double> PollAsync(int count, int known, int changes, int before = 0)
    {
        var (feed, sync) = await FullSyncAsync(count);
        var all = feed.Rules;
        feed.Rules = NewRules(before, DateTimeOffset.UtcNow);
        await sync.SyncAsync();
        return await MedianAsync(async () =>
        {
            feed.Rules = [.. all.Take(known), .. NewRules(changes, DateTimeOffset.UtcNow)];
            var startedAt = Stopwatch.GetTimestamp();
            await sync.SyncAsync();
            return Stopwatch.GetElapsedTime(startedAt).TotalMilliseconds;
        });
    }

    private static async Task<double> PollBytesAsync(int count)
    {
        var (feed, sync) = await FullSyncAsync(count);
        return await MedianAsync(async () =>
        {
            feed.Rules = NewRules(1, DateTimeOffset.UtcNow);
            var before = GC.GetTotalAllocatedBytes(precise: true);
            await sync.SyncAsync();
            return GC.GetTotalAllocatedBytes(precise: true) - before;
        });
    }

    private static async Task<double> DropAsync(int count)
    {
        var now = DateTimeOffset.UtcNow;
        var rules = NewRules(count, now);
        for (var i = 0; i < count / 100; i++)
        {
            rules[i] = rules[i] with { StampedAt = (now - Head.Window).ToUnixTimeMilliseconds() };
        }

        return await MedianAsync(async () =>
        {
            var feed = new Feed { Rules = rules };
            var time = new ShiftedTime();
            var sync = new DenylistSync(feed, time);
            await sync.SyncAsync();
            feed.Rules = [];
            time.Shift = TimeSpan.FromMinutes(4);
            feed.Shift = time.Shift;
            var startedAt = Stopwatch.GetTimestamp();
            await sync.SyncAsync();
            var elapsed = Stopwatch.GetElapsedTime(startedAt).TotalMilliseconds;
            sync.TryGetSnapshot(out var snapshot, out _);
            return snapshot!.Rules.Count == count - (count / 100) ? elapsed : throw new InvalidOperationException("Nothing was dropped.");
        });
    }

    private static async Task MeasureProbesAsync(int[] counts)
    {
        string[] names = ["probe, absent, ns", "probe, absent, `HashSet<UInt128>`, ns", "probe, found, ns", "probe, found, `HashSet<UInt128>`, ns"];
        var results = names.Select(_ => new double[counts.Length]).ToArray();
        for (var i = 0; i < counts.Length; i++)
        {
            var (feed, sync) = NewSync(counts[i]);
            await sync.SyncAsync();
            sync.TryGetSnapshot(out var snapshot, out _);
            var found = feed.Rules.Select(rule => rule.Key).ToArray();
            Random.Shuffle(found);
            RuleKey[] absent = [.. NewKeys(counts[i]).Select(key => new RuleKey(key))];
            var set = new HashSet<UInt128>(feed.Rules.Select(rule => rule.Key.Value));
            Func<double>[] probes =
            [
                () => Nanoseconds(absent, snapshot!.Denies), () => Nanoseconds(absent, key => set.Contains(key.Value)),
                () => Nanoseconds(found, snapshot!.Denies), () => Nanoseconds(found, key => set.Contains(key.Value)),
            ];
            var times = probes.Select(_ => new double[Runs]).ToArray();
            for (var run = 0; run < Runs; run++) // By turns, so that what else the machine does slows all of them.
            {
                for (var probe = 0; probe < probes.Length; probe++)
                {
                    times[probe][run] = probes[probe]();
                }
            }

            for (var probe = 0; probe < probes.Length; probe++)
            {
                results[probe][i] = times[probe].Order().ElementAt(Runs / 2);
            }
        }

        for (var probe = 0; probe < names.Length; probe++)
        {
            Row(names[probe], probe is 0 or 2 ? "≤ 60" : "", results[probe], "0.0");
        }
    }

    private static double Nanoseconds(RuleKey[] keys, Func<RuleKey, bool> probe)
    {
        var probes = Math.Max(keys.Length, Million / 2);
        var startedAt = Stopwatch.GetTimestamp();
        for (int i = 0, at = 0; i < probes; i++)
        {
            probe(keys[at]);
            at = at + 1 == keys.Length ? 0 : at + 1;
        }

        return Stopwatch.GetElapsedTime(startedAt).TotalNanoseconds / probes;
    }

    private static async Task MeasureFeedAsync(int[] counts)
    {
        var figures = new List<RulesThroughFeed.Figures>();
        foreach (var count in counts)
        {
            await RulesThroughFeed.MeasureAsync(NewSync(1_000).Feed, 1_000); // Compiled by then.
            figures.Add(await RulesThroughFeed.MeasureAsync(NewSync(count).Feed, count));
        }

        Row("signed feed, MiB", "", [.. figures.Select(figure => figure.Megabytes)], "0.0");
        Row("signed feed made, ms", "", [.. figures.Select(figure => figure.Made.TotalMilliseconds)], "0");
        Row("first sync through it, ms", "≤ 20000", [.. figures.Select(figure => figure.Loaded.TotalMilliseconds)], "0");
        Row("pauses in it, ms", "≤ 50", [.. figures.Select(figure => figure.Paused.TotalMilliseconds)], "0.0");
    }

    /// <summary>All pauses of one first sync together, the worst of five: no single one was longer.</summary>
    private static async Task<double> PauseAsync(int count)
    {
        var rules = NewRules(count, DateTimeOffset.UtcNow);
        GC.Collect();
        var longest = TimeSpan.Zero;
        for (var i = 0; i < 5; i++)
        {
            var before = GC.GetTotalPauseDuration();
            await new DenylistSync(new Feed { Rules = rules }, TimeProvider.System).SyncAsync();
            var paused = GC.GetTotalPauseDuration() - before;
            longest = paused > longest ? paused : longest;
        }

        return longest.TotalMilliseconds;
    }

    private static async Task<double> MedianAsync(Func<Task<double>> run)
    {
        await run();
        var times = new double[Runs];
        for (var i = 0; i < Runs; i++)
        {
            times[i] = await run();
        }

        return times.Order().ElementAt(Runs / 2);
    }

    private static async Task<(Feed Feed, DenylistSync Sync)> FullSyncAsync(int count)
    {
        var (feed, sync) = NewSync(count);
        await sync.SyncAsync();
        return (feed, sync);
    }

    private static (Feed Feed, DenylistSync Sync) NewSync(int count)
    {
        var feed = new Feed { Rules = NewRules(count, DateTimeOffset.UtcNow) };
        return (feed, new(feed, TimeProvider.System));
    }

    private static DenylistRule[] NewRules(int count, DateTimeOffset now)
    {
        var keys = NewKeys(count);
        var stamp = now.ToUnixTimeMilliseconds();
        return [.. keys.Select((key, i) => new DenylistRule(new(key), stamp - (i % 600_000), 0, false))];
    }

    private static UInt128[] NewKeys(int count)
    {
        var keys = new UInt128[count];
        Random.NextBytes(MemoryMarshal.AsBytes(keys.AsSpan()));
        return keys;
    }

    private sealed class Feed : IDenylistFeed
    {
        public DenylistRule[] Rules { get; set; } = [];

        public TimeSpan Shift { get; set; }

        public Task<DenylistChanges> ReadAsync(DateTimeOffset? since, CancellationToken cancellationToken) =>
            Task.FromResult(new DenylistChanges(DateTimeOffset.UtcNow + Shift, Head, Rules, true));
    }

    private sealed class ShiftedTime : TimeProvider
    {
        public TimeSpan Shift { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Shift;
    }
}
