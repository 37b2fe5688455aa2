using System.Text.Json.Nodes;
using TokenSessions.Validation;

namespace TokenSessions.Tests.Validation;

/// <summary>Step 5 goes on: whose token it is, for whom, and until when.</summary>
public sealed partial class TokenValidatorTests
{
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
}
