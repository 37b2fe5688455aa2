namespace TokenSessions.Tests.Simulation;

/// <summary>The patches of <c>tests/mutants</c>, which takes too long to run here. One that no longer applies would show nothing there.</summary>
public sealed class MutantTests
{
    private const string Folder = "tests/TokenSessions.Tests/Simulation/Mutants";

    public static TheoryData<string> Names =>
        [.. Directory.GetFiles(Path.Combine(SourceTree.Root, Folder), "*.patch").Select(path => Path.GetFileNameWithoutExtension(path)!)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_mutant_changes_one_file_of_the_product_as_it_is_now(string name)
    {
        var lines = File.ReadAllLines(Path.Combine(SourceTree.Root, Folder, $"{name}.patch"));
        var file = Assert.Single(lines, line => line.StartsWith("+++ b/src/", StringComparison.Ordinal))["+++ b/".Length..];
        var product = File.ReadAllText(Path.Combine(SourceTree.Root, file));

        foreach (var hunk in string.Join('\n', lines.Skip(2)).Split("\n@@"))
        {
            var changed = hunk.Split('\n')[1..];
            Assert.Contains(Side(changed, '-'), product, StringComparison.Ordinal);
            Assert.NotEqual(Side(changed, '-'), Side(changed, '+'));
        }
    }

    [Fact]
    public void The_mutant_that_a_kept_seed_names_is_there() =>
        Assert.All(KeptSeed.All.Where(kept => kept.Mutant is not null), kept => Assert.Contains(Names, row => row.Data == kept.Mutant));

    /// <summary>A part of a file, as it is before (<c>-</c>) or after (<c>+</c>).</summary>
    private static string Side(string[] hunk, char sign) =>
        string.Join('\n', hunk.Where(line => line.StartsWith(' ') || line.StartsWith(sign)).Select(line => line[1..]));
}
