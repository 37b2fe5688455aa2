using TokenSessions.Benchmarks.Measuring;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Benchmarks.Denylist;

/// <summary>The memory that rules take, which must be as much for each of many as for each of few.</summary>
internal static class TableSize
{
    private const double MostBytes = 24;
    private const double Linear = 1.05;

    public static async Task<IReadOnlyList<Row>> MeasureAsync(int[] counts)
    {
        var alive = new List<object>(); // To the end: what the collector took meanwhile would be subtracted.
        await BytesAsync(counts[0], alive); // What the first one leaves behind is no rule's.
        var bytes = new double[counts.Length];
        for (var i = 0; i < counts.Length; i++)
        {
            bytes[i] = await BytesAsync(counts[i], alive);
        }

        var (most, setBytes) = (bytes[^1], SetBytes(counts[^1], alive));
        GC.KeepAlive(alive);
        return
        [
            Row.Of(
                $"denylist: {counts[^1]:N0} rules, memory a rule, beside a `HashSet<UInt128>` ({setBytes:0.0} B)",
                $"≤ {MostBytes:0} B", $"{most:0.0} B", Row.Times(setBytes / most), most <= MostBytes),
            .. counts.Zip(bytes).Skip(1).Select(many => Row.Of(
                $"denylist: memory a rule with {many.First:N0}, beside {counts[0]:N0} ({bytes[0]:0.0} B)",
                $"≤ {Row.Times(Linear)}", $"{many.Second:0.0} B", Row.Times(many.Second / bytes[0]), many.Second <= Linear * bytes[0])),
        ];
    }

    private static async Task<double> BytesAsync(int count, List<object> alive)
    {
        var sync = new DenylistSync(new ManyRules.Feed { Rules = ManyRules.New(count) }, TimeProvider.System);
        alive.Add(sync);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await ManyRules.SyncAsync(sync);
        return (double)(GC.GetTotalMemory(forceFullCollection: true) - before) / count;
    }

    private static double SetBytes(int count, List<object> alive)
    {
        var keys = ManyRules.NewKeys(count);
        alive.Add(keys);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var set = new HashSet<UInt128>(count);
        set.UnionWith(keys);
        alive.Add(set);
        return (double)(GC.GetTotalMemory(forceFullCollection: true) - before) / count;
    }
}
