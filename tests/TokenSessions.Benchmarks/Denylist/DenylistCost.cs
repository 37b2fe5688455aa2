using TokenSessions.Benchmarks.Measuring;

namespace TokenSessions.Benchmarks.Denylist;

/// <summary>What many rules cost a validator: memory, the first table, a probe, a poll, a load through a signed feed, and how long anything stands still meanwhile.</summary>
internal static class DenylistCost
{
    private const int Million = 1_000_000;

    public static async Task<IReadOnlyList<Row>> MeasureAsync(Effort effort)
    {
        int[] counts = effort.IsQuick ? [10_000, Million / 10] : [10_000, Million / 10, Million];
        var most = counts[^1];
        return
        [
            .. await TableSize.MeasureAsync(counts),
            .. FirstTable.Measure(effort, counts, TimeSpan.FromMilliseconds(100) * most / Million),
            .. await Probes.MeasureAsync(effort, most),
            .. await Polls.MeasureAsync(most),
            .. await FullLoad.MeasureAsync(most, TimeSpan.FromSeconds(20) * most / Million),
        ];
    }
}
