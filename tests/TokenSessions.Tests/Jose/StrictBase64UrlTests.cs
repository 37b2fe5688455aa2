using System.Security.Cryptography;
using System.Text;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Tests.Jose;

public sealed class StrictBase64UrlTests
{
    [Theory] // RFC 4648 §10, without padding.
    [InlineData("", "")]
    [InlineData("f", "Zg")]
    [InlineData("fo", "Zm8")]
    [InlineData("foo", "Zm9v")]
    [InlineData("foob", "Zm9vYg")]
    [InlineData("fooba", "Zm9vYmE")]
    [InlineData("foobar", "Zm9vYmFy")]
    public void Decodes_and_encodes_the_published_examples(string bytes, string text)
    {
        Assert.Equal(Encoding.ASCII.GetBytes(bytes), StrictBase64Url.Decode(text));
        Assert.Equal(text, StrictBase64Url.Encode(Encoding.ASCII.GetBytes(bytes)));
    }

    /// <summary>Every text of up to three characters decodes exactly if encoding the result gives the text back.</summary>
    [Fact]
    public void Every_value_has_one_spelling()
    {
        var alphabet = Enumerable.Range(0, 128).Select(i => (char)i).ToArray();
        var spellings = new HashSet<string>();
        foreach (var text in alphabet.SelectMany(a => alphabet.Select(b => $"{a}{b}")).SelectMany(ab => alphabet.Select(c => ab + c).Append(ab)))
        {
            if (StrictBase64Url.Decode(text) is { } bytes)
            {
                Assert.Equal(text, StrictBase64Url.Encode(bytes));
                Assert.True(spellings.Add(Convert.ToHexString(bytes)));
            }
        }

        Assert.Equal(256 + 65536, spellings.Count);
    }

    [Theory]
    [InlineData("A")]
    [InlineData("AAAAA")]
    [InlineData("Zg==")]
    [InlineData("Zg%3D%3D")]
    [InlineData("Zm 9v")]
    [InlineData("Zm9v\n")]
    [InlineData("Zm9+")]
    [InlineData("Zm9/")]
    [InlineData("Zm9é")]
    [InlineData("Zh")]
    [InlineData("Zm9")]
    public void Refuses_every_other_text(string text)
    {
        Assert.Null(StrictBase64Url.Decode(text));
        Assert.False(StrictBase64Url.IsCanonical(text));
        Assert.False(StrictBase64Url.TryDecode(Encoding.UTF8.GetBytes(text), new byte[16], out _));
    }

    [Fact]
    public void Decodes_what_it_encoded_at_every_length()
    {
        for (var length = 0; length < 200; length++)
        {
            var bytes = RandomNumberGenerator.GetBytes(length);
            var text = StrictBase64Url.Encode(bytes);

            Assert.Equal(length, StrictBase64Url.DecodedLength(text.Length));
            Assert.Equal(bytes, StrictBase64Url.Decode(text));
        }
    }

    [Fact]
    public void Does_not_write_beyond_a_destination_that_is_too_short()
    {
        Assert.False(StrictBase64Url.TryDecode("Zm9vYmFy", new byte[5], out _));
        Assert.True(StrictBase64Url.TryDecode("Zm9vYmFy", new byte[6], out var written));
        Assert.Equal(6, written);
    }
}
