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
        var rows = new List<Row>();
        var few = 0.0;
        var alive = new List<object>(); // To the end: what the collector took meanwhile would be subtracted.
        await BytesAsync(counts[0], alive); // What the first one leaves behind is no rule's.
        foreach (var count in counts)
        {
            var (bytes, setBytes) = (await BytesAsync(count, alive), SetBytes(count, alive));
            if (count == counts[0])
            {
                few = bytes;
                continue;
            }

            rows.Add(Row.Of(
                $"denylist: memory a rule with {count:N0}, beside {counts[0]:N0} ({few:0.0} B)", $"≤ {Row.Times(Linear)}", $"{bytes:0.0} B", Row.Times(bytes / few), bytes <= Linear * few));
            if (count == counts[^1])
            {
                rows.Insert(0, Row.Of(
                    $"denylist: {count:N0} rules, memory a rule, beside a `HashSet<UInt128>` ({setBytes:0.0} B)",
                    $"≤ {MostBytes:0} B", $"{bytes:0.0} B", Row.Times(setBytes / bytes), bytes <= MostBytes));
            }
        }

        GC.KeepAlive(alive);
        return rows;
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
