using TokenSessions.Issuing;
using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Issuing;

public sealed class SessionEndTests : IAsyncDisposable
{
    private readonly IssuerUnderTest _issuer = new();

    public ValueTask DisposeAsync() => _issuer.DisposeAsync();

    [Fact]
    public async Task Signing_out_ends_this_session_and_no_other()
    {
        var tokens = await _issuer.StartAsync();
        var other = await _issuer.StartAsync();

        var ended = await EndAsync(tokens);

        Assert.True(ended.IsEnded);
        Assert.Equal(("ada", tokens.SessionId, RuleKind.Session), (ended.Subject, ended.SessionId, ended.Revocation!.Kind));
        Assert.Equal("Revoked", await _issuer.ValidateAsync(tokens));
        Assert.Equal(SessionRejection.SessionRevoked, (await _issuer.RefreshAsync(tokens)).Rejection);
        Assert.Equal("Accepted", await _issuer.ValidateAsync(other));
        Assert.Equal("ada", (await _issuer.ItemAsync(RuleKind.Session, tokens.SessionId))!.Actor);
    }

    [Fact]
    public async Task A_token_of_any_generation_signs_out_and_so_does_an_expired_one()
    {
        var first = await _issuer.StartAsync();
        var third = await _issuer.RefreshedAsync(await _issuer.RefreshedAsync(first));
        _issuer.Time.Advance(TimeSpan.FromMinutes(5));

        Assert.True((await EndAsync(first)) is { IsEnded: true, SecurityEvent: SecurityEvent.None });
        Assert.Equal("Revoked", await _issuer.ValidateAsync(third));

        var idle = await _issuer.StartAsync();
        _issuer.Time.Advance(TimeSpan.FromDays(14));
        Assert.True((await EndAsync(idle)).IsEnded);
        Assert.True((await _issuer.ItemAsync(RuleKind.Session, idle.SessionId))!.IsDenied);
    }

    [Fact]
    public async Task A_session_needs_a_rule_until_no_verifier_accepts_its_last_token_any_more()
    {
        await using var shortLived = new IssuerUnderTest(options => options.SessionLifetime = TimeSpan.FromMinutes(5));
        var (early, late) = (await shortLived.StartAsync(), await shortLived.StartAsync());
        shortLived.Time.Advance(TimeSpan.FromMinutes(5) + shortLived.Options.ClockSkew - TimeSpan.FromSeconds(1));
        Assert.NotNull((await shortLived.Sessions.EndAsync(early.RefreshToken, false, TestContext.Current.CancellationToken)).Revocation);

        shortLived.Time.Advance(TimeSpan.FromSeconds(1));
        var ended = await shortLived.Sessions.EndAsync(late.RefreshToken, false, TestContext.Current.CancellationToken);

        Assert.True(ended is { IsEnded: true, Revocation: null });
        Assert.Null(await shortLived.ItemAsync(RuleKind.Session, late.SessionId));
    }

    [Fact]
    public async Task Signing_out_everywhere_ends_every_session_of_the_subject_and_later_logins_live()
    {
        var tokens = await _issuer.StartAsync();
        var other = await _issuer.StartAsync();

        var ended = await EndAsync(tokens, everywhere: true);

        Assert.Equal(RuleKind.Subject, ended.Revocation!.Kind);
        Assert.Equal("Revoked", await _issuer.ValidateAsync(tokens));
        Assert.Equal("Revoked", await _issuer.ValidateAsync(other));
        Assert.Equal("Accepted", await _issuer.ValidateAsync(await _issuer.StartAsync()));
    }

    [Fact]
    public async Task Signing_out_everywhere_needs_a_live_token()
    {
        var ended = await _issuer.StartAsync();
        await EndAsync(ended);
        Assert.Equal(SessionRejection.SessionRevoked, (await EndAsync(ended, everywhere: true)).Rejection);

        var idle = await _issuer.StartAsync();
        _issuer.Time.Advance(TimeSpan.FromDays(14));
        Assert.Equal(SessionRejection.RefreshTokenExpired, (await EndAsync(idle, everywhere: true)).Rejection);

        var spent = await _issuer.StartAsync();
        await _issuer.RefreshedAsync(spent);
        _issuer.Time.Advance(TimeSpan.FromSeconds(30));
        var reuse = await EndAsync(spent, everywhere: true);
        Assert.Equal((SessionRejection.RefreshTokenReused, SecurityEvent.RefreshTokenReused), (reuse.Rejection, reuse.SecurityEvent));

        Assert.Null(await _issuer.ItemAsync(RuleKind.Subject, "ada"));
    }

    [Theory]
    [InlineData(nameof(ISessionStore.DenyAsync))]
    [InlineData(nameof(ISessionStore.WriteFeedAsync))]
    [InlineData(nameof(ISessionStore.MarkFedAsync))]
    public async Task A_store_failure_is_no_sign_out_and_asking_again_completes_it(string method)
    {
        var tokens = await _issuer.StartAsync();
        _issuer.Store.FailOnce(method, isDone: false);
        await Assert.ThrowsAsync<SessionStoreUnavailableException>(() => EndAsync(tokens));

        Assert.True((await EndAsync(tokens)).IsEnded);
        Assert.Equal("Revoked", await _issuer.ValidateAsync(tokens));
        Assert.True((await _issuer.ItemAsync(RuleKind.Session, tokens.SessionId))!.IsFed);
    }

    private Task<EndResult> EndAsync(IssuedTokens tokens, bool everywhere = false) =>
        _issuer.Sessions.EndAsync(tokens.RefreshToken, everywhere, TestContext.Current.CancellationToken);
}
