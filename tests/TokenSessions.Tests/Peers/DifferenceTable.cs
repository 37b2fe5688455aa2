using System.Globalization;
using System.Text.RegularExpressions;

namespace TokenSessions.Tests.Peers;

/// <summary>A table of differences in <c>differences.md</c>: how often each peer differs, and why that is right.</summary>
internal sealed partial class DifferenceTable
{
    /// <summary>With this environment variable set to 1 the counts are written; the reason of a new row is left to be written by hand.</summary>
    public const string Setting = "TOKENSESSIONS_WRITE_DIFFERENCES";

    private static readonly string Document = Path.Combine(SourceTree.Root, "tests", "TokenSessions.Tests", "Peers", "differences.md");

    private readonly string _head;
    private readonly int _column;
    private readonly List<DifferenceRow> _rows;

    /// <param name="head">How the line that heads the table begins.</param>
    /// <param name="peer">Whose counts are looked at.</param>
    public DifferenceTable(string head, string peer)
    {
        (_head, _column) = (head, Array.IndexOf(PeerProcess.Names, peer));
        _rows = [.. File.ReadAllLines(Document).SkipWhile(line => !line.StartsWith(head, StringComparison.Ordinal)).Skip(2)
            .TakeWhile(line => line.StartsWith('|')).Select(DifferenceRow.Parse)];
    }

    /// <summary>Holds what was seen against the table; with <see cref="Setting"/>, the table is first made to say it.</summary>
    /// <param name="seen">The differences.</param>
    /// <param name="isCounted">Whether just the tokens that the table counts were looked at, so that the counts must be the same.</param>
    /// <param name="isLong">Whether so many were looked at that every listed difference must have been among them.</param>
    /// <param name="replay">A command that shows it again.</param>
    public void Check(DifferenceCounts seen, bool isCounted, bool isLong, string replay)
    {
        if (isCounted && Environment.GetEnvironmentVariable(Setting) == "1")
        {
            Write(seen, isLong);
        }

        var problems = New(seen).Concat(Gone(seen, isCounted, isLong)).Concat(Unexplained()).ToArray();
        Assert.True(problems.Length == 0, $"{string.Join('\n', problems)}\nTo see it again: {replay}\nIf it is meant to be so: {Setting}=1 {replay}");
    }

    private IEnumerable<string> New(DifferenceCounts seen) => seen.All.Keys
        .Where(difference => difference.WeSay == Difference.ReadOtherwise || _rows.All(row => row.Difference != difference || row.Cells[_column] == DifferenceRow.Never))
        .Select(difference => $"{difference} is not in the table{seen.Examples(difference)}");

    private IEnumerable<string> Gone(DifferenceCounts seen, bool isCounted, bool isLong)
    {
        foreach (var (difference, cell) in _rows.Select(row => (row.Difference, row.Cells[_column])))
        {
            var (counted, all) = (seen.Counted.GetValueOrDefault(difference), seen.All.GetValueOrDefault(difference));
            if (isCounted && cell is not (DifferenceRow.Never or DifferenceRow.Rare) && counted != int.Parse(cell, CultureInfo.InvariantCulture))
            {
                yield return $"{difference} was seen {counted} times, not {cell}{seen.Examples(difference)}";
            }
            else if (isLong && cell != DifferenceRow.Never && all == 0)
            {
                yield return $"{difference} is in the table, and no longer there.";
            }
        }
    }

    private IEnumerable<string> Unexplained() =>
        _rows.Where(row => !Section().IsMatch(row.Why)).Select(row => $"{row.Difference} has no reason that names a section of an RFC.");

    /// <summary>Puts the peer's counts in place of those that stand there; rows without any are left out.</summary>
    private void Write(DifferenceCounts seen, bool isLong)
    {
        foreach (var difference in seen.All.Keys.Except(_rows.Select(row => row.Difference)))
        {
            _rows.Add(new(difference, [.. PeerProcess.Names.Select(_ => DifferenceRow.Never)], ""));
        }

        foreach (var row in _rows)
        {
            var isRare = seen.All.ContainsKey(row.Difference) || (!isLong && row.Cells[_column] == DifferenceRow.Rare);
            row.Cells[_column] = seen.Counted.TryGetValue(row.Difference, out var count)
                ? count.ToString(CultureInfo.InvariantCulture)
                : isRare ? DifferenceRow.Rare : DifferenceRow.Never;
        }

        _rows.RemoveAll(row => row.Cells.All(cell => cell == DifferenceRow.Never));
        _rows.Sort((a, b) => StringComparer.Ordinal.Compare($"{a.Difference}", $"{b.Difference}"));
        var lines = File.ReadAllLines(Document).ToList();
        var first = lines.FindIndex(line => line.StartsWith(_head, StringComparison.Ordinal)) + 2;
        lines.RemoveRange(first, lines.Skip(first).TakeWhile(line => line.StartsWith('|')).Count());
        lines.InsertRange(first, _rows.Select(row => $"{row}"));
        File.WriteAllText(Document, string.Join('\n', lines) + "\n");
    }

    [GeneratedRegex(@"RFC \d{4} §\d")]
    private static partial Regex Section();
}
