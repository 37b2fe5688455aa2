using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using TokenSessions.Tests.Validation;

namespace TokenSessions.Tests.Fuzzing;

/// <summary>Many executions of one target, on a thread of its own that whoever waits for it can give up.</summary>
/// <remarks>
/// Set by environment variables: <c>TOKENSESSIONS_FUZZ</c>, how many executions of the libraries' targets together, beside which
/// the service's get a tenth; <c>TOKENSESSIONS_FUZZ_SEED</c>; <c>TOKENSESSIONS_FUZZ_TARGET</c>, the only target, which gets all of them;
/// <c>TOKENSESSIONS_FUZZ_NUMBER</c>, its only execution. Keys may be new in every run: they change the bytes between which
/// a change is made, never what is done to them.
/// </remarks>
internal sealed class FuzzRun
{
    /// <summary>How long one execution may take before it counts as one that never ends: no input takes a second.</summary>
    private static readonly TimeSpan LongestExecution = TimeSpan.FromSeconds(60);

    private const int MostFindings = 5;
    private const int FewExecutions = 100; // Fewer prove nothing.

    private static readonly int Total = SeededRandom.Setting("TOKENSESSIONS_FUZZ") ?? 40_000;
    private static readonly int Seed = SeededRandom.Setting("TOKENSESSIONS_FUZZ_SEED") ?? 20261124;
    private static readonly int? OnlyNumber = SeededRandom.Setting("TOKENSESSIONS_FUZZ_NUMBER");
    private static readonly string? OnlyTarget = Environment.GetEnvironmentVariable("TOKENSESSIONS_FUZZ_TARGET") is { Length: > 0 } name ? name : null;

    private readonly FuzzTarget _target;
    private readonly int _count;
    private readonly string _replay;
    private readonly TimeSpan _longest;
    private readonly Thread _thread;
    private readonly Lock _judging = new(); // An execution is judged by its own thread, or by the one that waits: never by both.
    private readonly List<string> _findings = [];
    private volatile Step? _current;
    private volatile bool _isGivenUp;

    /// <param name="target">What is run.</param>
    /// <param name="count">How many executions.</param>
    /// <param name="replay">The command that runs these tests again, without the settings.</param>
    /// <param name="longest">How long one execution may take.</param>
    private FuzzRun(FuzzTarget target, int count, string replay, TimeSpan longest)
    {
        (_target, _count, _replay, _longest) = (target, count, replay, longest);
        _thread = new(Run) { IsBackground = true, Name = $"fuzz {target.Name}" };
    }

    public string Name => _target.Name;

    public int Executions { get; private set; }

    public int Taken { get; private set; }

    public int Crashes { get; private set; }

    public int Hangs { get; private set; }

    /// <summary>The most bytes that one execution has allocated.</summary>
    public long MostAllocated { get; private set; }

    /// <summary>What was found: what it is, the input, and the command that runs it again.</summary>
    public IReadOnlyList<string> Findings => _findings;

    /// <summary>Runs all targets, or the only one that is set, on as many threads as there are processors; nothing else may run.</summary>
    /// <param name="targets">Which there are.</param>
    /// <param name="part">How much of all executions that are set these targets get: their weights part it among them.</param>
    /// <param name="replay">The command that runs these tests again, without the settings.</param>
    public static IReadOnlyList<FuzzRun> RunAll(IReadOnlyList<FuzzTarget> targets, double part, string replay)
    {
        using var heartbeat = new Heartbeat();
        var chosen = targets.Where(target => OnlyTarget is null || target.Name == OnlyTarget).ToList();
        Assert.True(
            chosen.Count > 0,
            $"{OnlyTarget} is no target of these tests, which have {string.Join(", ", targets.Select(target => target.Name))}. Run those that have it alone.");
        var perWeight = Total * part / targets.Sum(target => target.Weight);
        return RunAll([.. chosen.Select(target =>
            new FuzzRun(target, OnlyTarget is null ? (int)Math.Ceiling(target.Weight * perWeight) : Total, replay, LongestExecution))]);
    }

    /// <summary>Runs one target, whichever is set.</summary>
    public static FuzzRun RunOne(FuzzTarget target, int count, string replay, TimeSpan longestExecution) =>
        RunAll([new(target, count, replay, longestExecution)])[0];

    private static FuzzRun[] RunAll(FuzzRun[] runs)
    {
        Run(runs.Where(run => !run._target.GoesElsewhere), Environment.ProcessorCount);
        Run(runs.Where(run => run._target.GoesElsewhere), 1);
        return runs;
    }

    private static void Run(IEnumerable<FuzzRun> runs, int atOnce)
    {
        var waiting = new Queue<FuzzRun>(runs);
        var running = new List<FuzzRun>();
        while (waiting.Count + running.Count > 0)
        {
            while (running.Count < atOnce && waiting.TryDequeue(out var next))
            {
                next._thread.Start();
                running.Add(next);
            }

            running.RemoveAll(run => run._thread.Join(TimeSpan.FromMilliseconds(50)) || run.HasHung());
        }
    }

    /// <summary>Prints the table, and fails with every finding, or if the inputs of a target were all taken or all refused.</summary>
    public static void Judge(IReadOnlyList<FuzzRun> runs)
    {
        TestContext.Current.TestOutputHelper?.WriteLine(Table(runs));
        Assert.True(runs.All(run => run._findings.Count == 0), string.Join("\n\n", runs.SelectMany(run => run._findings)));
        Assert.All(runs.Where(run => run.Executions >= FewExecutions), run => Assert.InRange(run.Taken, 1, run.Executions - 1));
    }

    private static string Table(IReadOnlyList<FuzzRun> runs)
    {
        const string Line = "{0,-16}{1,12}{2,12}{3,10}{4,8}{5,16}";
        string Row(params object[] cells) => string.Format(CultureInfo.InvariantCulture, Line, cells);
        return string.Join('\n', [
            $"Seed {Seed}.",
            Row("target", "executions", "taken", "crashes", "hangs", "most allocated"),
            .. runs.Select(run => Row(run.Name, run.Executions, run.Taken, run.Crashes, run.Hangs, run.MostAllocated)),
            Row("all", runs.Sum(run => run.Executions), runs.Sum(run => run.Taken), runs.Sum(run => run.Crashes), runs.Sum(run => run.Hangs),
                runs.Max(run => run.MostAllocated)),
        ]);
    }

    [SuppressMessage("Design", "CA1031", Justification = "Whatever is thrown is what was found.")]
    private void Run()
    {
        var number = OnlyNumber ?? 0;
        try
        {
            Do("begin", number, null);
            var target = _target.Begin().GetAwaiter().GetResult();
            for (; number < (OnlyNumber + 1 ?? _count) && Crashes < MostFindings && !_isGivenUp; number++)
            {
                Do("make an input", number, null);
                Execute(target, number, target.Next(SeededRandom.Of(Seed, number)));
            }

            Do("end", Math.Max(number - 1, 0), null);
            target.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
        catch (Exception e)
        {
            Note($"cannot {_current?.Doing}", number, "", e.ToString());
        }
    }

    /// <summary>From now on this is what hangs, if anything does.</summary>
    private void Do(string doing, int number, FuzzInput? input) => _current = new(doing, number, input, Stopwatch.GetTimestamp());

    [SuppressMessage("Design", "CA1031", Justification = "Whatever is thrown is what was found.")]
    private void Execute(IFuzzTarget target, int number, FuzzInput input)
    {
        Do("read", number, input);
        var (isTaken, allocated) = (false, 0L);
        (string What, string Details)? finding = null;
        try
        {
            (isTaken, allocated) = Measure(target, input);
            var bound = _target.FixedAllocation + ((long)_target.AllocationPerByte * input.Bytes.Length);
            if (allocated > bound)
            {
                allocated = Measure(target, input).Allocated; // The first time also paid for what is made once.
            }

            if (allocated > bound)
            {
                finding = ("allocates", $"{allocated} bytes, and {bound} are allowed for {input.Bytes.Length}");
            }
        }
        catch (Exception e)
        {
            finding = e is FuzzFindingException ? ("is wrong", e.Message) : ("crashes", $"{e}");
        }

        lock (_judging)
        {
            if (_isGivenUp)
            {
                return;
            }

            Executions++;
            Taken += isTaken ? 1 : 0;
            MostAllocated = Math.Max(MostAllocated, allocated);
            if (finding is var (what, details))
            {
                Note(what, number, $"{input}", details);
            }
        }
    }

    private (bool IsTaken, long Allocated) Measure(IFuzzTarget target, FuzzInput input)
    {
        var before = Allocated();
        var run = target.RunAsync(input);
        FuzzFindingException.ThrowUnless(run.IsCompleted || _target.GoesElsewhere, $"It goes elsewhere, where nothing is measured: say {nameof(FuzzTarget.GoesElsewhere)}.");
        var isTaken = run.GetAwaiter().GetResult();
        return (isTaken, Allocated() - before);
    }

    private long Allocated() => _target.GoesElsewhere ? GC.GetTotalAllocatedBytes(precise: true) : GC.GetAllocatedBytesForCurrentThread();

    private bool HasHung()
    {
        lock (_judging)
        {
            if (_current is not { } current || Stopwatch.GetElapsedTime(current.Began) < _longest)
            {
                return false;
            }

            _isGivenUp = true; // Should it end after all, nothing of it counts.
            Hangs++;
            Executions++;
            _findings.Add(Describe($"hangs, since {_longest.TotalSeconds} s, while it has to {current.Doing}", current.Number, $"{current.Input}", ""));
            return true;
        }
    }

    private void Note(string what, int number, string input, string details)
    {
        lock (_judging)
        {
            if (!_isGivenUp)
            {
                Crashes++;
                _findings.Add(Describe(what, number, input, details));
            }
        }
    }

    private string Describe(string what, int number, string input, string details) => $"""
        {Name} {what}: {details}
        {(input.Length <= 4000 ? input : $"{input[..4000]}…")}
        Run it again:
        TOKENSESSIONS_FUZZ_SEED={Seed} TOKENSESSIONS_FUZZ_TARGET={Name} TOKENSESSIONS_FUZZ_NUMBER={number} {_replay}
        """;

    private sealed record Step(string Doing, int Number, FuzzInput? Input, long Began);
}
