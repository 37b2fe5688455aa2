using System.Diagnostics;

namespace TokenSessions.Benchmarks.Measuring;

/// <summary>Contestants side by side: each runs once a round, for some milliseconds, and the order turns round every time.</summary>
/// <remarks>
/// A machine that is slow for a moment is so for all contestants of a round. So a ratio is taken within each round, and its
/// median holds still where that of the times themselves does not.
/// </remarks>
internal static class Rounds
{
    private const int MostTimes = 1 << 24;
    private const int Compilations = 3;

    private static readonly TimeSpan TimeToCompile = TimeSpan.FromMilliseconds(150);

    public static Figure[] Measure(Effort effort, params IReadOnlyList<Contestant> contestants)
    {
        var times = WarmUp(effort, contestants);
        var spent = contestants.Select(_ => new Spent[effort.Rounds]).ToArray();
        for (var round = 0; round < effort.Rounds; round++)
        {
            for (var turn = 0; turn < contestants.Count; turn++)
            {
                var index = round % 2 == 0 ? turn : contestants.Count - 1 - turn;
                spent[index][round] = contestants[index].Run(times[index]);
            }
        }

        return [.. contestants.Select((contestant, i) => new Figure(
            contestant.Name,
            [.. spent[i].Select(run => run.Elapsed.TotalNanoseconds / times[i])],
            (double)spent[i].Sum(run => run.Bytes) / times[i] / effort.Rounds))];
    }

    /// <summary>Runs all of them until they are compiled for good, and finds how many times each fill a round.</summary>
    /// <remarks>
    /// The runtime compiles a method that is called often up to twice more, each time not before it has been left alone for 100 ms,
    /// and on a thread that wants a core. Without the pauses the rounds would measure code that nobody's process runs for long.
    /// </remarks>
    private static int[] WarmUp(Effort effort, IReadOnlyList<Contestant> contestants)
    {
        var times = new int[contestants.Count];
        for (var pass = 0; pass < Compilations; pass++)
        {
            for (var i = 0; i < times.Length; i++)
            {
                times[i] = FillRound(effort, contestants[i]);
            }

            Thread.Sleep(TimeToCompile);
        }

        return times;
    }

    private static int FillRound(Effort effort, Contestant contestant)
    {
        var most = Math.Min(contestant.Most, MostTimes);
        var times = 1;
        for (var watch = Stopwatch.StartNew(); ;)
        {
            var elapsed = contestant.Run(times).Elapsed;
            if (elapsed < effort.RoundLength && times < most)
            {
                times = Math.Min(times * 2, most);
            }
            else if (watch.Elapsed > effort.WarmUp / Compilations)
            {
                return (int)Math.Clamp(times * (effort.RoundLength / elapsed), 1, most);
            }
        }
    }
}

/// <summary>What a contestant took.</summary>
/// <param name="Name">The contestant's.</param>
/// <param name="Nanoseconds">For one time, round by round.</param>
/// <param name="Bytes">For one time, the mean of all.</param>
internal sealed record Figure(string Name, double[] Nanoseconds, double Bytes)
{
    public double Time => Median(Nanoseconds);

    /// <summary>How much longer it takes than the other: the median of the rounds' ratios.</summary>
    public double RatioTo(Figure other) => Median(Nanoseconds.Zip(other.Nanoseconds, (ours, theirs) => ours / theirs));

    /// <summary>Nothing at all, but for what the runtime may do once.</summary>
    public bool IsWithoutBytes => Bytes < 0.005;

    public override string ToString() => Row.Time(Time);

    /// <summary>The time with the bytes.</summary>
    public string WithBytes() => $"{this}, {Bytes:0.##} B";

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2];
    }
}
