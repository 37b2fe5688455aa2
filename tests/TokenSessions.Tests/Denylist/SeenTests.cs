using System.Buffers;
using System.Text;
using System.Text.Json;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Denylist;

public sealed class SeenTests
{
    [Fact]
    public void Nothing_seen_is_no_claim()
    {
        Assert.Equal("{}", Write(default));
        Assert.Equal("{}", Write(default(Seen).With(RuleKind.All, 3, 0)));
    }

    [Fact]
    public void What_was_seen_is_written_by_region_and_kind_and_region_0_has_no_digit()
    {
        var seen = default(Seen).With(RuleKind.All, 3, 6).With(RuleKind.Client, 0, 2).With(RuleKind.Subject, 1, 4).With(RuleKind.Subject, 0, 1);

        Assert.Equal("""{"seen":{"s":1,"c":2,"s1":4,"a3":6}}""", Write(seen));
        Assert.Equal((1, 2, 0, 4, 6), (seen[RuleKind.Subject, 0], seen[RuleKind.Client, 0], seen[RuleKind.All, 0], seen[RuleKind.Subject, 1], seen[RuleKind.All, 3]));
    }

    [Theory]
    [InlineData("s", RuleKind.Subject, 0)]
    [InlineData("c1", RuleKind.Client, 1)]
    [InlineData("a3", RuleKind.All, 3)]
    public void Finds_the_members_it_writes(string name, RuleKind kind, int region) => Assert.Equal((kind, region), Seen.FindMember(name));

    [Theory]
    [InlineData("")]
    [InlineData("s0")]
    [InlineData("s4")]
    [InlineData("s-")]
    [InlineData("s10")]
    [InlineData("x")]
    public void Any_other_name_means_nothing(string name) => Assert.Null(Seen.FindMember(name));

    [Fact]
    public void Covers_what_is_not_above_it_in_any_region()
    {
        var seen = default(Seen).With(RuleKind.Subject, 0, 10).With(RuleKind.Client, 2, 20);

        Assert.True(seen.Covers(default));
        Assert.True(seen.Covers(seen));
        Assert.True(seen.Covers(seen.With(RuleKind.Subject, 0, 9)));
        Assert.False(seen.Covers(seen.With(RuleKind.Subject, 0, 11)));
        Assert.False(seen.Covers(default(Seen).With(RuleKind.Subject, 1, 1)));
        Assert.False(seen.Covers(default(Seen).With(RuleKind.All, 3, 1)));
        Assert.False(default(Seen).Covers(seen));
    }

    [Fact]
    public void Only_watermarks_of_a_region_from_0_to_3_are_seen()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => default(Seen).With(RuleKind.Session, 0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => default(Seen).With(RuleKind.All, -1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => default(Seen).With(RuleKind.All, DenylistHead.MaxRegions, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => default(Seen)[RuleKind.All, DenylistHead.MaxRegions]);
    }

    private static string Write(Seen seen)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            seen.Write(writer);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
