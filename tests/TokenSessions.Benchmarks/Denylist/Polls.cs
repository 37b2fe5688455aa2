using System.Diagnostics;
using TokenSessions.Benchmarks.Measuring;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Benchmarks.Denylist;

/// <summary>The polls after the first: cheap while little changes.</summary>
/// <remarks>A poll changes what the next one finds, so they cannot be repeated until a round is full: each is measured alone, some times.</remarks>
internal static class Polls
{
    private const int Runs = 7;

    public static async Task<IReadOnlyList<Row>> MeasureAsync(int count)
    {
        return
        [
            await PollAsync($"denylist: {count:N0} rules, poll with 1 change", count, changes: 1),
            await PollAsync("… with 100 changes", count, changes: 100),
            await PollAsync("… with 1 change, as many others being in the small table as fit", count, changes: 1, before: SmallLimit(count)),
            await PollAsync("… that reads everything again, and nothing is new", count, known: count),
            await DropAsync("… that drops 1 % as aged, so that all become one table again", count),
        ];
    }

    /// <summary>So many changes, and the <see cref="Runs"/> after them, stay in a table of their own.</summary>
    private static int SmallLimit(int count) => Math.Max(1_024, count / 64) - (2 * Runs);

    /// <summary>Polls that answer so many known rules again and so many new ones, after others that came before.</summary>
    private static async Task<Row> PollAsync(string what, int count, int known = 0, int changes = 0, int before = 0)
    {
        var (feed, sync) = await ManyRules.SyncedAsync(count);
        var all = feed.Rules;
        feed.Rules = ManyRules.New(before);
        await ManyRules.SyncAsync(sync);
        return await MedianAsync(what, () =>
        {
            feed.Rules = [.. all.AsSpan(0, known), .. ManyRules.New(changes)];
            return Task.FromResult(sync);
        });
    }

    private static Task<Row> DropAsync(string what, int count)
    {
        var rules = ManyRules.New(count);
        var aged = (DateTimeOffset.UtcNow - ManyRules.Head.Window).ToUnixTimeMilliseconds();
        for (var i = 0; i < count / 100; i++)
        {
            rules[i] = rules[i] with { StampedAt = aged };
        }

        return MedianAsync(what, async () =>
        {
            var (feed, time) = (new ManyRules.Feed { Rules = rules }, new ShiftedTime());
            var sync = new DenylistSync(feed, time);
            await ManyRules.SyncAsync(sync);
            feed.Rules = [];
            feed.Shift = time.Shift = TimeSpan.FromMinutes(4);
            return sync;
        });
    }

    /// <param name="what">For the row.</param>
    /// <param name="prepare">Makes ready what is to poll once more; does not count.</param>
    private static async Task<Row> MedianAsync(string what, Func<Task<DenylistSync>> prepare)
    {
        var (times, bytes) = (new double[Runs], new double[Runs]);
        for (var run = -1; run < Runs; run++) // The first is for the compiler.
        {
            var sync = await prepare();
            var (allocated, startedAt) = (GC.GetTotalAllocatedBytes(precise: true), Stopwatch.GetTimestamp());
            await ManyRules.SyncAsync(sync);
            var elapsed = Stopwatch.GetElapsedTime(startedAt);
            if (run >= 0)
            {
                (times[run], bytes[run]) = (elapsed.TotalNanoseconds, GC.GetTotalAllocatedBytes(precise: true) - allocated);
            }
        }

        return Row.Of(what, $"{Row.Time(Figure.Median(times))}, {Figure.Median(bytes):N0} B");
    }

    private sealed class ShiftedTime : TimeProvider
    {
        public TimeSpan Shift { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Shift;
    }
}
