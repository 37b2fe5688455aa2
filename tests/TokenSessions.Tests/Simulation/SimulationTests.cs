using System.Globalization;

namespace TokenSessions.Tests.Simulation;

/// <summary>Issuers, validators, store, KMS and clients in one process, on fake time, each run from one seed.</summary>
/// <remarks>
/// Set by environment variables: <c>TOKENSESSIONS_SIMULATION</c>, how many seeds; <c>TOKENSESSIONS_SIMULATION_SEED</c>, the only
/// one to run; <c>TOKENSESSIONS_SIMULATION_OPERATIONS</c>, how many operations each (default 500).
/// </remarks>
public sealed class SimulationTests
{
    private static readonly int Seeds = Setting("TOKENSESSIONS_SIMULATION") ?? 100;
    private static readonly int Operations = Setting("TOKENSESSIONS_SIMULATION_OPERATIONS") ?? 500;
    private static readonly int? Only = Setting("TOKENSESSIONS_SIMULATION_SEED");

    [Fact]
    public void The_same_seed_gives_the_same_run()
    {
        using var keys = new SimulatedKeys();
        for (var seed = 1; seed <= 10; seed++)
        {
            Assert.Equal(Trace(seed, keys), Trace(seed, keys));
        }
    }

    [Fact]
    public void Whatever_fails_the_invariants_hold()
    {
        using var keys = new SimulatedKeys();
        var seen = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var seed in Only is { } only ? [only] : Enumerable.Range(1, Seeds))
        {
            using var run = new SimulationRun(seed, keys);
            try
            {
                run.Run(Operations);
            }
            catch (Exception e)
            {
                Assert.Fail($"{string.Join('\n', run.Trace.TakeLast(Only is null ? 80 : int.MaxValue))}\n\nseed {seed}: {e.Message}\n{e.StackTrace}");
            }

            foreach (var (what, count) in run.Seen)
            {
                seen[what] = seen.GetValueOrDefault(what) + count;
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine(string.Join('\n', seen.Select(pair => $"{pair.Value,8} {pair.Key}")));
    }

    private static List<string> Trace(int seed, SimulatedKeys keys)
    {
        using var run = new SimulationRun(seed, keys);
        try
        {
            run.Run(Operations);
        }
        catch (ViolationException)
        {
            // What was found is told elsewhere.
        }

        return [.. run.Trace];
    }

    private static int? Setting(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;
}
