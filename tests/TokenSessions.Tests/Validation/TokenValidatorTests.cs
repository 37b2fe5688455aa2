using System.Text.Json.Nodes;
using TokenSessions.Validation;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Tests.Validation;

/// <summary>The checks of the validator, each on both sides of its limit, in files by the order of its steps.</summary>
public sealed partial class TokenValidatorTests
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
