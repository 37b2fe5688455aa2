namespace TokenSessions.Tests.Peers;

/// <summary>One line of the table.</summary>
/// <param name="Difference">What differs.</param>
/// <param name="Cells">By peer: for how many tokens, or <see cref="Never"/>, or <see cref="Rare"/>.</param>
/// <param name="Why">Why our answer is right.</param>
internal sealed record DifferenceRow(Difference Difference, string[] Cells, string Why)
{
    /// <summary>The peer says what we say.</summary>
    public const string Never = "-";

    /// <summary>The peer differs, but not over the few tokens that are counted.</summary>
    public const string Rare = "rare";

    public static DifferenceRow Parse(string line)
    {
        var cells = line.Split('|').Select(cell => cell.Trim()).ToArray();
        return new(new(cells[1], cells[2]), cells[3..^2], cells[^2]);
    }

    public override string ToString() => $"| {Difference.Where} | {Difference.WeSay} | {string.Join(" | ", Cells)} | {Why} |";
}
