using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using TokenSessions.Validation;

namespace TokenSessions.Tests.Validation;

/// <summary>Steps 1 and 2: the shape of the token, and its header.</summary>
public sealed partial class TokenValidatorTests
{
    [Theory]
    [InlineData(8192, TokenRejection.Malformed)] // Read, and found to be no token.
    [InlineData(8193, TokenRejection.TooLong)]
    public async Task Reads_tokens_of_at_most_8192_characters(int length, TokenRejection expected) =>
        await AssertRejectedAsync(expected, new string('a', length));

    [Fact]
    public async Task Accepts_a_token_of_exactly_8192_characters()
    {
        var padding = 0;
        string token;
        do
        {
            token = Token.With("pad", new string('x', padding)).Sign();
            padding += TokenValidator.MaxTokenLength - token.Length is var missing and > 8 ? missing * 3 / 4 - 3 : 1;
        }
        while (token.Length < TokenValidator.MaxTokenLength);

        Assert.Equal(TokenValidator.MaxTokenLength, token.Length);
        await AssertAcceptedAsync(token);
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a.b")]
    [InlineData("{0}.{1}")]
    [InlineData("{0}.{1}.")]
    [InlineData(".{1}.{2}")]
    [InlineData("{0}..{2}")]
    [InlineData("{0}.{1}.{2}.")]
    [InlineData("{0}.{1}.{2}.AAAA")]
    [InlineData("{0}.{1}.{2}.AAAA.AAAA")]
    [InlineData(" {0}.{1}.{2}")]
    [InlineData("{0}.{1}.{2} ")]
    [InlineData("{0}.{1}.{2}\n")]
    [InlineData("{0}=.{1}.{2}")]
    [InlineData("{0}.{1}=.{2}")]
    [InlineData("{0}.{1}.{2}==")]
    [InlineData("{0}.{1}.{2}%3D")]
    [InlineData("{0}.{1}.{2}é")]
    [InlineData("Bearer {0}.{1}.{2}")]
    public async Task Refuses_what_is_not_three_canonical_segments(string format)
    {
        var segments = Token.Sign().Split('.');

        await AssertRejectedAsync(TokenRejection.Malformed, string.Format(null, format, segments[0], segments[1], segments[2]));
    }

    [Fact]
    public async Task Refuses_spare_bits_at_the_end_of_a_segment()
    {
        var token = Token.Sign(); // A signature of 64 bytes ends in a group of two characters: four spare bits.
        var twin = token[..^1] + token[^1] switch { 'A' => 'B', 'Q' => 'R', 'g' => 'h', _ => 'x' };

        await AssertAcceptedAsync(token);
        await AssertRejectedAsync(TokenRejection.Malformed, twin);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("\"x\"")]
    [InlineData("{")]
    [InlineData("{}x")]
    [InlineData("{}{}")]
    [InlineData("{'alg':'ES256'}")]
    [InlineData("""{"alg":"ES256","kid":"KID","typ":"at+jwt",}""")]
    [InlineData("""{"alg":"ES256","kid":"KID","typ":"at+jwt"/**/}""")]
    [InlineData("""{"alg":"ES256","alg":"ES256","kid":"KID","typ":"at+jwt"}""")]
    [InlineData("""{"alg":"ES256","\u0061lg":"ES256","kid":"KID","typ":"at+jwt"}""")]
    [InlineData("""{"alg":"ES256","kid":"KID","typ":"at+jwt","x":{"y":1,"y":1}}""")]
    [InlineData("""{"alg":["ES256"],"kid":"KID","typ":"at+jwt"}""")]
    [InlineData("""{"alg":"ES256","kid":7,"typ":"at+jwt"}""")]
    [InlineData("""{"alg":"ES256","kid":"KID","typ":null}""")]
    [InlineData("""{"alg":"ES256","kid":"KID","typ":"at+jwt","x":"\ud800"}""")]
    public async Task Refuses_a_header_that_is_not_strict_json_with_text_members(string header) =>
        await AssertRejectedAsync(TokenRejection.Malformed, SignWithHeader(header));

    [Fact]
    public async Task Refuses_a_header_in_invalid_UTF8() =>
        await AssertRejectedAsync(TokenRejection.Malformed, TestToken.Sign(
            [.. Encoding.UTF8.GetBytes(Token.Header.ToJsonString()[..^1] + ",\"x\":\""), 0xC0, 0x80, (byte)'"', (byte)'}'],
            Encoding.UTF8.GetBytes(Token.Claims.ToJsonString())));

    [Theory]
    [InlineData(1024, true)]
    [InlineData(1025, false)]
    public async Task Reads_headers_of_at_most_1024_bytes(int length, bool isRead)
    {
        var header = Token.Header.ToJsonString();
        var token = SignWithHeader(header[..^1] + new string(' ', length - header.Length) + "}");

        await AssertResultAsync(isRead ? null : TokenRejection.Malformed, token);
    }

    [Theory]
    [InlineData(16, true)]
    [InlineData(17, false)]
    public async Task Reads_headers_of_at_most_16_names_at_any_depth(int names, bool isRead)
    {
        var rest = string.Join(',', Enumerable.Range(5, names - 4).Select(i => $"\"{i}\":0")); // After alg, kid, typ and x.
        var header = $"{Token.Header.ToJsonString()[..^1]},\"x\":{{{rest}}}}}";

        await AssertResultAsync(isRead ? null : TokenRejection.Malformed, SignWithHeader(header));
    }

    [Theory]
    [InlineData("crit", """["exp"]""")]
    [InlineData("crit", "[]")]
    [InlineData("b64", "true")]
    [InlineData("b64", "false")]
    public async Task Refuses_extensions_whatever_they_say(string member, string value) =>
        await AssertRejectedAsync(TokenRejection.ExtensionNotSupported, Token.WithHeader(member, JsonNode.Parse(value)).Sign());

    [Fact]
    public async Task Ignores_keys_that_a_token_brings_along()
    {
        using var theirs = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var token = Token.WithHeader("jku", "https://evil.example/jwks").WithHeader("x5u", "https://evil.example").WithHeader("jwk", new JsonObject());

        var forged = token.SignWith(input => theirs.SignData(input, HashAlgorithmName.SHA256));
        var validator = await BuildAsync();

        Assert.Null(Rejection(await validator.ValidateAsync(token.Sign(), TestContext.Current.CancellationToken)));
        Assert.Equal(TokenRejection.SignatureInvalid, Rejection(await validator.ValidateAsync(forged, TestContext.Current.CancellationToken)));
        Assert.Equal(1, _keys.Fetches); // Only to know our own key in the first place.
    }

    [Theory]
    [InlineData("at+jwt", true)]
    [InlineData("AT+JWT", true)]
    [InlineData("application/at+jwt", true)]
    [InlineData("Application/At+Jwt", true)]
    [InlineData("JWT", false)]
    [InlineData("rt+jwt", false)]
    [InlineData("", false)]
    [InlineData("at+jwt ", false)]
    [InlineData("application/application/at+jwt", false)]
    [InlineData("text/at+jwt", false)]
    [InlineData(null, false)]
    public async Task Accepts_only_its_own_type_of_token(string? type, bool isAccepted)
    {
        var token = type is null ? Token.WithoutHeader("typ") : Token.WithHeader("typ", type);

        await AssertResultAsync(isAccepted ? null : TokenRejection.TypeNotAccepted, token.Sign());
    }

    [Fact]
    public async Task Accepts_the_types_it_was_told_to()
    {
        _options.Types = ["at+jwt", "JWT"];

        await AssertAcceptedAsync(Token.WithHeader("typ", "jwt").Sign());
    }

    [Theory]
    [InlineData("none")]
    [InlineData("None")]
    [InlineData("nOnE")]
    [InlineData("")]
    [InlineData("HS256")]
    [InlineData("es256")]
    [InlineData("ES256 ")]
    [InlineData("RS256")]
    [InlineData("ES384")]
    [InlineData("PS256")]
    [InlineData("EdDSA")]
    [InlineData(null)]
    public async Task Accepts_no_algorithm_but_the_key_s_own(string? algorithm)
    {
        var token = algorithm is null ? Token.WithoutHeader("alg") : Token.WithHeader("alg", algorithm);

        await AssertRejectedAsync(TokenRejection.AlgorithmNotAllowed, token.Sign());
    }

    [Fact]
    public async Task Asks_for_no_key_on_behalf_of_an_algorithm_that_does_not_exist_here()
    {
        await AssertRejectedAsync(TokenRejection.AlgorithmNotAllowed, Token.WithHeader("alg", "none").WithHeader("kid", "unknown").Sign());

        Assert.Equal(0, _keys.Fetches);
    }
}
