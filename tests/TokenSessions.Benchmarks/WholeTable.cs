using System.Runtime.InteropServices;
using TokenSessions.Benchmarks.Bearer;
using TokenSessions.Benchmarks.Denylist;
using TokenSessions.Benchmarks.Issuing;
using TokenSessions.Benchmarks.Library;
using TokenSessions.Benchmarks.Measuring;
using TokenSessions.Benchmarks.Service;
using TokenSessions.Benchmarks.Validation;

namespace TokenSessions.Benchmarks;

/// <summary>Every section below one heading, in one table: what the README shows.</summary>
internal static class WholeTable
{
    /// <summary>Each by the name it can be asked for alone, in the order of the table.</summary>
    public static readonly IReadOnlyList<(string Name, Func<Effort, Task<IReadOnlyList<Row>>> Measure)> Sections =
    [
        ("seen", SeenBefore.MeasureAsync),
        ("first", FirstTime.MeasureAsync),
        ("garbage", Garbage.MeasureAsync),
        ("growth", Growth.MeasureAsync),
        ("denylist", DenylistCost.MeasureAsync),
        ("issue", LocalKeys.MeasureAsync),
        ("signing", Signing.MeasureAsync),
        ("kms", KmsStarts.MeasureAsync),
        ("bearer", BearerCost.MeasureAsync),
        ("load", async effort => [.. await ApiShare.MeasureAsync(effort), .. await ServiceLoad.MeasureAsync(effort)]),
        ("hostile", HostileMix.MeasureAsync),
        ("start", Starts.MeasureAsync),
        ("library", LibraryBenchmarks.MeasureAsync),
    ];

    /// <summary>What is left out where everything has to be printed within a minute.</summary>
    private static readonly string[] TooLong = ["start", "library"];

    /// <param name="only">The name of one section; null for all.</param>
    /// <param name="effort">How much is measured.</param>
    public static async Task PrintAsync(string? only, Effort effort)
    {
        PrintMachine();
        Row.PrintHeading();
        foreach (var (name, measure) in Sections.Where(section => only is null || section.Name == only))
        {
            IReadOnlyList<Row> rows = only is null && effort.IsQuick && TooLong.Contains(name)
                ? [Row.Of($"{name}: left out of a quick table, asked for with `-- {name}`", "")]
                : await measure(effort);
            foreach (var row in rows)
            {
                row.Print();
            }

            // What a section made is none of the next one's business.
            GC.Collect();
        }
    }

    private static void PrintMachine()
    {
        Console.WriteLine(
            $"{Processor()}, {Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription}, .NET {Environment.Version}, {DateTimeOffset.UtcNow:yyyy-MM-dd}");
        Console.WriteLine("Medians; a ratio is the median of those of the rounds, in each of which all had their turn. Beside a peer it says how much longer the peer takes.");
        Console.WriteLine();
    }

    private static string Processor()
    {
        const string Info = "/proc/cpuinfo";
        var model = File.Exists(Info) ? File.ReadLines(Info).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal)) : null;
        return model is null ? RuntimeInformation.ProcessArchitecture.ToString() : model[(model.IndexOf(':') + 1)..].Trim();
    }
}
