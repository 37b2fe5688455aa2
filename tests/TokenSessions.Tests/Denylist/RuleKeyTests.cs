using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Denylist;

public sealed class RuleKeyTests
{
    private const string Issuer = "https://issuer.example";

    /// <summary>
    /// Computed by Python's hashlib: base64url of the first 16 bytes of SHA-256 over 4 bytes big-endian of the issuer's length,
    /// the issuer, 4 bytes of the kind's number, 4 bytes of the value's length, the value; texts in UTF-8, lengths in bytes.
    /// </summary>
    [Theory]
    [InlineData(Issuer, RuleKind.Token, "Jti-0123456789abcdefgh", "dZQOY2RnkJhyxtG5DvpFmg")]
    [InlineData(Issuer, RuleKind.Session, "Sid-0123456789abcdefgh", "_eIL1BxfekOYDu_Q0I0Spg")]
    [InlineData(Issuer, RuleKind.Subject, "alice", "v5c7JWYp6Mp8VjpFbazffg")]
    [InlineData(Issuer, RuleKind.Client, "default", "iGzRv2EYp24F4DISBa4J1A")]
    [InlineData(Issuer, RuleKind.Key, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", "BehRjXMwBimtZFa-3uoEWg")]
    [InlineData(Issuer, RuleKind.All, "", "qiRxKoh-ETR6NLOBDAX-Dw")]
    [InlineData("http://localhost:5080", RuleKind.Subject, "Zoë 👋", "VJXyIoS7AXRW3jhUq_SRFQ")]
    [InlineData("", RuleKind.Subject, "", "eLqCVOC0rpcMy-obXjyLtQ")]
    public void Is_the_truncated_hash_of_the_length_prefixed_parts(string issuer, RuleKind kind, string value, string expected)
    {
        Assert.Equal(expected, RuleKey.For(issuer, kind, value).ToString());
    }

    [Fact]
    public void Does_not_depend_on_whether_the_parts_fit_on_the_stack()
    {
        Assert.Equal("jS5Bq88sf8AOcUjksiX7ZQ", RuleKey.For(Issuer, RuleKind.Subject, new string('a', 2000)).ToString());
    }

    [Fact]
    public void Is_the_same_whichever_thread_asks_and_whatever_that_one_asked_before()
    {
        RuleKey[] expected = [.. Enumerable.Range(0, 100).Select(i => RuleKey.For(Issuer, RuleKind.Subject, new string('a', i * 15)))];

        Parallel.For(0, 10_000, i => Assert.Equal(expected[i % 100], RuleKey.For(Issuer, RuleKind.Subject, new string('a', i % 100 * 15))));
        Assert.Equal(100, expected.Distinct().Count());
    }

    [Theory]
    [InlineData("ab", "c", "a", "bc")]
    [InlineData("a", "", "", "a")]
    [InlineData("issuer", "\0\0\0\u0003", "issuer\0\0\0\u0003", "")]
    public void Cannot_be_met_by_moving_the_boundary_between_issuer_and_value(string issuer, string value, string otherIssuer, string otherValue)
    {
        Assert.NotEqual(RuleKey.For(issuer, RuleKind.Subject, value), RuleKey.For(otherIssuer, RuleKind.Subject, otherValue));
    }

    [Fact]
    public void Cannot_be_met_by_an_issuer_that_spells_out_a_kind_and_a_length()
    {
        // The bytes after the issuer's length are the same in both; only where the issuer ends differs.
        var value = "v";
        var forged = "i" + "\0\0\0\u0003" + "\0\0\0\u0001" + value;

        Assert.NotEqual(RuleKey.For("i", RuleKind.Subject, value), RuleKey.For(forged, RuleKind.Subject, ""));
        Assert.NotEqual(
            RuleKey.For("i", RuleKind.Subject, value + "\0\0\0\u0003\0\0\0\0"), RuleKey.For(forged, RuleKind.Subject, ""));
    }

    [Fact]
    public void Differs_by_kind_alone()
    {
        Assert.Equal(6, RuleKinds.All.Select(k => RuleKey.For(Issuer, k.Kind, "same")).Distinct().Count());
    }

    [Theory]
    [InlineData("Alice", "alice")]
    [InlineData("alice", "alice ")]
    [InlineData("é", "e\u0301")] // Composed and decomposed: no normalization.
    public void Takes_values_byte_by_byte(string value, string other)
    {
        Assert.NotEqual(RuleKey.For(Issuer, RuleKind.Subject, value), RuleKey.For(Issuer, RuleKind.Subject, other));
    }

    [Fact]
    public void Is_read_back_from_its_text()
    {
        var key = RuleKey.For(Issuer, RuleKind.All, "");

        Assert.Equal(key, RuleKey.Parse(key.ToString()));
    }

    [Theory]
    [InlineData("qiRxKoh-ETR6NLOBDAX-D")]
    [InlineData("qiRxKoh-ETR6NLOBDAX-DwA")]
    [InlineData("qiRxKoh-ETR6NLOBDAX-Dx")] // Spare bits.
    [InlineData("qiRxKoh+ETR6NLOBDAX+Dw")]
    [InlineData("qiRxKoh-ETR6NLOBDAX-Dw==")]
    [InlineData("")]
    public void Has_no_other_spelling(string text)
    {
        Assert.Null(RuleKey.Parse(text));
    }

    [Fact]
    public void Names_every_kind_once_and_finds_it_again()
    {
        Assert.All(RuleKinds.All, k => Assert.Equal(k.Kind, RuleKinds.Find(k.Name)));
        Assert.All(RuleKinds.All, k => Assert.Equal(k.Name, k.Kind.Name()));
        Assert.Null(RuleKinds.Find("Token"));
        Assert.Throws<ArgumentOutOfRangeException>(() => RuleKind.None.Name());
        Assert.Throws<ArgumentOutOfRangeException>(() => (RuleKind.All + 1).Name());
    }
}
