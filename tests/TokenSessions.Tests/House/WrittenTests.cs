using System.Text.RegularExpressions;

namespace TokenSessions.Tests.House;

/// <summary>The tests that stand in the source, of every test project, as <c>Class.Method_name</c>.</summary>
/// <remarks>From the source and not by reflection: this project cannot load the other test projects, which need ASP.NET Core and the AWS SDK.</remarks>
internal static partial class WrittenTests
{
    /// <summary>Those of all test projects.</summary>
    public static IReadOnlySet<string> All { get; } = Under("TokenSessions.Tests", "TokenSessions.Service.Tests", "TokenSessions.Aws.Tests");

    /// <summary>Those of these test projects.</summary>
    public static IReadOnlySet<string> Under(params IEnumerable<string> projects) => projects
        .SelectMany(project => Directory.EnumerateFiles(Path.Combine(SourceTree.Root, "tests", project), "*.cs", SearchOption.AllDirectories))
        .Where(file => !file.Split(Path.DirectorySeparatorChar).Any(folder => folder is "bin" or "obj" or "node_modules"))
        .SelectMany(file => In(File.ReadLines(file)))
        .ToHashSet();

    /// <summary>Those of one file: a method after <c>[Fact]</c> or <c>[Theory]</c>, in the class that was begun last. One that is always skipped shows nothing, and is left out.</summary>
    public static IEnumerable<string> In(IEnumerable<string> lines)
    {
        var (className, isTest) = ("", false);
        foreach (var line in lines)
        {
            if (Class().Match(line) is { Success: true } begun)
            {
                className = begun.Groups[1].Value;
            }
            else if (Attribute().IsMatch(line))
            {
                isTest = !line.Contains("Skip =", StringComparison.Ordinal);
            }
            else if (isTest && Method().Match(line) is { Success: true } method)
            {
                isTest = false;
                yield return $"{className}.{method.Groups[1].Value}";
            }
        }
    }

    [GeneratedRegex(@"^\s*(?:public|internal|private)[\w ]* class (\w+)")]
    private static partial Regex Class();

    [GeneratedRegex(@"^\s*\[(?:Fact|Theory)\b")]
    private static partial Regex Attribute();

    [GeneratedRegex(@"^\s*public [\w<>\[\], ]*?(\w+)\(")]
    private static partial Regex Method();
}
