using TokenSessions.Benchmarks.Measuring;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Benchmarks.Denylist;

/// <summary>Whether one key is among many, each time another one: no two probes find the same lines in the processor's cache.</summary>
internal static class Probes
{
    private const double MostNanoseconds = 60;

    public static async Task<IReadOnlyList<Row>> MeasureAsync(Effort effort, int count)
    {
        var (feed, sync) = await ManyRules.SyncedAsync(count);
        var snapshot = ManyRules.Snapshot(sync);
        var set = new HashSet<UInt128>(feed.Rules.Select(rule => rule.Key.Value));
        var found = feed.Rules.Select(rule => rule.Key).ToArray();
        new Random(1).Shuffle(found);
        RuleKey[] absent = [.. ManyRules.NewKeys(count).Select(key => new RuleKey(key))];
        var figures = Rounds.Measure(
            effort,
            Probe(absent, snapshot.Denies),
            Probe(absent, key => set.Contains(key.Value)),
            Probe(found, snapshot.Denies),
            Probe(found, key => set.Contains(key.Value)));
        return [Describe("absent", figures[0], figures[1]), Describe("found", figures[2], figures[3])];

        Row Describe(string what, Figure ours, Figure theirs) => Row.Of(
            $"denylist: {count:N0} rules, probe, {what}, beside a `HashSet<UInt128>` ({theirs})",
            $"≤ {MostNanoseconds:0} ns", ours.ToString(), Row.Times(theirs.RatioTo(ours)), ours.Time <= MostNanoseconds);
    }

    private static Contestant Probe(RuleKey[] keys, Func<RuleKey, bool> probe)
    {
        var next = 0;
        return Contestant.Of("probe", times =>
        {
            for (var i = 0; i < times; i++) // On from where the last round ended.
            {
                probe(keys[next]);
                next = next + 1 < keys.Length ? next + 1 : 0;
            }
        });
    }
}
