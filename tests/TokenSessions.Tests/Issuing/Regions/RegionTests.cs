using TokenSessions.Issuing;
using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Issuing.Regions;

/// <summary>Rules that one region writes and another has to heed.</summary>
public sealed class RegionTests : IDisposable
{
    private readonly RegionsUnderTest _regions = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<RuleKind, string> Watermarks => new()
    {
        { RuleKind.Subject, RegionsUnderTest.Subject },
        { RuleKind.Client, "default" },
        { RuleKind.All, "" },
    };

    public void Dispose() => _regions.Dispose();

    [Theory]
    [MemberData(nameof(Watermarks))]
    public async Task A_login_after_a_rule_of_another_region_that_has_arrived_lives(RuleKind kind, string value)
    {
        var before = await _regions[0].StartAsync();
        await _regions[1].RevokeAsync(kind, value);
        _regions.Replicate();

        var after = await _regions[0].StartAsync();

        await AssertDeadAsync(before);
        await AssertAliveAsync(after);
    }

    [Theory]
    [MemberData(nameof(Watermarks))]
    public async Task A_login_that_could_not_see_another_regions_rule_yet_dies_when_that_arrives(RuleKind kind, string value)
    {
        await _regions.PrepareAsync();
        _regions.Table.IsCut = true;
        await _regions[1].RevokeAsync(kind, value);
        var tokens = await _regions[0].StartAsync();
        Assert.Equal("Accepted", await _regions[0].ValidateAsync(tokens));
        Assert.Equal("Revoked", await _regions[1].ValidateAsync(tokens));

        _regions.Table.IsCut = false;
        _regions.Replicate();

        await AssertDeadAsync(tokens);
        await AssertAliveAsync(await _regions[0].StartAsync());
    }

    [Theory]
    [MemberData(nameof(Watermarks))]
    public async Task Watermarks_raised_in_two_regions_within_one_millisecond_both_count(RuleKind kind, string value)
    {
        await _regions.PrepareAsync();
        _regions.Table.IsCut = true;
        foreach (var region in _regions.All)
        {
            await region.RevokeAsync(kind, value);
        }

        var sawOne = new[] { await _regions[0].StartAsync(), await _regions[1].StartAsync() };
        _regions.Table.IsCut = false;
        _regions.Replicate();

        var items = await Task.WhenAll(_regions[0].ItemAsync(kind, value, writtenBy: 0), _regions[0].ItemAsync(kind, value, writtenBy: 1));
        Assert.Equal(items[0]!.Watermark, items[1]!.Watermark); // What only one was seen of, the other's equal T still ends.
        Assert.All(sawOne, tokens => Assert.NotNull(IssuerUnderTest.Claims(tokens)["seen"]));
        foreach (var tokens in sawOne)
        {
            await AssertDeadAsync(tokens);
        }

        await AssertAliveAsync(await _regions[0].StartAsync());
        await AssertAliveAsync(await _regions[1].StartAsync());
    }

    [Fact]
    public async Task A_session_remembers_what_it_has_seen_of_each_region_over_its_refreshes()
    {
        var first = (await _regions[0].RevokeAsync(RuleKind.Subject, RegionsUnderTest.Subject)).Value;
        await _regions[1].RevokeAsync(RuleKind.Subject, first);
        await _regions[1].RevokeAsync(RuleKind.All, "");
        _regions.Replicate();

        var tokens = await _regions[1].StartAsync();
        var refreshed = (await _regions[1].RefreshAsync(tokens)).Tokens!;

        var seen = IssuerUnderTest.Claims(refreshed)["seen"]!.AsObject();
        Assert.Equal(["s", "s1", "a1"], seen.Select(member => member.Key));
        Assert.Equal((await _regions[0].ItemAsync(RuleKind.All, "", writtenBy: 1))!.Watermark, (long)seen["a1"]!);
        await AssertAliveAsync(refreshed);
    }

    [Fact]
    public async Task A_key_rule_of_either_region_counts_everywhere()
    {
        var before = await _regions[0].StartAsync();
        var keyId = (string)IssuerUnderTest.ReadSegment(before.AccessToken, 0)["kid"]!;
        await _regions[1].RevokeAsync(RuleKind.Key, keyId);
        _regions.Replicate();

        var after = await _regions[0].StartAsync();

        Assert.NotEqual(keyId, (string)IssuerUnderTest.ReadSegment(after.AccessToken, 0)["kid"]!);
        foreach (var region in _regions.All)
        {
            Assert.Equal("Revoked", await region.ValidateAsync(before));
            Assert.Equal("Accepted", await region.ValidateAsync(after));
        }
    }

    [Fact]
    public async Task A_sealing_key_revoked_elsewhere_opens_nothing_here()
    {
        var tokens = await _regions[0].StartAsync();
        await _regions[1].RevokeAsync(RuleKind.Key, (string)IssuerUnderTest.ReadSegment(tokens.RefreshToken, 0)["kid"]!);
        _regions.Replicate();

        Assert.Equal(SessionRejection.RefreshTokenInvalid, (await _regions[0].RefreshAsync(tokens)).Rejection);
    }

    [Fact]
    public async Task A_token_rule_of_another_region_refuses_the_token_and_not_its_session()
    {
        var tokens = await _regions[0].StartAsync();
        await _regions[1].RevokeAsync(RuleKind.Token, (string)IssuerUnderTest.Claims(tokens)["jti"]!);
        _regions.Replicate();

        Assert.Equal("Revoked", await _regions[0].ValidateAsync(tokens));
        Assert.Equal("Revoked", await _regions[1].ValidateAsync(tokens));
        await AssertAliveAsync((await _regions[0].RefreshAsync(tokens)).Tokens!);
    }

    [Fact]
    public async Task A_watermark_whose_writer_is_not_done_is_never_written_by_another_region()
    {
        await _regions.PrepareAsync();
        var tokens = await _regions[0].StartAsync();
        _regions[1].Store.FailOnce(nameof(ISessionStore.WriteFeedAsync), isDone: false);
        await Assert.ThrowsAsync<SessionStoreUnavailableException>(() => _regions[1].RevokeAsync(RuleKind.Subject, RegionsUnderTest.Subject));
        _regions.Replicate();
        _regions[0].Store.Forget();

        // Raised again there in the millisecond in which it is met here: a whole item of ours would take the larger T's place.
        Assert.Equal(SessionRejection.SessionRevoked, (await _regions[0].RefreshAsync(tokens)).Rejection);
        var later = await _regions[0].StartAsync();
        await _regions[1].RevokeAsync(RuleKind.Subject, RegionsUnderTest.Subject);
        _regions.Replicate();

        Assert.DoesNotContain(nameof(ISessionStore.MarkFedAsync), _regions[0].Store.Calls);
        Assert.DoesNotContain(nameof(ISessionStore.WriteFeedAsync), _regions[0].Store.Calls);
        await AssertDeadAsync(tokens);
        await AssertDeadAsync(later);
    }

    [Theory]
    [InlineData(RuleKind.Session)]
    [InlineData(RuleKind.Key)]
    public async Task An_outright_rule_whose_writer_is_not_done_is_completed_by_whichever_region_meets_it(RuleKind kind)
    {
        var tokens = await _regions[0].StartAsync();
        var value = kind is RuleKind.Session ? tokens.SessionId : (string)IssuerUnderTest.ReadSegment(tokens.AccessToken, 0)["kid"]!;
        _regions[1].Store.FailOnce(nameof(ISessionStore.WriteFeedAsync), isDone: false);
        await Assert.ThrowsAsync<SessionStoreUnavailableException>(() => _regions[1].RevokeAsync(kind, value));
        _regions.Replicate();
        Assert.Equal("Accepted", await _regions[0].ValidateAsync(tokens));

        await _regions[0].RefreshAsync(tokens);
        _regions[0].Store.Forget();
        await _regions[0].RefreshAsync(tokens);

        Assert.DoesNotContain(nameof(ISessionStore.WriteFeedAsync), _regions[0].Store.Calls); // Once is enough.
        _regions.Replicate();
        foreach (var region in _regions.All)
        {
            Assert.Equal("Revoked", await region.ValidateAsync(tokens));
            Assert.True((await region.ItemAsync(kind, value, writtenBy: 1))!.IsFed);
        }
    }

    [Fact]
    public async Task The_list_shows_the_rules_of_every_region()
    {
        await _regions[0].RevokeAsync(RuleKind.Subject, RegionsUnderTest.Subject);
        await _regions[1].RevokeAsync(RuleKind.Subject, RegionsUnderTest.Subject);
        _regions.Replicate();

        var page = await _regions[0].Revoker.ListAsync(null, 10, Cancellation);

        Assert.Equal([0, 1], page.Items.Select(item => item.Key.Region));
    }

    [Fact]
    public async Task A_region_that_another_knows_of_already_is_asked_for_its_rules()
    {
        var tokens = await _regions[0].StartAsync();
        await _regions[1].RevokeAsync(RuleKind.Subject, RegionsUnderTest.Subject);
        _regions.Replicate();
        var outdated = new SessionIssuer(
            _regions[0].Options with { Regions = 1 }, _regions.Keys, _regions[0].Store, _regions.Subjects, _regions.Time);

        var result = await outdated.RefreshAsync(new() { RefreshToken = tokens.RefreshToken }, Cancellation);

        Assert.Equal(SessionRejection.SessionRevoked, result.Rejection);
    }

    [Theory]
    [InlineData(1, 0, 0, 8)]
    [InlineData(1, 0, 300, 8)] // There is nowhere to replicate to.
    [InlineData(2, 0, 0, 8)]
    [InlineData(2, 1, 5, 13)]
    [InlineData(2, 0, 10, 18)]
    [InlineData(2, 0, 11, 89)] // Beyond the overlap of polls: a re-read of the service and one of its reader find it.
    [InlineData(4, 3, 160, 238)]
    [InlineData(4, 3, 161, 889)]
    public async Task A_rule_is_promised_to_act_when_it_has_reached_the_validators_of_every_region(
        int regions, int region, int lagSeconds, int promisedSeconds)
    {
        var options = _regions[0].Options with { Regions = regions, Region = region, ReplicationLag = TimeSpan.FromSeconds(lagSeconds) };
        var revoker = new SessionRevoker(options, _regions[0].Store, _regions.Time);

        var revocation = await revoker.RevokeAsync(RuleKind.Subject, "bob", "", "admin", Cancellation);

        Assert.Equal(_regions.Time.GetUtcNow() + TimeSpan.FromSeconds(promisedSeconds), revocation.EffectiveBy);
    }

    [Fact]
    public async Task The_head_tells_validators_how_many_regions_and_parts_there_are()
    {
        var issuer = new SessionIssuer(
            _regions[0].Options with { Regions = 3, FeedShards = 8 }, _regions.Keys, _regions[0].Store, _regions.Subjects, _regions.Time);

        await issuer.PrepareAsync(Cancellation);

        var head = (await _regions[0].Store.ReadHeadAsync(Cancellation))!.Head;
        Assert.Equal((3, 8), (head.Regions, head.Shards));
    }

    private async Task AssertDeadAsync(IssuedTokens tokens)
    {
        foreach (var region in _regions.All)
        {
            Assert.Equal("Revoked", await region.ValidateAsync(tokens));
        }

        var home = _regions[SessionRevoker.HomeRegionOf(tokens.SessionId)!.Value];
        Assert.Equal(SessionRejection.SessionRevoked, (await home.RefreshAsync(tokens)).Rejection);
    }

    private async Task AssertAliveAsync(IssuedTokens tokens)
    {
        foreach (var region in _regions.All)
        {
            Assert.Equal("Accepted", await region.ValidateAsync(tokens));
        }

        var home = _regions[SessionRevoker.HomeRegionOf(tokens.SessionId)!.Value];
        Assert.True((await home.RefreshAsync(tokens)).IsIssued);
    }
}
