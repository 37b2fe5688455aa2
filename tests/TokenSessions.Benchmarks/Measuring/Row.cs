using System.Globalization;

namespace TokenSessions.Benchmarks.Measuring;

/// <summary>One line of a table.</summary>
/// <param name="What">What was measured, and beside what.</param>
/// <param name="Target">What it must reach; empty where the line is only information.</param>
/// <param name="Measured">In its unit: the median.</param>
/// <param name="Ratio">To what it stands beside, of the same run; empty without one.</param>
/// <param name="Verdict"><c>met</c> or <c>missed</c>; empty without a target.</param>
internal sealed record Row(string What, string Target, string Measured, string Ratio, string Verdict)
{
    /// <summary>A line that is only information.</summary>
    public static Row Of(string what, string measured, string ratio = "") => new(what, "", measured, ratio, "");

    /// <summary>A line with a target.</summary>
    public static Row Of(string what, string target, string measured, string ratio, bool isMet) =>
        new(what, target, measured, ratio, isMet ? "met" : "missed");

    public static void PrintHeading()
    {
        Console.WriteLine("| what | target | measured | ratio | verdict |");
        Console.WriteLine("|---|---|---|---|---|");
    }

    public void Print() => Console.WriteLine($"| {What} | {Target} | {Measured} | {Ratio} | {Verdict} |");

    /// <summary>Nanoseconds in the unit that reads best.</summary>
    public static string Time(double nanoseconds) => nanoseconds switch
    {
        < 1_000 => Number(nanoseconds, " ns"),
        < 1_000_000 => Number(nanoseconds / 1_000, " µs"),
        _ => Number(nanoseconds / 1_000_000, " ms"),
    };

    public static string Times(double ratio) => ratio.ToString(ratio < 10 ? "0.00" : "0", CultureInfo.InvariantCulture) + " ×";

    private static string Number(double value, string unit) =>
        value.ToString(value < 10 ? "0.00" : value < 100 ? "0.0" : "0", CultureInfo.InvariantCulture) + unit;
}
