using TokenSessions.Issuing.Feed;
using TokenSessions.Tests.Validation;
using TokenSessions.Validation;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Tests.Denylist;

/// <summary>Whoever can set an API's clock back could make expired tokens look good, but the denylist tells the time as well.</summary>
public sealed class ClockSetBackTests : IDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(2);

    private readonly FakeClock _issuerClock = new();
    private readonly FakeClock _apiClock = new();
    private readonly FeedKey _key = new();
    private readonly HttpClient _http;
    private readonly DenylistSync _service;
    private readonly DenylistSync _api;
    private readonly TokenValidator _validator;

    public ClockSetBackTests()
    {
        _service = new(new TimedFeed(_issuerClock), _issuerClock);
        var published = new SignedFeed(_service, TimedFeed.Issuer, () => _key, _issuerClock);
        _http = new(new FeedHost { Answer = async _ => (await published.GetSnapshotAsync(Token)).Document?.ToArray() });

        var options = new TokenValidationOptions { Issuer = TestToken.Issuer, Audiences = [TestToken.Audience] };
        var feed = new HttpDenylistFeed(
            _http, new("https://issuer.example/denylist/"), TimedFeed.Issuer, Keys(_key.VerificationKey), _apiClock, options.MaxStaleness);
        _api = new(feed, _apiClock);
        _validator = new(options, Keys(TestToken.Key), _api, _apiClock);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _http.Dispose();

    [Theory]
    [InlineData(4, TokenRejection.Expired)] // Not noticed otherwise.
    [InlineData(60, TokenRejection.RevocationUnknown)] // More than the 5 seconds by which a feed may be ahead: one of the two is wrong.
    [InlineData(600, TokenRejection.RevocationUnknown)]
    public async Task An_expired_token_does_not_live_again(int secondsBack, TokenRejection expected)
    {
        var token = new TestToken(_apiClock.GetUtcNow()).Sign();
        await GoOnAsync(TimeSpan.FromSeconds(600 + 32));
        Assert.Equal(nameof(TokenRejection.Expired), await ValidateAsync(token));

        _apiClock.StepWallClock(TimeSpan.FromSeconds(-secondsBack));
        for (var passed = TimeSpan.Zero; passed < TimeSpan.FromSeconds(40); passed += Poll)
        {
            Assert.Equal($"{expected}", await ValidateAsync(token));
            await GoOnAsync(Poll);
        }
    }

    [Theory]
    [InlineData(6)]
    [InlineData(29)] // Within what the skew of 30 allows to the tokens.
    public async Task Beyond_what_a_feed_may_be_ahead_nothing_is_accepted_for_longer_than_the_staleness_that_is_allowed(int secondsBack)
    {
        await GoOnAsync(Poll);
        _apiClock.StepWallClock(TimeSpan.FromSeconds(-secondsBack));
        await GoOnAsync(TimeSpan.FromSeconds(32));
        Assert.Equal(nameof(TokenRejection.RevocationUnknown), await ValidateAsync(new TestToken(_issuerClock.GetUtcNow()).Sign()));

        _apiClock.StepWallClock(TimeSpan.FromSeconds(secondsBack));
        await GoOnAsync(Poll);
        Assert.Equal("Accepted", await ValidateAsync(new TestToken(_issuerClock.GetUtcNow()).Sign()));
    }

    [Fact]
    public async Task Five_seconds_are_not_noticed_and_are_within_what_the_skew_allows_for()
    {
        await GoOnAsync(Poll);
        _apiClock.StepWallClock(TimeSpan.FromSeconds(-5));
        await GoOnAsync(TimeSpan.FromSeconds(60));

        Assert.Equal("Accepted", await ValidateAsync(new TestToken(_apiClock.GetUtcNow()).Sign()));
    }

    private KeySetCache Keys(VerificationKey key) => new(new FakeKeySetSource(key), _apiClock);

    /// <summary>Time passes for both, and each polls every 2 seconds.</summary>
    private async Task GoOnAsync(TimeSpan time)
    {
        for (var passed = TimeSpan.Zero; passed < time; passed += Poll)
        {
            _issuerClock.Advance(Poll);
            _apiClock.Advance(Poll);
            await _service.SyncAsync(Token);
            await _api.SyncAsync(Token);
        }
    }

    private async Task<string> ValidateAsync(string token) => (await _validator.ValidateAsync(token, Token)).ToString();
}
