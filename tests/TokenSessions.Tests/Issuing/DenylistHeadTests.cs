using TokenSessions.Issuing;
using TokenSessions.Issuing.Stores;

namespace TokenSessions.Tests.Issuing;

public sealed class DenylistHeadTests : IAsyncDisposable
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly IssuerUnderTest _issuer = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _issuer.DisposeAsync();

    [Fact]
    public async Task Preparing_tells_the_store_how_long_tokens_live()
    {
        await _issuer.Sessions.PrepareAsync(Cancellation);

        var head = (await _issuer.Store.ReadHeadAsync(Cancellation))!.Head;
        Assert.Equal(TimeSpan.FromMinutes(10), head.LongestAccessTokenLifetime);
        Assert.Equal(TimeSpan.FromDays(30), head.LongestRefreshLife);
        Assert.Equal(TimeSpan.FromMinutes(15.5), head.Window); // The lifetime, 30 s of skew, and 5 minutes.
    }

    [Fact]
    public async Task A_first_issuer_uses_its_settings_at_once()
    {
        Assert.InRange((await _issuer.StartAsync()).ExpiresIn, TimeSpan.FromSeconds(570), TimeSpan.FromSeconds(600));
    }

    [Fact]
    public async Task A_longer_lifetime_is_announced_two_minutes_before_it_is_used()
    {
        await _issuer.Sessions.PrepareAsync(Cancellation);
        _issuer.Time.Advance(TimeSpan.FromHours(1));
        var longer = _issuer.NewIssuer(_issuer.Options with { AccessTokenLifetime = TimeSpan.FromMinutes(60), SessionLifetime = TimeSpan.FromDays(60) });

        await AssertLifetimesAsync(longer, minutes: 10);
        Assert.Equal(TimeSpan.FromMinutes(60), (await _issuer.Store.ReadHeadAsync(Cancellation))!.Head.LongestAccessTokenLifetime);
        _issuer.Time.Advance(TimeSpan.FromMinutes(2) - Second);
        await AssertLifetimesAsync(longer, minutes: 10);
        _issuer.Time.Advance(Second);
        await AssertLifetimesAsync(longer, minutes: 60);
        await AssertLifetimesAsync(_issuer.Sessions, minutes: 10); // Others keep their own.
    }

    [Fact]
    public async Task A_session_lives_no_longer_than_writers_of_rules_know()
    {
        await _issuer.Sessions.PrepareAsync(Cancellation);
        var longer = _issuer.NewIssuer(_issuer.Options with { SessionLifetime = TimeSpan.FromDays(60) });
        _issuer.Time.Advance(Second);
        var early = (await longer.StartAsync(new() { Subject = "ada" }, Cancellation)).Tokens!;
        _issuer.Time.Advance(TimeSpan.FromMinutes(2));
        var late = (await longer.StartAsync(new() { Subject = "ada" }, Cancellation)).Tokens!;

        for (var i = 0; i < 3; i++)
        {
            _issuer.Time.Advance(TimeSpan.FromDays(9.9));
            early = (await longer.RefreshAsync(new() { RefreshToken = early.RefreshToken }, Cancellation)).Tokens!;
            late = (await longer.RefreshAsync(new() { RefreshToken = late.RefreshToken }, Cancellation)).Tokens!;
        }

        Assert.InRange(early.RefreshExpiresIn, TimeSpan.FromDays(0.2), TimeSpan.FromDays(0.4));
        Assert.Equal(TimeSpan.FromDays(14), late.RefreshExpiresIn);
    }

    [Theory]
    [InlineData(29, 0)]
    [InlineData(30, 1)]
    public async Task The_head_is_read_again_when_it_is_30_seconds_old(int seconds, int reads)
    {
        await _issuer.StartAsync();
        _issuer.Store.Forget();
        _issuer.Time.Advance(TimeSpan.FromSeconds(seconds));

        await _issuer.StartAsync();

        Assert.Equal(reads, Reads());
    }

    [Fact]
    public async Task A_wall_clock_that_was_set_back_makes_a_read_due_at_once()
    {
        await _issuer.StartAsync();
        _issuer.Time.Advance(TimeSpan.FromSeconds(1));
        _issuer.Store.Forget();
        _issuer.Time.StepWallClock(TimeSpan.FromSeconds(-2));

        await _issuer.Sessions.PrepareAsync(Cancellation);

        Assert.Equal(1, Reads());
    }

    [Fact]
    public async Task Many_who_wait_for_the_head_share_one_read()
    {
        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => _issuer.StartAsync(), Cancellation)));

        Assert.Equal(1, Reads());
    }

    [Theory]
    [InlineData(nameof(ISessionStore.ReadHeadAsync))]
    [InlineData(nameof(ISessionStore.RaiseHeadAsync))]
    public async Task Nothing_is_issued_while_the_head_cannot_be_read_or_raised_and_the_next_try_asks_again(string method)
    {
        _issuer.Store.FailOnce(method, isDone: false);
        await Assert.ThrowsAsync<SessionStoreUnavailableException>(() => _issuer.StartAsync());

        await _issuer.StartAsync();
    }

    private async Task AssertLifetimesAsync(SessionIssuer issuer, int minutes)
    {
        var tokens = (await issuer.StartAsync(new() { Subject = "ada" }, Cancellation)).Tokens!;
        Assert.InRange(tokens.ExpiresIn, TimeSpan.FromMinutes(minutes * 0.95), TimeSpan.FromMinutes(minutes));
        Assert.Equal("Accepted", await _issuer.ValidateAsync(tokens));
    }

    private int Reads() => _issuer.Store.Calls.Count(call => call == nameof(ISessionStore.ReadHeadAsync));
}
