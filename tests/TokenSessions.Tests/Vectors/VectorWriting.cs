using TokenSessions.Tests.Vectors.Making;

namespace TokenSessions.Tests.Vectors;

/// <summary>Writes the folder before its tests run, if the environment says so.</summary>
public sealed class VectorWriting
{
    /// <summary>With this environment variable set to 1 the folder is written.</summary>
    internal const string Setting = "TOKENSESSIONS_WRITE_VECTORS";

    private const string HeadOfTable = "| attack ";

    public VectorWriting()
    {
        if (Environment.GetEnvironmentVariable(Setting) != "1")
        {
            return;
        }

        File.WriteAllText(VectorFolder.PathOf("Keys/issuer.jwks.json"), IssuerKeySet());
        foreach (var file in VectorDescriptions.All)
        {
            File.WriteAllText(VectorFolder.PathOf($"{file.Name}.json"), file.Write());
        }

        foreach (var name in VectorFolder.Names) // Those written by hand, too: with what they left to the defaults.
        {
            File.WriteAllText(VectorFolder.PathOf($"{name}.json"), VectorFile.Read(name).Write());
        }

        File.WriteAllText(VectorFolder.PathOf("README.md"), Readme());
    }

    internal static string IssuerKeySet() => VectorDescriptions.IssuerKeySet.ToJsonString(VectorFolder.Indented) + "\n";

    /// <summary>The README as it is, with the table that the files make.</summary>
    internal static string Readme()
    {
        var lines = File.ReadAllLines(VectorFolder.PathOf("README.md")).ToList();
        var first = lines.FindIndex(line => line.StartsWith(HeadOfTable, StringComparison.Ordinal)) + 2;
        lines.RemoveRange(first, lines.Skip(first).TakeWhile(line => line.StartsWith('|')).Count());
        lines.InsertRange(first, VectorFolder.Names.Select(VectorFile.Read)
            .Select(file => $"| {file.Attack} | {file.Reference} | [{file.Name}]({file.Name}.json) | {file.Vectors.Count} |"));
        return string.Join('\n', lines) + "\n";
    }
}
