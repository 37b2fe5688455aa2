using TokenSessions.Issuing;
using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Issuing.Regions;

/// <summary>A session's home alone spends its refresh tokens; any region can end it.</summary>
public sealed class HomeRegionTests : IDisposable
{
    private readonly RegionsUnderTest _regions = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _regions.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_session_is_at_home_where_it_began(int region)
    {
        var tokens = await _regions[region].StartAsync();

        Assert.Equal(region, SessionRevoker.HomeRegionOf(tokens.SessionId));
        Assert.All(_regions.All, any => Assert.Equal(region, any.Sessions.FindHomeRegion(tokens.RefreshToken)));
        Assert.True((await _regions[region].RefreshAsync(tokens)).IsIssued);
    }

    [Fact]
    public async Task What_is_no_session_or_no_token_of_ours_has_no_home()
    {
        using var stranger = new RegionsUnderTest();
        var foreign = await stranger[0].StartAsync();

        Assert.Null(SessionRevoker.HomeRegionOf("short"));
        Assert.Null(SessionRevoker.HomeRegionOf(new('!', 22)));
        Assert.Null(_regions[0].Sessions.FindHomeRegion(foreign.RefreshToken));
        Assert.Null(_regions[0].Sessions.FindHomeRegion(foreign.AccessToken));
        Assert.Null(_regions[0].Sessions.FindHomeRegion(""));
    }

    [Fact]
    public async Task A_home_is_found_for_a_token_of_any_generation_expired_or_not_without_asking_the_store()
    {
        var first = await _regions[1].StartAsync();
        await _regions[1].RefreshAsync(first);
        _regions.Time.Advance(TimeSpan.FromDays(15));
        _regions[0].Store.Forget();

        Assert.Equal(1, _regions[0].Sessions.FindHomeRegion(first.RefreshToken));
        Assert.Empty(_regions[0].Store.Calls);
    }

    [Fact]
    public async Task A_refresh_away_from_home_asks_and_spends_nothing_and_says_where_the_home_is()
    {
        var tokens = await _regions[1].StartAsync();
        var second = (await _regions[1].RefreshAsync(tokens)).Tokens!;
        _regions.Replicate();
        var before = await _regions[1].ItemAsync(RuleKind.Session, tokens.SessionId, writtenBy: 1);
        _regions[0].Store.Forget();

        foreach (var presented in new[] { tokens, second }) // A spent one too: only its home can tell theft from grace.
        {
            var away = await _regions[0].RefreshAsync(presented);
            Assert.Equal((false, SessionRejection.HomeElsewhere, 1), (away.IsIssued, away.Rejection, away.HomeRegion));
            Assert.Equal((RegionsUnderTest.Subject, tokens.SessionId), (away.Subject, away.SessionId));
        }

        Assert.Empty(_regions[0].Store.Calls);
        _regions.Replicate();
        Assert.Equal(before, await _regions[1].ItemAsync(RuleKind.Session, tokens.SessionId, writtenBy: 1));
        var home = await _regions[1].RefreshAsync(second);
        Assert.True(home.IsIssued);
        Assert.Null(home.HomeRegion);
    }

    [Fact]
    public async Task A_token_that_is_bad_by_itself_is_not_handed_to_its_home()
    {
        var tokens = await _regions[1].StartAsync();
        var request = new RefreshRequest { RefreshToken = tokens.RefreshToken };

        Assert.Equal(SessionRejection.ClientUnknown, await AwayAsync(request with { ClientId = "nobody" }));
        Assert.Equal(SessionRejection.ScopeNotGranted, await AwayAsync(request with { Scope = "more" }));
        Assert.Equal(SessionRejection.RefreshTokenInvalid, await AwayAsync(new() { RefreshToken = tokens.AccessToken }));
        Assert.Equal(SessionRejection.HomeElsewhere, await AwayAsync(request));
        _regions.Time.Advance(_regions[0].Options.RefreshIdleLifetime);
        Assert.Equal(SessionRejection.RefreshTokenExpired, await AwayAsync(request));

        async Task<SessionRejection> AwayAsync(RefreshRequest refresh) =>
            (await _regions[0].Sessions.RefreshAsync(refresh, Cancellation)).Rejection;
    }

    [Fact]
    public async Task A_session_of_a_region_that_is_gone_has_its_home_elsewhere()
    {
        using var four = new RegionsUnderTest(regions: 4);
        var tokens = await four[3].StartAsync();
        var alone = new SessionIssuer(
            four[0].Options with { Regions = 1 }, four.Keys, four.Table.Regions[0], four.Subjects, four.Time);

        var result = await alone.RefreshAsync(new() { RefreshToken = tokens.RefreshToken }, Cancellation);

        Assert.Equal((SessionRejection.HomeElsewhere, 3), (result.Rejection, result.HomeRegion));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_session_can_be_ended_away_from_its_home_which_refuses_it_once_the_rule_has_arrived(bool byItsHolder)
    {
        var tokens = (await _regions[0].RefreshAsync(await _regions[0].StartAsync())).Tokens!;
        _regions.Replicate();
        _regions.Table.IsCut = true;
        _ = byItsHolder
            ? (await _regions[1].EndAsync(tokens)).Revocation
            : await _regions[1].RevokeAsync(RuleKind.Session, tokens.SessionId);
        Assert.Equal("Revoked", await _regions[1].ValidateAsync(tokens));
        var meanwhile = (await _regions[0].RefreshAsync(tokens)).Tokens!; // The home cannot know yet.

        _regions.Table.IsCut = false;
        _regions.Replicate();

        foreach (var region in _regions.All)
        {
            Assert.Equal("Revoked", await region.ValidateAsync(tokens));
            Assert.Equal("Revoked", await region.ValidateAsync(meanwhile));
        }

        Assert.Equal(SessionRejection.SessionRevoked, (await _regions[0].RefreshAsync(meanwhile)).Rejection);
        var (home, away) = (
            await _regions[1].ItemAsync(RuleKind.Session, tokens.SessionId, writtenBy: 0),
            await _regions[1].ItemAsync(RuleKind.Session, tokens.SessionId, writtenBy: 1));
        Assert.Equal((2, false), (home!.Generation, home.IsDenied)); // Nobody but the home has written its item.
        Assert.Equal((0, true), (away!.Generation, away.IsDenied));
    }

    [Fact]
    public async Task A_session_ended_at_home_is_over_in_the_item_that_refreshes_write()
    {
        var tokens = await _regions[1].StartAsync();

        await _regions[1].RevokeAsync(RuleKind.Session, tokens.SessionId);

        Assert.True((await _regions[1].ItemAsync(RuleKind.Session, tokens.SessionId, writtenBy: 1))!.IsDenied);
        Assert.Null(await _regions[1].ItemAsync(RuleKind.Session, tokens.SessionId, writtenBy: 0));
        Assert.Equal(SessionRejection.SessionRevoked, (await _regions[1].RefreshAsync(tokens)).Rejection);
    }

    [Fact]
    public async Task All_sessions_of_a_subject_can_be_ended_away_from_the_home_of_the_token_that_asks()
    {
        var (asking, other) = (await _regions[0].StartAsync(), await _regions[1].StartAsync());

        Assert.True((await _regions[1].EndAsync(asking, everywhere: true)).IsEnded);
        _regions.Replicate();

        Assert.Equal(SessionRejection.SessionRevoked, (await _regions[0].RefreshAsync(asking)).Rejection);
        Assert.Equal(SessionRejection.SessionRevoked, (await _regions[1].RefreshAsync(other)).Rejection);
        Assert.Equal("Revoked", await _regions[0].ValidateAsync(other));
    }

    [Fact]
    public async Task A_session_that_was_ended_anywhere_does_not_end_the_others()
    {
        var tokens = await _regions[0].StartAsync();
        await _regions[1].RevokeAsync(RuleKind.Session, tokens.SessionId);
        _regions.Replicate();

        Assert.Equal(SessionRejection.SessionRevoked, (await _regions[1].EndAsync(tokens, everywhere: true)).Rejection);
        Assert.Null(await _regions[1].ItemAsync(RuleKind.Subject, RegionsUnderTest.Subject, writtenBy: 1));
    }

    [Fact]
    public async Task A_stolen_token_is_noticed_at_home_and_its_session_ends_everywhere()
    {
        var first = await _regions[0].StartAsync();
        var second = (await _regions[0].RefreshAsync(first)).Tokens!;
        _regions.Time.Advance(_regions[0].Options.Grace);

        var reused = await _regions[0].RefreshAsync(first);
        _regions.Replicate();

        Assert.Equal((SessionRejection.RefreshTokenReused, SecurityEvent.RefreshTokenReused), (reused.Rejection, reused.SecurityEvent));
        Assert.Equal("Revoked", await _regions[1].ValidateAsync(second));
    }

    [Fact]
    public async Task A_refresh_reads_the_items_of_four_regions_in_one_call()
    {
        using var four = new RegionsUnderTest(regions: 4);
        var tokens = await four[3].StartAsync();
        four[3].Store.Forget();

        Assert.True((await four[3].RefreshAsync(tokens)).IsIssued);

        Assert.Equal([nameof(ISessionStore.ReadAsync), nameof(ISessionStore.AdvanceAsync)], four[3].Store.Calls);
    }
}
