using System.Text;
using System.Text.Json;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Tests.Jose;

public sealed class StrictJsonTests
{
    private const string Alphabet = "{}[]\",:\\u0123456789abcdefABCDEFnrtl. -+eE\u00e9";

    /// <summary>The platform's parser, made strict, is the reference: slow, but somebody else's.</summary>
    [Fact]
    public void Agrees_with_the_platform_s_strict_parser_on_mutations_of_a_document()
    {
        const string Document = """{"a":1,"b":{"a":"\ud83d\ude00x","\u0063":[1,2.5e3,{"a":null}]},"c":[],"d":{},"e":"é\n","f":true}""";
        var random = new Random(20261120);
        var accepted = 0;
        for (var i = 0; i < 200_000; i++)
        {
            var text = new StringBuilder(Document);
            for (var changes = random.Next(1, 4); changes > 0; changes--)
            {
                var at = random.Next(text.Length);
                _ = random.Next(3) switch
                {
                    0 => text.Remove(at, 1),
                    1 => text.Insert(at, Alphabet[random.Next(Alphabet.Length)]),
                    _ => text.Replace(text[at], Alphabet[random.Next(Alphabet.Length)], at, 1),
                };
            }

            var utf8 = Encoding.UTF8.GetBytes(text.ToString());
            var expected = IsObjectForThePlatform(utf8);
            accepted += expected ? 1 : 0;

            Assert.True(expected == StrictJson.IsObject(utf8), $"Expected {expected}: {text}");
        }

        Assert.InRange(accepted, 10_000, 190_000); // Else the mutations would show nothing.
    }

    [Theory]
    [InlineData(31)]
    [InlineData(32)]
    [InlineData(33)]
    [InlineData(500)]
    public void Finds_a_duplicate_among_any_number_of_names(int count)
    {
        var names = Enumerable.Range(0, count).Select(i => $"\"n{i}\":0").ToArray();

        Assert.True(StrictJson.IsObject(Encoding.UTF8.GetBytes($"{{{string.Join(',', names)}}}")));
        Assert.False(StrictJson.IsObject(Encoding.UTF8.GetBytes($"{{{string.Join(',', names)},\"n{count - 1}\":0}}")));
        Assert.False(StrictJson.IsObject(Encoding.UTF8.GetBytes($"{{{string.Join(',', names)},\"\\u006e{count - 1}\":0}}")));
    }

    [Theory]
    [InlineData("client_id", "client_ie", "\\u0063lient_id")]
    [InlineData("abcdefgh", "abcdefgi", "abcdefg\\u0068")]
    [InlineData("abcdefghijklmnop", "abcdefghijklmnoq", "abcdefghijklmno\\u0070")]
    [InlineData("", "a", "")]
    public void Names_that_begin_alike_are_not_the_same(string name, string other, string same)
    {
        Assert.True(StrictJson.IsObject(Encoding.UTF8.GetBytes($"{{\"{name}\":1,\"{other}\":2}}")));
        Assert.False(StrictJson.IsObject(Encoding.UTF8.GetBytes($"{{\"{name}\":1,\"{other}\":2,\"{same}\":3}}")));
    }

    private static bool IsObjectForThePlatform(byte[] utf8)
    {
        try
        {
            using var document = JsonDocument.Parse(utf8, new() { AllowDuplicateProperties = false, MaxDepth = StrictJson.MaxDepth });
            ReadAllText(document.RootElement);
            return document.RootElement.ValueKind == JsonValueKind.Object;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>The platform finds lone surrogates only when a text is read.</summary>
    private static void ReadAllText(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                element.GetString();
                break;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray())
                {
                    ReadAllText(item);
                }

                break;
            case JsonValueKind.Object:
                foreach (var property in element.EnumerateObject())
                {
                    _ = property.Name;
                    ReadAllText(property.Value);
                }

                break;
        }
    }
}
