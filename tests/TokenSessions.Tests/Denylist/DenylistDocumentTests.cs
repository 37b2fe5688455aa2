using System.Text;
using System.Text.Json.Nodes;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Denylist;

public sealed class DenylistDocumentTests
{
    private const string Key = "dZQOY2RnkJhyxtG5DvpFmg";
    private const string OtherKey = "_eIL1BxfekOYDu_Q0I0Spg";
    private const string StandingKey = "BehRjXMwBimtZFa-3uoEWg";

    private const string Sample =
        """{"iss":"https://issuer.example","as_of":1763640000123,"cursor":"c1","whole":true,"head":{"shards":2,"regions":1,"window":960,"longest_access_token_lifetime":600,"longest_refresh_life":2592000},"rules":[["dZQOY2RnkJhyxtG5DvpFmg",1763640000000],["_eIL1BxfekOYDu_Q0I0Spg",1763640000001,1763640000002]],"standing":[["BehRjXMwBimtZFa-3uoEWg",1763640000003]]}""";

    [Fact]
    public void Reads_every_member()
    {
        var document = Parse(Sample);

        Assert.Equal("https://issuer.example", document.Issuer);
        Assert.Equal(DateTimeOffset.FromUnixTimeMilliseconds(1763640000123), document.AsOf);
        Assert.Equal("c1", document.Cursor);
        Assert.True(document.IsWhole);
        Assert.Equal(
            new DenylistHead
            {
                Shards = 2,
                Window = TimeSpan.FromMinutes(16),
                LongestAccessTokenLifetime = TimeSpan.FromMinutes(10),
                LongestRefreshLife = TimeSpan.FromDays(30),
            },
            document.Head);
        Assert.Equal(
            [
                new(RuleKey.Parse(Key)!.Value, 1763640000000, 0, false),
                new(RuleKey.Parse(OtherKey)!.Value, 1763640000001, 1763640000002, false),
                new DenylistRule(RuleKey.Parse(StandingKey)!.Value, 1763640000003, 0, true),
            ],
            document.Rules);
    }

    [Fact]
    public void Is_written_exactly_as_published()
    {
        Assert.Equal(Sample, Encoding.UTF8.GetString(Parse(Sample).ToJson().Span));
    }

    [Fact]
    public void Rounds_parts_of_a_second_in_the_head_up()
    {
        var document = Parse(Sample);
        var written = document with { Head = document.Head with { Window = TimeSpan.FromSeconds(960.001) } };

        Assert.Equal(TimeSpan.FromSeconds(961), DenylistDocument.Parse(written.ToJson().Span).Head.Window);
    }

    [Fact]
    public void Has_room_for_a_million_watermarks()
    {
        var json = Parse(Sample) with
        {
            Rules = [.. Enumerable.Range(0, 1000).Select(i => new DenylistRule(new((UInt128)i), 1763640000000, 1763640000001, false))],
        };
        var bytesPerRule = json.ToJson().Length / 1000.0;

        Assert.InRange(bytesPerRule * 1_000_000 * 4 / 3, 0, DenylistDocument.MaxLength);
    }

    [Fact]
    public void Ignores_members_of_a_later_version()
    {
        Assert.Equal("c1", Parse(Change(d => d["later"] = new JsonObject { ["iss"] = new JsonArray(1) })).Cursor);
        Assert.Equal(2, Parse(Change(d => d["head"]!["later"] = 1)).Head.Shards);
    }

    [Theory]
    [InlineData("iss")]
    [InlineData("as_of")]
    [InlineData("cursor")]
    [InlineData("whole")]
    [InlineData("head")]
    [InlineData("rules")]
    [InlineData("standing")]
    public void Needs_every_member_once_and_of_its_type(string name)
    {
        Refuses(Change(d => d.Remove(name)));
        Refuses(Change(d => d[name] = null));
        Refuses(Change(d => d[name] = name is "iss" or "cursor" ? 1 : "text"));
        Refuses(Sample[..^1] + $",{JsonValue.Create(name).ToJsonString()}:{JsonNode.Parse(Sample)![name]!.ToJsonString()}}}");
    }

    [Theory]
    [InlineData("shards", 1, 64)]
    [InlineData("window", 1, 316224000)]
    [InlineData("longest_access_token_lifetime", 1, 316224000)]
    [InlineData("longest_refresh_life", 0, 316224000)]
    public void Needs_every_member_of_the_head_once_and_in_its_range(string name, int least, int most)
    {
        Parse(Change(d => d["head"]![name] = least));
        Parse(Change(d => d["head"]![name] = most));
        Refuses(Change(d => d["head"]![name] = least - 1));
        Refuses(Change(d => d["head"]![name] = most + 1));
        Refuses(Change(d => d["head"]![name] = "1"));
        Refuses(Change(d => d["head"]!.AsObject().Remove(name)));
        Refuses(Sample.Replace("\"head\":{", $"\"head\":{{\"{name}\":1,", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("0", true)]
    [InlineData("253402300799999", true)]
    [InlineData("253402300800000", false)]
    [InlineData("-1", false)]
    [InlineData("1.0", false)]
    [InlineData("1e3", false)]
    [InlineData("99999999999999999999", false)]
    [InlineData("\"1\"", false)]
    public void Takes_as_times_only_integers_up_to_the_year_9999(string time, bool isTaken)
    {
        foreach (var document in new[]
        {
            Sample.Replace("1763640000123", time, StringComparison.Ordinal),
            Sample.Replace("1763640000000", time, StringComparison.Ordinal),
            Sample.Replace("1763640000003", time, StringComparison.Ordinal),
        })
        {
            if (isTaken)
            {
                Parse(document);
            }
            else
            {
                Refuses(document);
            }
        }
    }

    [Theory]
    [InlineData("1", true)]
    [InlineData("253402300799999", true)]
    [InlineData("0", false)] // A watermark of 0 denies nothing: nobody writes one.
    [InlineData("253402300800000", false)]
    [InlineData("null", false)]
    public void Takes_as_watermarks_only_integers_above_0(string watermark, bool isTaken)
    {
        var document = Sample.Replace("1763640000002", watermark, StringComparison.Ordinal);
        if (isTaken)
        {
            Parse(document);
        }
        else
        {
            Refuses(document);
        }
    }

    [Theory]
    [InlineData("[\"dZQOY2RnkJhyxtG5DvpFmg\"]")]
    [InlineData("[\"dZQOY2RnkJhyxtG5DvpFmg\",1,2,3]")]
    [InlineData("[]")]
    [InlineData("\"dZQOY2RnkJhyxtG5DvpFmg\"")]
    [InlineData("[1,\"dZQOY2RnkJhyxtG5DvpFmg\"]")]
    [InlineData("[\"dZQOY2RnkJhyxtG5DvpFmh\",1]")] // Spare bits.
    [InlineData("[\"dZQOY2RnkJhyxtG5DvpFmg=\",1]")]
    [InlineData("[\"dZQOY2RnkJhyxtG5DvpF\",1]")]
    [InlineData("[\"dZQOY2RnkJhyxtG5DvpFmgAA\",1]")]
    [InlineData("[\"\\u0064ZQOY2RnkJhyxtG5DvpFmg\",1]")] // One spelling only.
    [InlineData("{\"key\":1}")]
    [InlineData("null")]
    public void Refuses_a_rule_of_any_other_shape(string rule)
    {
        Refuses(Sample.Replace("[\"dZQOY2RnkJhyxtG5DvpFmg\",1763640000000]", rule, StringComparison.Ordinal));
        Refuses(Sample.Replace("[\"BehRjXMwBimtZFa-3uoEWg\",1763640000003]", rule, StringComparison.Ordinal));
    }

    [Fact]
    public void Refuses_a_standing_rule_with_a_watermark()
    {
        Refuses(Sample.Replace("1763640000003", "1763640000003,1", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(10_000, true)]
    [InlineData(10_001, false)]
    public void Has_at_most_10000_standing_rules(int count, bool isTaken)
    {
        var document = Change(d => d["standing"] =
            new JsonArray([.. Enumerable.Range(0, count).Select(i => new JsonArray(new RuleKey((UInt128)i).ToString(), 1))]));
        if (isTaken)
        {
            Assert.Equal(count + 2, Parse(document).Rules.Count);
        }
        else
        {
            Refuses(document);
        }
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(128, true)]
    [InlineData(0, false)]
    [InlineData(129, false)]
    public void Has_a_cursor_of_1_to_128_characters(int length, bool isTaken)
    {
        var document = Change(d => d["cursor"] = new string('c', length));
        if (isTaken)
        {
            Parse(document);
        }
        else
        {
            Refuses(document);
        }
    }

    [Fact]
    public void Refuses_what_is_not_one_strict_JSON_object_in_UTF8()
    {
        foreach (var text in new[]
        {
            "", "null", "[]", "{}", Sample + "{}", Sample + "x", Sample[..^1], "\uFEFF" + Sample,
            Sample.Replace("],[", "],,[", StringComparison.Ordinal), Sample.Replace("}]", "},]", StringComparison.Ordinal)[..^1],
            Sample.Replace("true", "true/**/", StringComparison.Ordinal), Sample.Replace("c1", "\\ud800", StringComparison.Ordinal),
            Sample[..^1] + ",\"\\ud800ules\":1}", Sample.Replace("\"shards\"", "\"\\ud800hards\":1,\"shards\"", StringComparison.Ordinal),
            Sample[..^1] + ",\"deep\":" + new string('[', 17) + new string(']', 17) + "}",
        })
        {
            Refuses(text);
        }

        var invalid = Encoding.UTF8.GetBytes(Sample);
        invalid[Sample.IndexOf("c1", StringComparison.Ordinal)] = 0xFF;
        Assert.Throws<FormatException>(() => DenylistDocument.Parse(invalid));
        Parse(Sample + " \n"); // White space may follow (RFC 8259 §2).
    }

    private static DenylistDocument Parse(string json) => DenylistDocument.Parse(Encoding.UTF8.GetBytes(json));

    private static void Refuses(string json) => Assert.Throws<FormatException>(() => Parse(json));

    private static string Change(Action<JsonObject> change)
    {
        var document = JsonNode.Parse(Sample)!.AsObject();
        change(document);
        return document.ToJsonString();
    }
}
