using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Stores;

public abstract partial class SessionStoreContract
{
    public static TheoryData<string, string, bool> Texts => new()
    {
        { "issuer", new('i', StoreLimits.IssuerBytes), true },
        { "issuer", new('i', StoreLimits.IssuerBytes + 1), false },
        { "issuer", "", false },
        { "value", new('v', StoreLimits.ValueBytes), true },
        { "value", new('é', StoreLimits.ValueBytes / 2), true }, // Two bytes each.
        { "value", new('é', (StoreLimits.ValueBytes / 2) + 1), false },
        { "value", "", false },
        { "reason", new('r', StoreLimits.ReasonBytes), true },
        { "reason", new('r', StoreLimits.ReasonBytes + 1), false },
        { "reason", "", true },
        { "actor", new('a', StoreLimits.ActorBytes), true },
        { "actor", new('a', StoreLimits.ActorBytes + 1), false },
        { "actor", "", false },
        { "request", new('q', StoreLimits.RequestIdBytes), true },
        { "request", new('q', StoreLimits.RequestIdBytes + 1), false },
        { "request", "", false },
    };

    [Theory]
    [MemberData(nameof(Texts))]
    public async Task Texts_have_limits(string which, string text, bool isTaken)
    {
        var denial = NewDenial(Key(RuleKind.Subject));
        denial = which switch
        {
            "issuer" => denial with { Key = denial.Key with { Issuer = text } },
            "value" => denial with { Key = denial.Key with { Value = text } },
            "reason" => denial with { Reason = text },
            "actor" => denial with { Actor = text },
            _ => denial with { RequestId = text },
        };

        if (isTaken)
        {
            var denied = await Store.DenyAsync(denial, Cancel);
            await ReopenAsync();
            Assert.Equal(denied, await ReadAsync(denial.Key));
        }
        else
        {
            await RefusesAsync(() => Store.DenyAsync(denial, Cancel));
        }
    }

    [Fact]
    public async Task Text_with_half_of_a_surrogate_pair_is_refused_without_telling_the_text()
    {
        var refused = await Assert.ThrowsAnyAsync<ArgumentException>(
            async () => await Store.DenyAsync(NewDenial(Key(RuleKind.Subject, "alice\ud83d")), Cancel));

        Assert.DoesNotContain("alice", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_largest_item_of_all_can_be_written()
    {
        var key = new AuthorityKey(new('i', StoreLimits.IssuerBytes), RuleKind.Session, new('v', StoreLimits.ValueBytes));
        var denied = await Store.DenyAsync(
            new(key, Now, Now + Life, new('r', StoreLimits.ReasonBytes), new('a', StoreLimits.ActorBytes), new('q', StoreLimits.RequestIdBytes)),
            Cancel);
        await ReopenAsync();

        Assert.Equal(denied, await ReadAsync(key));
    }

    [Theory]
    [InlineData(RuleKind.None, "x")]
    [InlineData((RuleKind)7, "x")]
    [InlineData(RuleKind.All, "x")] // It has no value.
    public async Task A_key_has_one_of_the_six_kinds_and_the_value_that_belongs_to_it(RuleKind kind, string value)
    {
        await RefusesAsync(() => Store.DenyAsync(NewDenial(new(Issuer, kind, value)), Cancel));
        await RefusesAsync(() => Store.ReadAsync([new(Issuer, kind, value)], Cancel));
        await RefusesAsync(() => Store.MarkFedAsync(new(Issuer, kind, value), 0, Cancel));
    }

    [Fact]
    public async Task Rules_about_signing_keys_have_no_end_and_all_others_have_one()
    {
        await RefusesAsync(() => Store.DenyAsync(NewDenial(Key(RuleKind.Key)) with { ExpiresAt = Now + Life }, Cancel));
        await RefusesAsync(() => Store.DenyAsync(NewDenial(Key(RuleKind.All)) with { ExpiresAt = null }, Cancel));

        var rule = new DenylistRule(Key(RuleKind.Token).RuleKey, Now.ToUnixTimeMilliseconds(), 0, IsStanding: false);
        await RefusesAsync(() => Store.WriteFeedAsync(rule, null, Cancel));
        await RefusesAsync(() => Store.WriteFeedAsync(rule with { IsStanding = true }, Now + Window, Cancel));
        await RefusesAsync(() => Store.WriteFeedAsync(rule with { StampedAt = -1 }, Now + Window, Cancel));
        await RefusesAsync(() => Store.WriteFeedAsync(rule with { Watermark = -1 }, Now + Window, Cancel));
    }

    [Fact]
    public async Task Only_sessions_have_generations_and_they_count_from_zero()
    {
        await RefusesAsync(() => Store.AdvanceAsync(NewAdvance(Key(RuleKind.Subject), 0), Cancel));
        await RefusesAsync(() => Store.NoteGraceAsync(Key(RuleKind.Subject), 0, Cancel));
        await RefusesAsync(() => Store.AdvanceAsync(NewAdvance(Session, -1), Cancel));
        await RefusesAsync(() => Store.AdvanceAsync(NewAdvance(Session, int.MaxValue), Cancel));
        await RefusesAsync(() => Store.AdvanceAsync(NewAdvance(Session, 0) with { GraceRun = -1 }, Cancel));

        Assert.True((await Store.AdvanceAsync(NewAdvance(Session, int.MaxValue - 1), Cancel)).IsAdvanced);
    }

    [Fact]
    public async Task A_read_takes_1_to_100_keys_none_of_them_twice()
    {
        var keys = Enumerable.Range(0, StoreLimits.KeysPerRead + 1).Select(i => Key(RuleKind.Token, $"t{i}")).ToArray();
        await DenyAsync(keys[^2]);

        Assert.Single(await Store.ReadAsync(keys[..^1], Cancel));
        await RefusesAsync(() => Store.ReadAsync(keys, Cancel));
        await RefusesAsync(() => Store.ReadAsync([], Cancel));
        await RefusesAsync(() => Store.ReadAsync([keys[0], keys[1], keys[0]], Cancel));
    }

    [Fact]
    public async Task A_page_has_1_to_1000_items_and_continues_only_what_came_before()
    {
        await Store.ListAsync(Issuer, null, StoreLimits.ItemsPerPage, Cancel);
        await RefusesAsync(() => Store.ListAsync(Issuer, null, StoreLimits.ItemsPerPage + 1, Cancel));
        await RefusesAsync(() => Store.ListAsync(Issuer, null, 0, Cancel));
        await RefusesAsync(() => Store.ListAsync("", null, 1, Cancel));
        await RefusesAsync(() => Store.ListAsync(Issuer, "", 1, Cancel));
        await RefusesAsync(() => Store.ListAsync(Issuer, "AAAA", 1, Cancel));
        await RefusesAsync(() => Store.ListAsync(Issuer, "not base64url!", 1, Cancel));
    }

    [Fact]
    public async Task A_head_has_1_to_64_shards_1_to_4_regions_and_durations_of_0_to_3660_days()
    {
        var (longest, tick) = (TimeSpan.FromDays(3660), TimeSpan.FromTicks(1));
        foreach (var refused in new[]
        {
            SmallHead with { Shards = 0 },
            SmallHead with { Shards = 65 },
            SmallHead with { Regions = 0 },
            SmallHead with { Regions = 5 },
            SmallHead with { Window = -tick },
            SmallHead with { Window = longest + tick },
            SmallHead with { LongestAccessTokenLifetime = -tick },
            SmallHead with { LongestAccessTokenLifetime = longest + tick },
            SmallHead with { LongestRefreshLife = -tick },
            SmallHead with { LongestRefreshLife = longest + tick },
        })
        {
            await RefusesAsync(() => Store.RaiseHeadAsync(refused, Now, Cancel));
        }

        Assert.Null(await Store.ReadHeadAsync(Cancel));

        var least = new DenylistHead();
        var most = new DenylistHead { Shards = 64, Regions = 4, Window = longest, LongestAccessTokenLifetime = longest, LongestRefreshLife = longest };
        Assert.Equal(least, (await Store.RaiseHeadAsync(least, Now, Cancel)).Head);
        Assert.Equal(most, (await Store.RaiseHeadAsync(most, Now, Cancel)).Head);
        await ReopenAsync();
        Assert.Equal(most, (await Store.ReadHeadAsync(Cancel))!.Head);
    }

    private static async Task RefusesAsync(Func<Task> call) => await Assert.ThrowsAnyAsync<ArgumentException>(call);
}
