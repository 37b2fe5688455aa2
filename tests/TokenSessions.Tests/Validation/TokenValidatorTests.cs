using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using TokenSessions.Validation;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Jose;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Tests.Validation;

public sealed class TokenValidatorTests
{
    private readonly FakeClock _clock = new();
    private readonly FakeKeySetSource _keys = new(TestToken.Key);
    private readonly FakeDenylistFeed _feed;
    private readonly DenylistSync _denylist;
    private readonly TokenValidationOptions _options = new() { Issuer = TestToken.Issuer, Audiences = [TestToken.Audience] };

    public TokenValidatorTests()
    {
        _feed = new(_clock);
        _denylist = new(_feed, _clock);
    }

    private TestToken Token => new(_clock.GetUtcNow());

    [Fact]
    public async Task Accepts_a_good_token_and_tells_its_claims()
    {
        var token = Token.With("scope", "a b").With("roles", new JsonArray("admin")).With("aud", new JsonArray("x", TestToken.Audience));

        var result = await ValidateAsync(token.Sign());

        Assert.True(result.IsValid);
        Assert.Equal("Accepted", result.ToString());
        Assert.Equal(TestToken.Issuer, result.Token.Issuer);
        Assert.Equal("alice", result.Token.Subject);
        Assert.Equal(["x", TestToken.Audience], result.Token.Audiences);
        Assert.Equal("default", result.Token.ClientId);
        Assert.Equal("Jti-0123456789abcdefgh", result.Token.TokenId);
        Assert.Equal("Sid-0123456789abcdefgh", result.Token.SessionId);
        Assert.Equal(["a", "b"], result.Token.Scopes);
        Assert.Equal(["admin"], result.Token.Roles);
        Assert.Equal(TestToken.Key.KeyId, result.Token.KeyId);
        Assert.Equal(_clock.GetUtcNow(), result.Token.IssuedAt);
        Assert.Equal(_clock.GetUtcNow().AddMinutes(10), result.Token.ExpiresAt);
    }

    [Fact]
    public void A_default_result_rejects()
    {
        TokenValidationResult result = default;

        Assert.False(result.IsValid);
        Assert.Null(result.Token);
        Assert.Equal(TokenRejection.NotValidated, result.Rejection);
    }

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

    [Theory]
    [InlineData(0, TokenRejection.KeyIdMissing)]
    [InlineData(1, TokenRejection.KeyUnknown)]
    [InlineData(128, TokenRejection.KeyUnknown)]
    [InlineData(129, TokenRejection.KeyIdMissing)]
    public async Task Looks_up_key_ids_of_1_to_128_characters(int length, TokenRejection expected) =>
        await AssertRejectedAsync(expected, Token.WithHeader("kid", new string('k', length)).Sign());

    [Fact]
    public async Task Requires_a_key_id() =>
        await AssertRejectedAsync(TokenRejection.KeyIdMissing, Token.WithoutHeader("kid").Sign());

    [Fact]
    public async Task Cannot_tell_while_the_key_set_is_down()
    {
        _keys.IsDown = true;

        await AssertRejectedAsync(TokenRejection.KeysUnavailable, Token.Sign());
    }

    [Fact]
    public async Task Goes_on_with_known_keys_while_the_key_set_is_down()
    {
        var validator = await BuildAsync();
        Assert.True((await validator.ValidateAsync(Token.Sign(), TestContext.Current.CancellationToken)).IsValid);
        _keys.IsDown = true;

        Assert.True((await validator.ValidateAsync(Token.Sign(), TestContext.Current.CancellationToken)).IsValid);
    }

    [Fact]
    public async Task Refuses_any_change_of_a_signed_token()
    {
        var token = Token.Sign();
        var validator = await BuildAsync();
        for (var i = 0; i < token.Length; i++)
        {
            var changed = token[..i] + (token[i] == 'A' ? 'B' : 'A') + token[(i + 1)..];

            Assert.False((await validator.ValidateAsync(changed, TestContext.Current.CancellationToken)).IsValid, $"Changed at {i}.");
        }
    }

    [Theory]
    [InlineData(63)]
    [InlineData(65)]
    [InlineData(1)]
    [InlineData(1025)]
    public async Task Refuses_signatures_of_another_length(int length) =>
        await AssertRejectedAsync(TokenRejection.SignatureInvalid, Token.SignWith(_ => new byte[length]));

    [Fact]
    public async Task Refuses_a_signature_of_zeros() => // CVE-2022-21449
        await AssertRejectedAsync(TokenRejection.SignatureInvalid, Token.SignWith(_ => new byte[64]));

    [Theory]
    [InlineData("ES256")]
    [InlineData("ES384")]
    [InlineData("RS256")]
    [InlineData("PS256")]
    public async Task Verifies_every_algorithm_of_the_table(string name)
    {
        var algorithm = SignatureAlgorithm.Find(name)!;
        using var ecdsa = ECDsa.Create(name == "ES384" ? ECCurve.NamedCurves.nistP384 : ECCurve.NamedCurves.nistP256);
        using var rsa = RSA.Create(2048);
        var padding = name == "PS256" ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1;
        var key = algorithm.IsEllipticCurve ? VerificationKey.From(ecdsa, algorithm) : VerificationKey.From(rsa, algorithm);
        _keys.Keys = new([key]);
        var token = Token.WithHeader("alg", name).WithHeader("kid", key.KeyId);

        await AssertAcceptedAsync(token.SignWith(input => algorithm.IsEllipticCurve
            ? ecdsa.SignData(input, algorithm.Hash)
            : rsa.SignData(input, algorithm.Hash, padding)));
        await AssertRejectedAsync(TokenRejection.SignatureInvalid, token.SignWith(_ => new byte[algorithm.IsEllipticCurve ? algorithm.CoordinateLength * 2 : 256]));
    }

    [Theory]
    [InlineData("iss", """["" null true {} [] 1]""")]
    [InlineData("sub", """["" null true {} [] 1]""")]
    [InlineData("client_id", """["" null true {} [] 1]""")]
    [InlineData("jti", """["" null true {} [] 1]""")]
    [InlineData("sid", """["" null true {} [] 1]""")]
    [InlineData("aud", """["" null true {} [] 1 [1] [""] ["a",""] [["a"]] ["a",1]]""")]
    [InlineData("exp", """["" null true {} [] "1" "1763640000"]""")]
    [InlineData("iat", """["" null true {} [] "1" "1763640000"]""")]
    public async Task Requires_each_of_eight_claims_not_empty_and_of_its_type(string claim, string badValues)
    {
        await AssertRejectedAsync(TokenRejection.ClaimsInvalid, Token.Without(claim).Sign());
        foreach (var bad in badValues[1..^1].Split(' '))
        {
            await AssertRejectedAsync(TokenRejection.ClaimsInvalid, Token.With(claim, JsonNode.Parse(bad)).Sign());
        }
    }

    [Theory]
    [InlineData("nbf", "\"1\"")]
    [InlineData("nbf", "1.0")]
    [InlineData("auth_time", "\"1\"")]
    [InlineData("auth_time", "-1")]
    [InlineData("scope", "[]")]
    [InlineData("scope", "null")]
    [InlineData("roles", "\"admin\"")]
    [InlineData("roles", "[\"admin\",1]")]
    [InlineData("roles", "[[\"admin\"]]")]
    [InlineData("seen", "1")]
    [InlineData("seen", "{\"s\":\"1\"}")]
    [InlineData("seen", "{\"s\":-1}")]
    [InlineData("seen", "{\"s\":1.5}")]
    public async Task Refuses_optional_claims_of_a_wrong_type(string claim, string value) =>
        await AssertRejectedAsync(TokenRejection.ClaimsInvalid, Token.With(claim, JsonNode.Parse(value)).Sign());

    [Theory]
    [InlineData("exp", "1e400")]
    [InlineData("exp", "1e10")]
    [InlineData("exp", "1763640000.0")]
    [InlineData("exp", "253402300800")]
    [InlineData("exp", "9223372036854775808")]
    [InlineData("exp", "-1")]
    [InlineData("iat", "-1")]
    [InlineData("iat", "1e3")]
    [InlineData("nbf", "253402300800")]
    public async Task Refuses_times_that_are_not_whole_seconds_between_0_and_253402300799(string claim, string value)
    {
        var payload = Token.Without(claim).Claims.ToJsonString();

        await AssertRejectedAsync(TokenRejection.ClaimsInvalid, SignWithPayload($"{payload[..^1]},\"{claim}\":{value}}}"));
    }

    [Theory]
    [InlineData(253402300799, TokenRejection.LifetimeTooLong)]
    [InlineData(0, TokenRejection.ClaimsInvalid)] // Not after iat.
    public async Task Reads_times_up_to_the_last_second_of_9999(long expiry, TokenRejection expected) =>
        await AssertRejectedAsync(expected, Token.With("exp", expiry).Sign());

    [Theory]
    [InlineData("{0}x")]
    [InlineData("{0}{{}}")]
    [InlineData("[{0}]")]
    [InlineData("")]
    [InlineData("\ufeff{0}")]
    [InlineData("{0},")]
    public async Task Refuses_anything_around_the_claims(string format) =>
        await AssertRejectedAsync(TokenRejection.ClaimsInvalid, SignWithPayload(
            string.Format(null, format, Token.Claims.ToJsonString()) is { Length: > 0 } payload ? payload : "\0"));

    [Theory]
    [InlineData("""{"a":1,"a":1}""")]
    [InlineData("""{"a":{"b":[{"c":1,"c":1}]}}""")]
    [InlineData("""{"a":{"b":1,"\u0062":1}}""")]
    [InlineData("""{"\u0061":1,"a":1}""")]
    [InlineData("""{"\u0061":1,"\u0061":1}""")]
    public async Task Refuses_duplicate_names_at_any_depth(string extra) =>
        await AssertRejectedAsync(TokenRejection.ClaimsInvalid, SignWithPayload($"{Token.Claims.ToJsonString()[..^1]},{extra[1..]}"));

    [Fact]
    public async Task Accepts_equal_names_in_different_objects() =>
        await AssertAcceptedAsync(SignWithPayload(
            Token.Claims.ToJsonString()[..^1] + ""","a":{"a":{"a":1},"b":{"a":1}},"b":[{"a":1},{"a":1}]}"""));

    [Theory]
    [InlineData(""" "\ud800" """)]
    [InlineData(""" "\udc00" """)]
    [InlineData(""" "\ud800\ud800" """)]
    [InlineData(""" "\ud800x" """)]
    [InlineData(""" "\ud800\n" """)]
    [InlineData(""" {"\ud800":1} """)]
    public async Task Refuses_lone_surrogates_wherever_they_stand(string value) =>
        await AssertRejectedAsync(TokenRejection.ClaimsInvalid, SignWithPayload($"{Token.Claims.ToJsonString()[..^1]},\"x\":{value}}}"));

    [Fact]
    public async Task Reads_escapes_that_mean_something()
    {
        var payload = Token.Without("sub").Claims.ToJsonString();

        var result = await ValidateAsync(SignWithPayload($$"""{{payload[..^1]}},"\u0073ub":"\ud83d\ude00\u0041\\\"\n"}"""));

        Assert.Equal("😀A\\\"\n", result.Token?.Subject);
    }

    [Theory]
    [InlineData(16, true)]
    [InlineData(17, false)]
    public async Task Reads_claims_of_at_most_16_levels(int depth, bool isRead)
    {
        var nested = new string('[', depth - 1) + new string(']', depth - 1);

        await AssertResultAsync(
            isRead ? null : TokenRejection.ClaimsInvalid, SignWithPayload($"{Token.Claims.ToJsonString()[..^1]},\"x\":{nested}}}"));
    }

    [Fact]
    public async Task Refuses_claims_in_invalid_UTF8()
    {
        var payload = Encoding.UTF8.GetBytes(Token.Claims.ToJsonString());
        payload[Array.IndexOf(payload, (byte)'a', Token.Claims.ToJsonString().IndexOf("alice", StringComparison.Ordinal))] = 0xFF;

        await AssertRejectedAsync(TokenRejection.ClaimsInvalid, TestToken.Sign(Encoding.UTF8.GetBytes(Token.Header.ToJsonString()), payload));
    }

    [Theory]
    [InlineData("https://issuer.example/")]
    [InlineData("https://ISSUER.example")]
    [InlineData("https://issuer.example\u0000")]
    [InlineData("https://other.example")]
    public async Task Compares_the_issuer_byte_by_byte(string issuer) =>
        await AssertRejectedAsync(TokenRejection.IssuerMismatch, Token.With("iss", issuer).Sign());

    [Theory]
    [InlineData("https://api.example/")]
    [InlineData("https://API.example")]
    [InlineData("https://other.example")]
    public async Task Compares_audiences_byte_by_byte(string audience)
    {
        await AssertRejectedAsync(TokenRejection.AudienceMismatch, Token.With("aud", audience).Sign());
        await AssertRejectedAsync(TokenRejection.AudienceMismatch, Token.With("aud", new JsonArray(audience, "x")).Sign());
    }

    [Fact]
    public async Task Accepts_any_audience_only_when_told_to()
    {
        _options.AcceptAnyAudience = true;

        await AssertAcceptedAsync(Token.With("aud", "https://other.example").Sign());
    }

    [Theory]
    [InlineData(629_999, null)] // exp is 600 s after now, the skew 30 s.
    [InlineData(630_000, TokenRejection.Expired)]
    public async Task Accepts_until_exp_plus_skew(int milliseconds, TokenRejection? expected)
    {
        var token = Token.Sign();
        _clock.Advance(TimeSpan.FromMilliseconds(milliseconds));

        await AssertResultAsync(expected, token);
    }

    [Theory]
    [InlineData(629_999 + 3_600_000, null)]
    [InlineData(630_000 + 3_600_000, TokenRejection.Expired)]
    public async Task Accepts_expired_tokens_only_for_as_long_as_it_was_told(int milliseconds, TokenRejection? expected)
    {
        _options.AcceptTokensExpiredFor = TimeSpan.FromHours(1);
        var token = Token.Sign();
        _clock.Advance(TimeSpan.FromMilliseconds(milliseconds));

        await AssertResultAsync(expected, token);
    }

    [Theory]
    [InlineData(-1, false)]
    [InlineData(0, true)]
    [InlineData(24 * 60 * 60, true)]
    [InlineData((24 * 60 * 60) + 1, false)]
    public void Accepts_expired_tokens_for_a_day_at_most(int seconds, bool isAllowed)
    {
        _options.AcceptTokensExpiredFor = TimeSpan.FromSeconds(seconds);

        Assert.Equal(isAllowed, !_options.Problems().Any());
    }

    [Theory]
    [InlineData("iat", 30, null)]
    [InlineData("iat", 31, TokenRejection.NotYetValid)]
    [InlineData("nbf", 30, null)]
    [InlineData("nbf", 31, TokenRejection.NotYetValid)]
    public async Task Accepts_times_at_most_the_skew_in_the_future(string claim, int seconds, TokenRejection? expected) =>
        await AssertResultAsync(expected, Token.With(claim, _clock.GetUtcNow().ToUnixTimeSeconds() + seconds).Sign());

    [Theory]
    [InlineData(3600, null)]
    [InlineData(3601, TokenRejection.LifetimeTooLong)]
    public async Task Accepts_lifetimes_up_to_its_longest(int seconds, TokenRejection? expected) =>
        await AssertResultAsync(expected, Token.With("exp", _clock.GetUtcNow().ToUnixTimeSeconds() + seconds).Sign());

    [Theory]
    [InlineData(600, null)]
    [InlineData(601, TokenRejection.LifetimeTooLong)]
    public async Task Accepts_lifetimes_up_to_that_of_the_denylist_s_head(int seconds, TokenRejection? expected)
    {
        _feed.Head = _feed.Head with { LongestAccessTokenLifetime = TimeSpan.FromSeconds(600) };

        await AssertResultAsync(expected, Token.With("exp", _clock.GetUtcNow().ToUnixTimeSeconds() + seconds).Sign());
    }

    [Theory]
    [InlineData(RuleKind.Token, "Jti-0123456789abcdefgh", "Jti-0123456789abcdefgi")]
    [InlineData(RuleKind.Session, "Sid-0123456789abcdefgh", "Jti-0123456789abcdefgh")]
    [InlineData(RuleKind.Key, null, "other")]
    public async Task Refuses_what_a_rule_names_and_nothing_else(RuleKind kind, string? value, string other)
    {
        _feed.Deny(kind, other);
        await AssertAcceptedAsync(Token.Sign());

        _feed.Deny(kind, value ?? TestToken.Key.KeyId);
        await AssertRejectedAsync(TokenRejection.Revoked, Token.Sign());
    }

    [Theory]
    [InlineData(RuleKind.Subject, "alice", "s")]
    [InlineData(RuleKind.Client, "default", "c")]
    [InlineData(RuleKind.All, "", "a")]
    public async Task A_watermark_refuses_what_has_not_seen_it(RuleKind kind, string value, string member)
    {
        _feed.Deny(kind, value, watermark: 1000);

        await AssertRejectedAsync(TokenRejection.Revoked, Token.Sign());
        await AssertRejectedAsync(TokenRejection.Revoked, Token.With("seen", new JsonObject { [member] = 999 }).Sign());
        await AssertRejectedAsync(TokenRejection.Revoked, Token.With("seen", new JsonObject { ["x"] = 1000 }).Sign());
        await AssertAcceptedAsync(Token.With("seen", new JsonObject { [member] = 1000 }).Sign());
    }

    [Fact]
    public async Task Accepts_nothing_before_the_first_complete_sync()
    {
        _feed.IsDown = true;
        _options.AcceptTokensWhileDenylistIsDown = TimeSpan.FromHours(1);

        await AssertRejectedAsync(TokenRejection.RevocationUnknown, Token.Sign());
    }

    [Theory]
    [InlineData(0, 30_000, null)]
    [InlineData(0, 30_001, TokenRejection.RevocationUnknown)]
    [InlineData(60, 90_000, null)]
    [InlineData(60, 90_001, TokenRejection.RevocationUnknown)]
    [InlineData(3600, 3_630_000, null)] // Beyond the time for which the feed keeps rules.
    [InlineData(3600, 3_630_001, TokenRejection.RevocationUnknown)]
    public async Task Cannot_tell_once_the_snapshot_is_too_old(int outageSeconds, int milliseconds, TokenRejection? expected)
    {
        _feed.Head = _feed.Head with { Window = TimeSpan.FromMinutes(16), LongestAccessTokenLifetime = TimeSpan.FromMinutes(10) };
        _options.AcceptTokensWhileDenylistIsDown = TimeSpan.FromSeconds(outageSeconds);
        var validator = await BuildAsync();
        _clock.Advance(TimeSpan.FromMilliseconds(milliseconds));

        Assert.Equal(expected, Rejection(await validator.ValidateAsync(Token.Sign(), TestContext.Current.CancellationToken)));
    }

    [Theory]
    [InlineData(10, 40_000, null)]
    [InlineData(10, 40_001, TokenRejection.RevocationUnknown)] // Lowered from 60 s.
    [InlineData(3600, 90_000, null)]
    [InlineData(3600, 90_001, TokenRejection.RevocationUnknown)] // Not raised above 60 s.
    public async Task One_call_can_lower_the_outage_policy_and_never_raise_it(int seconds, int milliseconds, TokenRejection? expected)
    {
        _options.AcceptTokensWhileDenylistIsDown = TimeSpan.FromSeconds(60);
        var validator = await BuildAsync();
        _clock.Advance(TimeSpan.FromMilliseconds(milliseconds));

        var result = await validator.ValidateAsync(Token.Sign(), TimeSpan.FromSeconds(seconds), TestContext.Current.CancellationToken);

        Assert.Equal(expected, Rejection(result));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(24 * 60)]
    public async Task What_an_old_snapshot_denies_is_denied_for_certain(int minutes)
    {
        _feed.Deny(RuleKind.Subject, "alice", watermark: 1);
        var validator = await BuildAsync();
        _clock.Advance(TimeSpan.FromMinutes(minutes));

        Assert.Equal(TokenRejection.Revoked, Rejection(await validator.ValidateAsync(Token.Sign(), TestContext.Current.CancellationToken)));
    }

    [Fact]
    public async Task Goes_without_a_denylist_only_when_told_to()
    {
        var cache = new KeySetCache(_keys, _clock);
        Assert.Throws<ArgumentException>(() => new TokenValidator(_options, cache, denylist: null, _clock));

        _options.AcceptTokensWithoutDenylist = true;
        var validator = new TokenValidator(_options, cache, denylist: null, _clock);

        Assert.True((await validator.ValidateAsync(Token.Sign(), TestContext.Current.CancellationToken)).IsValid);
    }

    [Theory]
    [InlineData("at+jwt", true)]
    [InlineData("application/at+jwt", false)] // Would match nothing.
    [InlineData("Application/at+jwt", false)]
    [InlineData("", false)]
    public void Types_stand_without_application_in_the_options(string type, bool isUsable)
    {
        _options.Types = ["at+jwt", type];

        Assert.Equal(isUsable, !_options.Problems().Any());
        Assert.All(_options.Problems(), problem => Assert.Contains(nameof(_options.Types), problem, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Keeps_its_own_copy_of_the_options()
    {
        var validator = await BuildAsync();
        _options.Issuer = "https://other.example";
        _options.Audiences.Clear();
        _options.Types.Clear();

        Assert.True((await validator.ValidateAsync(Token.Sign(), TestContext.Current.CancellationToken)).IsValid);
    }

    private static TokenRejection? Rejection(TokenValidationResult result) => result.IsValid ? null : result.Rejection;

    private string SignWithHeader(string header) =>
        TestToken.Sign(header.Replace("KID", TestToken.Key.KeyId, StringComparison.Ordinal) is { Length: > 0 } text ? text : "\0", Token.Claims.ToJsonString());

    private string SignWithPayload(string payload) => TestToken.Sign(Token.Header.ToJsonString(), payload);

    private async Task<TokenValidator> BuildAsync()
    {
        await _denylist.SyncAsync(TestContext.Current.CancellationToken);
        return new(_options, new KeySetCache(_keys, _clock), _denylist, _clock);
    }

    private async Task<TokenValidationResult> ValidateAsync(string token) =>
        await (await BuildAsync()).ValidateAsync(token, TestContext.Current.CancellationToken);

    private Task AssertAcceptedAsync(string token) => AssertResultAsync(null, token);

    private Task AssertRejectedAsync(TokenRejection rejection, string token) => AssertResultAsync(rejection, token);

    private async Task AssertResultAsync(TokenRejection? expected, string token) => Assert.Equal(expected, Rejection(await ValidateAsync(token)));
}
