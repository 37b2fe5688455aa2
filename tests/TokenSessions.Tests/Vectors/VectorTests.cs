using TokenSessions.Tests.Vectors.Making;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Tests.Vectors;

/// <summary>Known attacks and published examples, as data: see the README beside them.</summary>
public sealed class VectorTests : IClassFixture<VectorWriting>
{
    private const string HowToWrite = $"If that was meant, run the tests once with {VectorWriting.Setting}=1 and commit the folder.";

    public static TheoryData<string> Files => [.. VectorFolder.Names];

    public static TheoryData<string> Described => [.. VectorDescriptions.All.Select(file => file.Name)];

    [Theory]
    [MemberData(nameof(Files))]
    public async Task Every_vector_gets_its_verdict_cold_and_remembered(string file)
    {
        var wrong = await VectorRun.FindWrongAnswersAsync(VectorFile.Read(file), TestContext.Current.CancellationToken);

        Assert.True(wrong.Count == 0, Describe(file, wrong));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Signatures_and_thumbprints_are_what_the_file_says(string name)
    {
        var file = VectorFile.Read(name);
        var keys = file.Vectors.SelectMany(vector => VectorRun.ParseKeySet(vector.PublishedKeySet)?.Keys ?? []).ToLookup(key => key.KeyId);

        Assert.All(file.Vectors.Where(vector => vector.SignedBy is not null), vector => Assert.True(VectorRun.IsSigned(vector), vector.Name));
        Assert.All(file.Thumbprints, pair => Assert.Equal(pair.Value, keys[pair.Key].First().Thumbprint()));
    }

    [Theory]
    [MemberData(nameof(Described))]
    public void A_file_holds_what_its_description_makes(string name)
    {
        var path = VectorFolder.PathOf($"{name}.json");
        var made = VectorDescriptions.All.Single(file => file.Name == name).Write();

        Assert.True(File.Exists(path) && File.ReadAllText(path) == made, $"{name}.json is not what its description makes. {HowToWrite}");
    }

    /// <summary>Also what was written by hand: else a misspelt member would be passed over.</summary>
    [Theory]
    [MemberData(nameof(Files))]
    public void A_file_has_no_member_that_is_not_read(string name) =>
        Assert.Equal(File.ReadAllText(VectorFolder.PathOf($"{name}.json")), VectorFile.Read(name).Write());

    [Fact]
    public void The_issuer_s_key_set_is_the_public_half_of_the_test_keys() => Assert.True(
        File.ReadAllText(VectorFolder.PathOf("Keys/issuer.jwks.json")) == VectorWriting.IssuerKeySet(),
        $"The key set is not what the test keys make. {HowToWrite}");

    [Fact]
    public void The_README_lists_every_file_with_its_attack_and_reference() => Assert.True(
        File.ReadAllText(VectorFolder.PathOf("README.md")) == VectorWriting.Readme(), $"The table is not what the files say. {HowToWrite}");

    [Fact]
    public void Names_within_a_file_differ() => Assert.All(VectorFolder.Names.Select(VectorFile.Read), file =>
        Assert.Equal(file.Vectors.Count, file.Vectors.Select(vector => vector.Name).Distinct(StringComparer.Ordinal).Count()));

    /// <summary>Else vectors made again would differ, or would be refused for no reason of theirs.</summary>
    [Fact]
    public void Test_keys_sign_as_every_verifier_expects_and_alike_every_time() => Assert.All(
        (VectorKey[])[VectorKey.Es256, VectorKey.Es384, VectorKey.Rs256, VectorKey.Ps256],
        key =>
        {
            var published = VectorRun.ParseKeySet(VectorDescriptions.KeySetOf(key.Public()).ToJsonString())!.Find(key.KeyId)!;

            Assert.Equal(key.KeyId, published.Thumbprint());
            Assert.Equal(SignatureAlgorithm.Find(key.Algorithm), published.Algorithm);
            Assert.True(published.Verify("input"u8, key.Sign([.. "input"u8])));
            Assert.Equal(key.Sign([.. "input"u8]), key.Sign([.. "input"u8]));
        });

    /// <summary>Prints one table: vectors tried and wrong answers, by file.</summary>
    [Fact]
    public async Task No_answer_is_wrong()
    {
        var (tried, wrong, described) = (0, 0, new List<string>());
        foreach (var file in VectorFolder.Names.Select(VectorFile.Read))
        {
            var wrongHere = await VectorRun.FindWrongAnswersAsync(file, TestContext.Current.CancellationToken);
            Print(file.Name, file.Vectors.Count, wrongHere.Count);
            (tried, wrong) = (tried + file.Vectors.Count, wrong + wrongHere.Count);
            if (wrongHere.Count > 0)
            {
                described.Add(Describe(file.Name, wrongHere));
            }
        }

        Print("all", tried, wrong);
        Assert.True(wrong == 0, string.Join("\n\n", described));
    }

    private static string Describe(string file, IReadOnlyList<string> wrong) => $"""
        {file}:
        {string.Join('\n', wrong)}
        Ask again about this file alone:
        dotnet test tests/TokenSessions.Tests --filter "FullyQualifiedName~{nameof(Every_vector_gets_its_verdict_cold_and_remembered)}&DisplayName~{file}"
        """;

    private static void Print(string name, int tried, int wrong) =>
        TestContext.Current.TestOutputHelper?.WriteLine($"{name,-24} {tried,5} tried {wrong,3} wrong");
}
