using TokenSessions.Benchmarks.Measuring;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Benchmarks.Denylist;

/// <summary>The first table that a validator builds: how long that takes, which must grow only as the rules do, and what stands still meanwhile.</summary>
internal static class FirstTable
{
    /// <summary>What counts as growing with the rules: few of them lie in the processor's cache, and many do not.</summary>
    private const double Linear = 1.5;

    private const int PauseRuns = 5;

    private static readonly TimeSpan MostPause = TimeSpan.FromMilliseconds(50);

    public static IEnumerable<Row> Measure(Effort effort, int[] counts, TimeSpan mostTime)
    {
        var most = counts[^1];
        var rules = counts.Select(ManyRules.New).ToArray();
        var figures = Rounds.Measure(
            effort with { Rounds = effort.IsQuick ? 11 : 21 }, // One takes longer than a round should.
            [.. rules.Select(Build), .. counts.Select(Fill)]);
        var (tables, sets) = (figures[..counts.Length], figures[counts.Length..]);
        var (all, set) = (tables[^1], sets[^1]);
        yield return Row.Of(
            $"denylist: {most:N0} rules, first table, beside filling a `HashSet<UInt128>` ({set})",
            $"≤ {mostTime.TotalMilliseconds:0} ms", all.ToString(), Row.Times(set.RatioTo(all)), all.Time <= mostTime.TotalNanoseconds);
        for (var i = 1; i < counts.Length; i++)
        {
            var scale = (double)counts[0] / counts[i];
            var (ratio, setRatio) = (tables[i].RatioTo(tables[0]) * scale, sets[i].RatioTo(sets[0]) * scale);
            yield return Row.Of(
                $"denylist: first table, time a rule with {counts[i]:N0}, beside {counts[0]:N0} ({Row.Time(tables[0].Time / counts[0])})",
                $"≤ {Row.Times(Linear)}",
                Row.Time(tables[i].Time / counts[i]),
                $"{Row.Times(ratio)} (`HashSet<UInt128>`: {Row.Times(setRatio)})",
                ratio <= Linear);
        }

        var pause = WorstPause(rules[^1]);
        yield return Row.Of(
            $"denylist: {most:N0} rules, all pauses of the garbage collector in a first table, the worst of {PauseRuns}",
            $"≤ {MostPause.TotalMilliseconds:0} ms", $"{pause.TotalMilliseconds:0.0} ms", "", pause <= MostPause);
    }

    private static Contestant Build(DenylistRule[] rules)
    {
        var feed = new ManyRules.Feed { Rules = rules };
        return Contestant.Of($"{rules.Length}", times => Repeat(times, () => Sync(feed)));
    }

    private static Contestant Fill(int count)
    {
        var keys = ManyRules.NewKeys(count);
        return Contestant.Of("set", times => Repeat(times, () => new HashSet<UInt128>(count).UnionWith(keys)));
    }

    private static TimeSpan WorstPause(DenylistRule[] rules)
    {
        var feed = new ManyRules.Feed { Rules = rules };
        GC.Collect();
        var worst = TimeSpan.Zero;
        for (var i = 0; i < PauseRuns; i++)
        {
            var before = GC.GetTotalPauseDuration();
            Sync(feed);
            var paused = GC.GetTotalPauseDuration() - before;
            worst = paused > worst ? paused : worst;
        }

        return worst;
    }

    private static void Sync(ManyRules.Feed feed) => ManyRules.SyncAsync(new(feed, TimeProvider.System)).GetAwaiter().GetResult();

    private static void Repeat(int times, Action build)
    {
        for (var i = 0; i < times; i++)
        {
            build();
        }
    }
}
