using TokenSessions.Tests.Validation;

namespace TokenSessions.Tests.Simulation;

/// <summary>Issuers, validators, store, KMS and clients in one process, on fake time, each run from one seed.</summary>
/// <remarks>
/// Set by environment variables: <c>TOKENSESSIONS_SIMULATION_SEED</c>, the first seed (default 1); <c>TOKENSESSIONS_SIMULATION</c>,
/// how many (default 150, or 1 if the first is set); <c>TOKENSESSIONS_SIMULATION_OPERATIONS</c>, how many operations each (default
/// 500). One seed alone tells all it did, if it fails. Seeds that have failed stand in <c>Seeds.txt</c>.
/// </remarks>
public sealed class SimulationTests
{
    private const int LinesOfTrace = 60;

    private static readonly int FirstSeed = SeededRandom.Setting("TOKENSESSIONS_SIMULATION_SEED") ?? 1;
    private static readonly int Seeds = SeededRandom.Setting("TOKENSESSIONS_SIMULATION") ?? (SeededRandom.Setting("TOKENSESSIONS_SIMULATION_SEED") is null ? 150 : 1);
    private static readonly int Operations = SeededRandom.Setting("TOKENSESSIONS_SIMULATION_OPERATIONS") ?? 500;

    public static TheoryData<int, int> SeedsThatFailed => [.. KeptSeed.All.Select(kept => (kept.Seed, kept.Operations))];

    [Fact]
    public void The_same_seed_gives_the_same_run()
    {
        using var keys = new SimulatedKeys();
        for (var seed = 1; seed <= 10; seed++)
        {
            var first = SeedRun.Of(seed, Operations, keys);
            Assert.Equal(first.Trace, SeedRun.Of(seed, Operations, keys).Trace);
            Assert.Null(first.Problem);
        }
    }

    [Theory]
    [MemberData(nameof(SeedsThatFailed))]
    public void A_seed_that_has_failed_does_not_fail_again(int seed, int operations)
    {
        using var keys = new SimulatedKeys();
        Assert.Null(SeedRun.Of(seed, operations, keys).Problem);
    }

    [Fact]
    public void Whatever_fails_the_invariants_hold()
    {
        using var heartbeat = new Heartbeat();
        using var keys = new SimulatedKeys();
        var runs = new SeedRuns(FirstSeed, Seeds, Operations, keys);
        var output = TestContext.Current.TestOutputHelper;
        output?.WriteLine($"{runs.Done} seeds of {Operations} operations, {runs.Failed.Count} failed.");
        output?.WriteLine(string.Join('\n', runs.Seen.Select(pair => $"{pair.Value,9} {pair.Key}")));
        if (runs.Failed is [var failed, ..])
        {
            var trace = failed.Trace.TakeLast(Seeds > 1 ? LinesOfTrace : int.MaxValue);
            Assert.Fail($"""
                {string.Join('\n', trace)}
                {string.Join('\n', runs.Failed.Select(run => run.Problem))}
                Run one again, and see all of it:
                TOKENSESSIONS_SIMULATION_SEED={failed.Seed} TOKENSESSIONS_SIMULATION_OPERATIONS={Operations} dotnet test tests/TokenSessions.Tests --filter {nameof(Whatever_fails_the_invariants_hold)}
                """);
        }
    }
}
