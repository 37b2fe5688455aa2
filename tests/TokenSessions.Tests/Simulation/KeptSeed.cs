using System.Globalization;

namespace TokenSessions.Tests.Simulation;

/// <summary>A line of <c>Seeds.txt</c>.</summary>
/// <param name="Seed">The seed that failed.</param>
/// <param name="Operations">How many operations were run.</param>
/// <param name="Mutant">The patch that brings its fault back; null if there is none.</param>
internal sealed record KeptSeed(int Seed, int Operations, string? Mutant)
{
    public static IEnumerable<KeptSeed> All =>
        from line in File.ReadLines(Path.Combine(SourceTree.Root, "tests/TokenSessions.Tests/Simulation/Seeds.txt"))
        where !line.StartsWith('#')
        let fields = line.Split(' ')
        select new KeptSeed(Number(fields[0]), Number(fields[1]), fields[2] is "-" ? null : fields[2]);

    private static int Number(string field) => int.Parse(field, CultureInfo.InvariantCulture);
}
