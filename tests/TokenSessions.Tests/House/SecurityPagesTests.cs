using System.Reflection;

namespace TokenSessions.Tests.House;

/// <summary>What the pages about threats and standards claim is shown by tests that exist.</summary>
public sealed class SecurityPagesTests
{
    /// <summary>How many requirements each section of these chapters of ASVS 5.0.0 has; they are numbered from 1 on.</summary>
    private static readonly (string Section, int Requirements)[] Asvs =
    [
        ("7.1", 3), ("7.2", 4), ("7.3", 2), ("7.4", 5), ("7.5", 3), ("7.6", 2),
        ("9.1", 3), ("9.2", 4),
        ("10.1", 2), ("10.2", 3), ("10.3", 5), ("10.4", 16), ("10.5", 5), ("10.6", 2), ("10.7", 3),
        ("11.1", 4), ("11.2", 5), ("11.3", 5), ("11.4", 4), ("11.5", 2), ("11.6", 2), ("11.7", 2),
    ];

    private static readonly string[] Rfc9700Practices = ["2.1", "2.1.1", "2.1.2", "2.2", "2.2.1", "2.2.2", "2.3", "2.4", "2.5", "2.6"];

    private static readonly IReadOnlySet<string> Planted = new HashSet<string> { "KnownTests.Says_no" };

    [Theory]
    [InlineData("THREATS.md")]
    [InlineData("CHECKLIST.md")]
    public void Every_row_has_an_answer_and_names_tests_that_exist(string page)
    {
        Assert.Empty(SecurityPage.Open(page).Problems(WrittenTests.All));
    }

    [Fact]
    public void The_checklist_has_every_requirement_of_its_chapters_once_and_in_order()
    {
        var asvs = Asvs.SelectMany(section => Enumerable.Range(1, section.Requirements).Select(number => $"V{section.Section}.{number}"));
        var rfc8725 = Enumerable.Range(1, 12).Select(number => $"§3.{number}");
        var rfc9700 = Rfc9700Practices.Concat(Enumerable.Range(1, 17).Select(number => $"4.{number}")).Select(number => $"§{number}");

        var written = SecurityPage.Open("CHECKLIST.md").Rows.Select(row => row.Cells[0].Split(' ')[0]);

        Assert.Equal([.. asvs, .. rfc8725, .. rfc9700], written);
    }

    [Theory]
    [InlineData("| V1.1 one | met: so | `KnownTests.Says_no`, `alg-none.json` |", null)]
    [InlineData("| V1.1 one | met | `KnownTests.Says_no` |", null)]
    [InlineData("| V1.1 one | not ours: so | none |", null)]
    [InlineData("| V1.1 one | met: so | no test: operations |", null)]
    [InlineData("| V1.1 one | met: so | `KnownTests.Says_yes` |", "Line 3: There is no `KnownTests.Says_yes`.")]
    [InlineData("| V1.1 one | met: so | `OtherTests.Says_no` |", "Line 3: There is no `OtherTests.Says_no`.")]
    [InlineData("| V1.1 one | met: so | `no-such-vectors.json` |", "Line 3: There is no `no-such-vectors.json`.")]
    [InlineData("| V1.1 one | met: so | KnownTests.Says_no |", "Line 3: 'KnownTests.Says_no' names no test.")]
    [InlineData("| V1.1 one | met: so | none |", "Line 3: 'none' names no test.")]
    [InlineData("| V1.1 one | met: so | no test |", "Line 3: 'no test' names no test.")]
    [InlineData("| V1.1 one | met: so |  |", "Line 3: 3 cells are wanted, none of them empty.")]
    [InlineData("| V1.1 one |  | `KnownTests.Says_no` |", "Line 3: 3 cells are wanted, none of them empty.")]
    [InlineData("| V1.1 one | `KnownTests.Says_no` |", "Line 3: 3 cells are wanted, none of them empty.")]
    [InlineData("| V1.1 one | perhaps | `KnownTests.Says_no` |", "Line 3: The answer begins with none of 'met', 'partly', 'not met', 'not ours'.")]
    public void A_row_without_an_answer_or_with_a_test_that_does_not_exist_is_told(string row, string? problem)
    {
        var page = new SecurityPage(["| requirement | answer | shown by |", "|---|---|---|", row]);

        Assert.Equal(problem is null ? [] : [problem], page.Problems(Planted));
    }

    [Theory]
    [InlineData("none")]
    [InlineData("`KnownTests.Says_yes`")]
    public void A_threat_without_a_test_is_told(string shownBy)
    {
        var page = new SecurityPage(["| threat | what answers it | shown by |", "|---|---|---|", $"| one | so | {shownBy} |"]);

        Assert.Single(page.Problems(Planted));
    }

    [Fact]
    public void A_page_without_a_table_that_is_checked_is_told()
    {
        var page = new SecurityPage(["| requirement | answer | test |", "|---|---|---|", "| V1.1 one | met: so | nothing |"]);

        Assert.Single(page.Problems(Planted));
    }

    [Fact]
    public void A_test_is_a_method_that_is_run_in_the_class_it_stands_in()
    {
        string[] source =
        [
            "public sealed partial class FirstTests(string text) : IDisposable", "{",
            "    [Fact]", "    public async Task Says_no()", "    { }",
            "    public void Helps()", "    { }",
            "    [Theory]", "    [InlineData(\"public void Wrong()\")]", "    public void Says_yes(string value)", "    { }",
            "    [Fact(Skip = \"broken\")]", "    public void Sleeps()", "    { }", "}",
            "public abstract class SecondTests", "{", "    [Fact]", "    public void Says_no() => Assert.True(true);", "}",
        ];

        Assert.Equal(["FirstTests.Says_no", "FirstTests.Says_yes", "SecondTests.Says_no"], WrittenTests.In(source));
    }

    [Fact]
    public void The_source_tells_the_tests_that_this_assembly_runs()
    {
        var run = Assembly.GetExecutingAssembly().GetTypes()
            .SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly))
            .Where(method => method.IsDefined(typeof(FactAttribute)))
            .Select(method => $"{method.DeclaringType!.Name}.{method.Name}");

        Assert.Equal(run.Order(StringComparer.Ordinal), WrittenTests.Under("TokenSessions.Tests").Order(StringComparer.Ordinal));
    }
}
