using System.Text;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Tests.Keys;

public sealed class KeySetTests
{
    [Fact]
    public void Reads_the_first_10_usable_keys_and_says_that_there_are_more()
    {
        var jwks = Enumerable.Range(0, 11).Select(_ => KeySetDocument.NewJwk()).ToArray();

        var ten = KeySet.Parse(KeySetDocument.Of(jwks[..10]));
        var eleven = KeySet.Parse(KeySetDocument.Of(["{}", .. jwks]));

        Assert.Equal(10, ten.Keys.Count);
        Assert.Empty(ten.Ignored);
        Assert.Equal(ten.Keys.Select(key => key.KeyId), eleven.Keys.Select(key => key.KeyId));
        Assert.Equal(2, eleven.Ignored.Count);
        Assert.StartsWith("keys[11] and later", eleven.Ignored[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(KeySet.MaxDocumentLength, true)]
    [InlineData(KeySet.MaxDocumentLength + 1, false)]
    public void Reads_documents_of_at_most_150_KB(int length, bool isRead)
    {
        var document = KeySetDocument.Padded(KeySetDocument.Of(KeySetDocument.NewJwk()), length);

        Assert.Equal(isRead, Record.Exception(() => KeySet.Parse(document)) is null);
    }

    [Fact]
    public void Two_keys_with_the_same_kid_spoil_the_set()
    {
        var jwk = KeySetDocument.NewJwk();

        var problem = Assert.Throws<FormatException>(() => KeySet.Parse(KeySetDocument.Of(jwk, jwk)));

        Assert.Contains("share a kid", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_published_private_key_is_not_used_and_is_reported()
    {
        var keys = KeySet.Parse(KeySetDocument.Of(KeySetDocument.With(KeySetDocument.NewJwk(), "\"d\":\"AAAA\""), KeySetDocument.NewJwk()));

        Assert.Single(keys.Keys);
        Assert.Contains("private key", Assert.Single(keys.Ignored), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(99, 1)]
    [InlineData(100, 0)]
    public void Looks_at_the_first_100_entries(int unusable, int expectedKeys)
    {
        var document = KeySetDocument.Of([KeySetDocument.NewJwk(), .. Enumerable.Repeat("{}", unusable - 1), KeySetDocument.NewJwk()]);

        var keys = KeySet.Parse(document);

        Assert.Equal(1 + expectedKeys, keys.Keys.Count);
        Assert.Equal(expectedKeys == 0, keys.Ignored[^1].StartsWith("keys[100] and later", StringComparison.Ordinal));
    }

    [Fact]
    public void Says_no_more_than_fits_a_log_of_a_document_full_of_what_is_no_key()
    {
        var document = KeySetDocument.Of([.. Enumerable.Repeat("{}", 50_000)]);

        var problem = Assert.Throws<FormatException>(() => KeySet.Parse(document));

        Assert.InRange(problem.Message.Length, 1, 16 * 1024);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"keys\":{}}")]
    [InlineData("{\"keys\":[]}")]
    [InlineData("{\"keys\":[1,null,\"x\",{}]}")]
    [InlineData("{\"keys\":[],\"keys\":[]}")]
    [InlineData("{\"keys\":[]} x")]
    [InlineData("<html>")]
    public void Anything_else_is_no_key_set(string document) =>
        Assert.Throws<FormatException>(() => KeySet.Parse(Encoding.UTF8.GetBytes(document)));

    [Fact]
    public void Invalid_UTF_8_is_no_key_set() => Assert.Throws<FormatException>(() =>
        KeySet.Parse(Encoding.Latin1.GetBytes("{\"keys\":[{\"kid\":\"\u00e9\"}]}")));

    [Fact]
    public void Finds_by_the_exact_kid_and_writes_what_it_read()
    {
        var jwk = KeySetDocument.NewJwk();
        var keys = KeySet.Parse(KeySetDocument.Of(jwk));

        Assert.Same(keys.Keys[0], keys.Find(keys.Keys[0].KeyId));
        Assert.Null(keys.Find(keys.Keys[0].KeyId + "x"));
        Assert.Equal(KeySetDocument.Of(jwk), keys.ToJson());
    }
}
