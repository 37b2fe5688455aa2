using System.Diagnostics.CodeAnalysis;

namespace TokenSessions.Tests.Simulation;

/// <summary>The run of one seed, and what was wrong with it.</summary>
internal sealed class SeedRun
{
    [SuppressMessage("Design", "CA1031", Justification = "Whatever is thrown is what was found.")]
    public SeedRun(int seed, int operations, SimulatedKeys keys)
    {
        Seed = seed;
        using var run = new SimulationRun(seed, keys);
        try
        {
            run.Run(operations);
        }
        catch (Exception e)
        {
            Problem = e is ViolationException ? $"seed {seed}: {e.Message}" : $"seed {seed}: {e}";
        }

        (Trace, Seen) = (run.Trace, run.Seen);
    }

    public int Seed { get; }

    /// <summary>On a thread of its own: on one that the tests share, the product would go on elsewhere after each wait.</summary>
    public static SeedRun Of(int seed, int operations, SimulatedKeys keys)
    {
        SeedRun run = null!;
        var thread = new Thread(() => run = new(seed, operations, keys));
        thread.Start();
        thread.Join();
        return run;
    }

    /// <summary>Null if all invariants held.</summary>
    public string? Problem { get; }

    public IReadOnlyList<string> Trace { get; }

    public IReadOnlyDictionary<string, int> Seen { get; }
}

/// <summary>The runs of many seeds, on as many threads as there are processors: none of them of the pool, which runs the product.</summary>
internal sealed class SeedRuns
{
    private const int MostFailures = 5;

    private readonly Lock _gate = new();
    private readonly List<SeedRun> _failed = [];

    public SeedRuns(int first, int count, int operations, SimulatedKeys keys)
    {
        var next = first - 1;
        var threads = Enumerable.Range(0, Math.Min(count, Environment.ProcessorCount)).Select(_ => new Thread(() =>
        {
            while (Interlocked.Increment(ref next) is var seed && seed < first + count && _failed.Count < MostFailures)
            {
                Note(new(seed, operations, keys));
            }
        })).ToArray();
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        _failed.Sort((a, b) => a.Seed.CompareTo(b.Seed));
    }

    public int Done { get; private set; }

    public IReadOnlyList<SeedRun> Failed => _failed;

    /// <summary>How often what is worth a check came about.</summary>
    public SortedDictionary<string, int> Seen { get; } = new(StringComparer.Ordinal);

    private void Note(SeedRun run)
    {
        lock (_gate)
        {
            Done++;
            foreach (var (what, count) in run.Seen)
            {
                Seen[what] = Seen.GetValueOrDefault(what) + count;
            }

            if (run.Problem is not null)
            {
                _failed.Add(run);
            }
        }
    }
}
