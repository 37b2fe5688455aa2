using TokenSessions.Validation;

namespace TokenSessions.Tests.Validation;

/// <summary>One mutation: a token, and the world that judges it.</summary>
/// <param name="World">Where it is validated.</param>
/// <param name="Token">Any text.</param>
/// <param name="Description">What was done to it, and to which JSON. Test keys only, so all of it may be printed.</param>
internal sealed record DifferentialMutation(DifferentialWorld World, string Token, string Description);

/// <summary>Many mutations, all from one seed; each can be run again alone.</summary>
/// <remarks>
/// Set by environment variables: <c>TOKENSESSIONS_DIFFERENTIAL</c>, how many mutations in all (default 1,000,000);
/// <c>TOKENSESSIONS_DIFFERENTIAL_SEED</c>; <c>TOKENSESSIONS_DIFFERENTIAL_NUMBER</c>, the only one to run. Keys and ECDSA's nonces
/// are new in every run: they change the bytes of signatures, never what is done to a token.
/// </remarks>
internal static class DifferentialRun
{
    private const int MostDisagreements = 10;

    private static readonly int Total = SeededRandom.Setting("TOKENSESSIONS_DIFFERENTIAL") ?? 1_000_000;
    private static readonly int Seed = SeededRandom.Setting("TOKENSESSIONS_DIFFERENTIAL_SEED") ?? 20261124;
    private static readonly int? Only = SeededRandom.Setting("TOKENSESSIONS_DIFFERENTIAL_NUMBER");

    /// <summary>Runs a part of all mutations, each once or up to three times through the same validator.</summary>
    /// <param name="thousandths">Which part of all this is.</param>
    /// <param name="mutate">Makes a mutation from a random source that is its own.</param>
    /// <param name="mustSee">Verdicts that must be among the answers, or else the mutations show nothing.</param>
    public static Task RunAsync(int thousandths, Func<Random, DifferentialMutation> mutate, params string[] mustSee) =>
        RunAsync(
            thousandths,
            async random =>
            {
                var mutation = mutate(random);
                var times = random.Next(8) switch { 0 => 3, 1 => 2, _ => 1 };
                var (disagreement, verdict) = await mutation.World.CompareAsync(mutation.Token, times);
                return (disagreement is null ? null : $"{disagreement}\n  {mutation.Description}\n  {mutation.Token}", [verdict]);
            },
            mustSee);

    /// <inheritdoc cref="RunAsync(int, Func{Random, DifferentialMutation}, string[])"/>
    /// <param name="thousandths">Which part of all this is.</param>
    /// <param name="compare">Makes a mutation and tells the disagreement, or null, and the verdicts.</param>
    /// <param name="mustSee">Verdicts that must be among the answers, or else the mutations show nothing.</param>
    public static async Task RunAsync(
        int thousandths, Func<Random, Task<(string? Disagreement, IReadOnlyList<string> Verdicts)>> compare, params string[] mustSee)
    {
        using var heartbeat = new Heartbeat();
        var count = (int)((long)Total * thousandths / 1000);
        var verdicts = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var found = new List<string>();
        for (var number = Only ?? 0; number < (Only + 1 ?? count) && found.Count < MostDisagreements; number++)
        {
            var (disagreement, seen) = await compare(SeededRandom.Of(Seed, number));
            if (disagreement is not null)
            {
                found.Add($"""
                    seed {Seed}, number {number}, {disagreement}
                    Run it again:
                    TOKENSESSIONS_DIFFERENTIAL_SEED={Seed} TOKENSESSIONS_DIFFERENTIAL_NUMBER={number} dotnet test tests/TokenSessions.Tests --filter {TestContext.Current.TestMethod?.MethodName}
                    """);
            }

            foreach (var verdict in seen)
            {
                verdicts[verdict] = verdicts.GetValueOrDefault(verdict) + 1;
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine(
            $"Seed {Seed}, {count} mutations: {string.Join(", ", verdicts.Select(pair => $"{pair.Value} {pair.Key}"))}.");
        Assert.True(found.Count == 0, string.Join("\n\n", found));
        if (Only is null && count >= 10_000)
        {
            Assert.Empty(mustSee.Except(verdicts.Keys));
        }
    }

    /// <summary>Every rejection by name, and acceptance, but for those that these mutations cannot cause.</summary>
    public static string[] AllBut(params TokenRejection[] rejections) =>
        [.. Enum.GetValues<TokenRejection>().Except([TokenRejection.NotValidated, .. rejections]).Select(rejection => $"{rejection}"), "Accepted"];
}
