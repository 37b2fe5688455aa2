using System.Text;
using System.Text.Json.Nodes;
using TokenSessions.Validation;

namespace TokenSessions.Tests.Validation;

/// <summary>Step 5: what claims may look like.</summary>
public sealed partial class TokenValidatorTests
{
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
    [InlineData(9, null)]
    [InlineData(10, TokenRejection.ClaimsInvalid)]
    [InlineData(11, TokenRejection.ClaimsInvalid)]
    public async Task Refuses_claims_that_no_moment_fits_although_now_is_within_the_skew_of_each(int notBefore, TokenRejection? expected)
    {
        var now = _clock.GetUtcNow().ToUnixTimeSeconds();

        await AssertResultAsync(expected, Token.With("nbf", now + notBefore).With("exp", now + 10).Sign());
    }

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
}
