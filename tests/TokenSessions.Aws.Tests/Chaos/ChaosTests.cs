using System.Globalization;
using System.Text;
using TokenSessions.Aws.Tests.Servers;
using TokenSessions.Tests;

namespace TokenSessions.Aws.Tests.Chaos;

/// <summary>
/// Real processes, load, and one outage after the other: what was acknowledged holds, what is good is served, and what is refused is
/// refused for a reason.
/// </summary>
/// <remarks>
/// The environment variable <c>TOKENSESSIONS_CHAOS</c> says which outages: <c>all</c>, or a part of their names. Without it, a slice.
/// </remarks>
[CollectionDefinition(nameof(ChaosTests), DisableParallelization = true)]
[Collection(nameof(ChaosTests))]
public sealed class ChaosTests
{
    [Fact]
    public async Task Whatever_is_down_nothing_acknowledged_is_lost_and_everything_serves_again()
    {
        var output = TestContext.Current.TestOutputHelper!;
        var chosen = Chosen();
        var outages = chosen.Where(outage => FakedClock.Library is not null || !outage.Trouble.SetsClock).ToList();
        if (outages.Count < chosen.Count)
        {
            var missing = $"libfaketime is not installed, so these outages are left out: {string.Join(", ", chosen.Except(outages).Select(outage => outage.Name))}.";
            output.WriteLine(missing);
            if (outages.Count == 0 || Prerequisite.AreRequired)
            {
                Prerequisite.Missing(missing);
            }
        }

        using var heartbeat = new Heartbeat();
        var judge = new Judge();
        await using var site = await Site.StartAsync(outages.Exists(outage => outage.Trouble.SetsClock));
        using var load = new Load(site, judge);
        var run = new ChaosRun(site, judge, load);

        try
        {
            await run.RunAsync(outages);
        }
        finally
        {
            output.WriteLine(Table(run.Phases));
            output.WriteLine($"Revoked: {string.Join(", ", load.Ended.CountBy(ended => ended.Kind).Select(kind => $"{kind.Value} by {kind.Key}"))}.");
            output.WriteLine(string.Join('\n', judge.Wrongs));
        }

        Assert.True(judge.Wrongs.Count == 0, $"{judge.Wrongs.Count} wrong, the first: {judge.Wrongs.FirstOrDefault()}");
    }

    private static List<Outage> Chosen()
    {
        var chosen = Environment.GetEnvironmentVariable("TOKENSESSIONS_CHAOS") switch
        {
            null or "" => Slice(),
            "all" => [.. Outages.All],
            { } part => [.. Outages.All.Where(outage => outage.Name.Contains(part, StringComparison.Ordinal))],
        };
        Assert.NotEmpty(chosen);
        return chosen;
    }

    private static List<Outage> Slice()
    {
        var slice = Outages.All.Where(outage => Outages.Slice.Contains(outage.Name)).ToList();
        Assert.Equal(Outages.Slice.Order(StringComparer.Ordinal), slice.Select(outage => outage.Name).Order(StringComparer.Ordinal)); // A wrong name would leave one out.
        return slice;
    }

    private static string Table(IReadOnlyList<Phase> phases)
    {
        string[][] rows =
        [
            ["outage", "lasted s", "well", "refused", "wrong", "revoked", "lost", "double", "false thefts", "all served after s"],
            .. phases.Select(phase => Row(phase.Name, Seconds(phase.Lasted), count => phase[count], Seconds(phase.ServedAgainAfter))),
            Row("all", "", count => phases.Sum(phase => phase[count]), ""),
        ];
        var widths = Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length)).ToArray();
        var table = new StringBuilder();
        foreach (var row in rows)
        {
            table.Append("| ").AppendJoin(" | ", row.Select((cell, i) => i == 0 ? cell.PadRight(widths[i]) : cell.PadLeft(widths[i]))).AppendLine(" |");
        }

        return table.ToString();
    }

    private static string[] Row(string name, string lasted, Func<Count, int> count, string served) =>
        [name, lasted, .. Enum.GetValues<Count>().Select(each => count(each).ToString(CultureInfo.InvariantCulture)), served];

    private static string Seconds(TimeSpan? time) => time is { } some ? some.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture) : "";
}
