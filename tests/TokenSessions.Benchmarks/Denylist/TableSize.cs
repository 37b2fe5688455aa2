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
        foreach (var count in counts)
        {
            var (bytes, setBytes) = (await BytesAsync(count), SetBytes(count));
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

        return rows;
    }

    private static async Task<double> BytesAsync(int count)
    {
        var feed = new ManyRules.Feed { Rules = ManyRules.New(count) };
        var sync = new DenylistSync(feed, TimeProvider.System);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await ManyRules.SyncAsync(sync);
        var bytes = GC.GetTotalMemory(forceFullCollection: true) - before;
        GC.KeepAlive(sync);
        GC.KeepAlive(feed);
        return (double)bytes / count;
    }

    private static double SetBytes(int count)
    {
        var keys = ManyRules.NewKeys(count);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var set = new HashSet<UInt128>(count);
        set.UnionWith(keys);
        var bytes = GC.GetTotalMemory(forceFullCollection: true) - before;
        GC.KeepAlive(set);
        return (double)bytes / count;
    }
}
