using TokenSessions.Tests.Validation;
using TokenSessions.Tests.Vectors;

namespace TokenSessions.Tests.Peers;

/// <summary>Our validator beside Microsoft's handlers and <c>jose</c>: see the README beside this.</summary>
/// <remarks>
/// Set by environment variables: <c>TOKENSESSIONS_PEERS</c>, how many mutations (default 2,000, which the table counts);
/// <c>TOKENSESSIONS_PEERS_SEED</c>; <c>TOKENSESSIONS_PEERS_NUMBER</c>, the only one to run.
/// </remarks>
public sealed class DifferenceTests
{
    private const int Counted = 2_000;
    private const int Long = 100_000; // So many of the usual seed show every difference of the table.
    private const int AtOnce = 500;
    private const int UsualSeed = 20261124;
    private const string Command = "dotnet test tests/TokenSessions.Tests --filter \"FullyQualifiedName~Tests.Peers\"";

    private static readonly int Total = SeededRandom.Setting("TOKENSESSIONS_PEERS") ?? Counted;
    private static readonly int Seed = SeededRandom.Setting("TOKENSESSIONS_PEERS_SEED") ?? UsualSeed;
    private static readonly int? Only = SeededRandom.Setting("TOKENSESSIONS_PEERS_NUMBER");

    public static TheoryData<string> Peers => [.. PeerProcess.Names];

    [Theory]
    [MemberData(nameof(Peers))]
    public async Task Over_all_vectors_a_peer_differs_as_the_table_lists_and_explains(string name)
    {
        using var peer = await PeerProcess.StartAsync(name);
        var seen = new DifferenceCounts();
        foreach (var file in VectorFolder.Names)
        {
            // One question for all that are told the same: to read a key set takes longer than to verify a token.
            foreach (var group in VectorFile.Read(file).Vectors.Where(vector => vector.Reader is AccessTokenReader)
                .GroupBy(vector => (vector.PublishedKeySet, vector.Now, string.Join(' ', Types(vector)))))
            {
                Vector[] vectors = [.. group];
                var question = new PeerQuestion(vectors[0].PublishedKeySet, Types(vectors[0]), vectors[0].Now, [.. vectors.Select(vector => vector.Token)]);
                await seen.CompareAsync(peer, question, i => (file, vectors[i].Name, true));
            }
        }

        new DifferenceTable("| file ", name).Check(seen, isCounted: true, isLong: true, Command);
    }

    [Theory]
    [MemberData(nameof(Peers))]
    public async Task Over_seeded_mutations_a_peer_differs_as_the_table_lists_and_explains(string name)
    {
        using var heartbeat = new Heartbeat();
        using var peer = await PeerProcess.StartAsync(name);
        var (seen, accepted, forged) = (new DifferenceCounts(), 0, new List<int>());
        foreach (var numbers in Enumerable.Range(Only ?? 0, Only is null ? Total : 1).Chunk(AtOnce))
        {
            PeerMutation[] mutations = [.. numbers.Select(number => PeerMutation.Make(SeededRandom.Of(Seed, number)))];
            var question = new PeerQuestion(PeerMutation.KeySet, ["at+jwt"], Vector.DefaultNow, [.. mutations.Select(mutation => mutation.Token)]);
            var own = await seen.CompareAsync(
                peer, question, i => (mutations[i].Where, $"number {numbers[i]}: {mutations[i].Token}", Seed == UsualSeed && numbers[i] < Counted));
            accepted += own.Count(answer => answer.Rejection is null);
            forged.AddRange(numbers.Where((_, i) => own[i].Rejection is null && !mutations[i].IsIssued));
        }

        Print(name, seen, accepted, forged.Count);
        Assert.True(forged.Count == 0, $"Accepted, and nobody signed that: {string.Join(", ", forged)}. To see one again: {Replay(forged.FirstOrDefault())}");
        var isUsual = Seed == UsualSeed && Only is null;
        new DifferenceTable("| changed ", name).Check(seen, isUsual && Total >= Counted, isUsual && Total >= Long, Replay(Only));
    }

    /// <summary>A peer that accepts nothing would never be found to accept too much.</summary>
    [Theory]
    [MemberData(nameof(Peers))]
    public async Task A_peer_reads_good_tokens_of_every_algorithm_as_we_do(string name)
    {
        using var peer = await PeerProcess.StartAsync(name);
        var seen = new DifferenceCounts();

        var own = await seen.CompareAsync(
            peer, new(PeerMutation.KeySet, ["at+jwt"], Vector.DefaultNow, PeerMutation.Good), i => ("good", $"{i}", true));

        Assert.All(own, answer => Assert.Null(answer.Rejection));
        Assert.Empty(seen.All);
    }

    private static IReadOnlyList<string> Types(Vector vector) => ((AccessTokenReader)vector.Reader).Types;

    private static string Replay(int? number) =>
        $"TOKENSESSIONS_PEERS_SEED={Seed} {(number is null ? $"TOKENSESSIONS_PEERS={Total}" : $"TOKENSESSIONS_PEERS_NUMBER={number}")} {Command}";

    private static void Print(string peer, DifferenceCounts seen, int accepted, int forged)
    {
        var lines = seen.All.OrderBy(pair => $"{pair.Key}", StringComparer.Ordinal)
            .Select(pair => $"\n| {pair.Key.Where} | {pair.Key.WeSay} | {pair.Value} |{(Only is null ? "" : seen.Examples(pair.Key))}");
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{(Only is null ? Total : 1)} mutations of seed {Seed}: we accept {accepted}, of which {forged} were not signed so. {peer} differs:\n"
            + $"| changed | we say | tokens |\n|---|---|---|{string.Concat(lines)}");
    }
}
