using System.Text.RegularExpressions;

namespace TokenSessions.Tests.House;

/// <summary>A page of claims about security: tables of what is asked, what answers it, and which tests show that.</summary>
/// <remarks>
/// A table whose last column is <c>shown by</c> is checked: its rows have no empty cell, and end in names of tests, in files of
/// <c>Vectors</c>, or in <c>no test: </c> and why. Where the column before is <c>answer</c>, each begins with a verdict; what is met
/// has tests, and only what is not has <c>none</c>.
/// </remarks>
internal sealed partial class SecurityPage(IEnumerable<string> lines)
{
    private const string ShownBy = "shown by";

    private static readonly string[] Claims = ["met", "partly"];
    private static readonly string[] Denials = ["not met", "not ours"];

    /// <summary>The rows of the tables that are checked.</summary>
    public IReadOnlyList<Row> Rows { get; } = [.. Read(lines)];

    /// <summary>The page of this name in the folder of the validation library.</summary>
    public static SecurityPage Open(string name) =>
        new(File.ReadLines(Path.Combine(SourceTree.Root, "src", "TokenSessions.Validation", name)));

    /// <summary>Everything wrong with the page.</summary>
    /// <param name="tests">The tests there are.</param>
    public IEnumerable<string> Problems(IReadOnlySet<string> tests)
    {
        if (Rows.Count == 0)
        {
            yield return $"No table ends in a column '{ShownBy}'.";
        }

        foreach (var row in Rows)
        {
            foreach (var problem in Problems(row, tests))
            {
                yield return $"Line {row.Line}: {problem}";
            }
        }
    }

    private static IEnumerable<string> Problems(Row row, IReadOnlySet<string> tests)
    {
        if (row.Cells.Length != row.Header.Length || row.Cells.Any(cell => cell.Length == 0))
        {
            yield return $"{row.Header.Length} cells are wanted, none of them empty.";
            yield break;
        }

        var verdict = row.Header[^2] == "answer" ? row.Cells[^2].Split(':')[0] : null;
        if (verdict is not null && !Claims.Contains(verdict) && !Denials.Contains(verdict))
        {
            yield return $"The answer begins with none of '{string.Join("', '", Claims.Concat(Denials))}'.";
        }

        if (row.Cells[^1].StartsWith("no test: ", StringComparison.Ordinal) || (row.Cells[^1] == "none" && Denials.Contains(verdict)))
        {
            yield break;
        }

        foreach (var shown in row.Cells[^1].Split(", "))
        {
            if (!Name().IsMatch(shown))
            {
                yield return $"'{shown}' names no test.";
            }
            else if (!(shown.EndsWith(".json`", StringComparison.Ordinal) ? HasVectors(shown[1..^1]) : tests.Contains(shown[1..^1])))
            {
                yield return $"There is no {shown}.";
            }
        }
    }

    private static bool HasVectors(string file) => File.Exists(Path.Combine(SourceTree.Root, "tests", "TokenSessions.Tests", "Vectors", file));

    private static IEnumerable<Row> Read(IEnumerable<string> lines)
    {
        string[]? header = null;
        foreach (var (index, line) in lines.Index())
        {
            if (!line.StartsWith('|'))
            {
                header = null;
                continue;
            }

            var cells = line.Trim().Trim('|').Split('|', StringSplitOptions.TrimEntries);
            if (header is null)
            {
                header = cells;
            }
            else if (header[^1] == ShownBy && !cells.All(cell => cell.StartsWith("---", StringComparison.Ordinal)))
            {
                yield return new(index + 1, header, cells);
            }
        }
    }

    [GeneratedRegex(@"^`(?:[A-Z]\w*\.[A-Z]\w*|[a-z0-9-]+\.json)`$")]
    private static partial Regex Name();
}

/// <summary>One row of a table.</summary>
/// <param name="Line">Where it stands, from 1 on.</param>
/// <param name="Header">The titles of the table's columns.</param>
/// <param name="Cells">What stands in them.</param>
internal sealed record Row(int Line, string[] Header, string[] Cells);
