using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Stores;

public abstract partial class SessionStoreContract
{
    [Theory]
    [MemberData(nameof(Watermarks))]
    [MemberData(nameof(Outright))]
    public async Task Items_of_two_regions_are_two_items(RuleKind kind)
    {
        var here = await DenyAsync(Key(kind));
        Time.Advance(TimeSpan.FromSeconds(1));
        var there = await DenyAsync(Key(kind) with { Region = 1 });
        await Store.MarkFedAsync(here.Key, here.Watermark, Cancel);
        await ReopenAsync();

        var items = await Store.ReadAsync([here.Key, there.Key, here.Key with { Region = 2 }], Cancel);

        Assert.Equal(2, items.Count);
        Assert.Equal(here with { IsFed = true }, items[here.Key]);
        Assert.Equal(there, items[there.Key]);
        Assert.Equal([here.Key, there.Key], (await ListAsync(limit: 1)).OrderBy(key => key.Region));
    }

    [Fact]
    public async Task Each_region_counts_its_watermarks_by_itself()
    {
        var here = await DenyAsync(Key(RuleKind.All));
        var there = await DenyAsync(Key(RuleKind.All) with { Region = 3 });
        var thereAgain = await DenyAsync(there.Key);

        Assert.Equal((here.Watermark, here.Watermark + 1), (there.Watermark, thereAgain.Watermark));
        Assert.Equal(here, await ReadAsync(here.Key));
    }

    [Fact]
    public async Task A_session_that_is_denied_in_one_region_goes_on_in_the_item_of_another()
    {
        var home = Session with { Region = 1 };
        var advanced = await Store.AdvanceAsync(NewAdvance(home, 0), Cancel);
        var denied = await DenyAsync(home with { Region = 0 });

        Assert.Equal(0, denied.Generation);
        Assert.Equal(advanced.Item, await ReadAsync(home));
        Assert.True(await Store.NoteGraceAsync(home, 1, Cancel));
        Assert.False(await Store.NoteGraceAsync(home with { Region = 2 }, 1, Cancel));
        Assert.True((await Store.AdvanceAsync(NewAdvance(home, 1), Cancel)).IsAdvanced);
        Assert.False((await Store.AdvanceAsync(NewAdvance(denied.Key, 1), Cancel)).IsAdvanced);
    }

    [Fact]
    public async Task A_region_is_0_to_3()
    {
        var last = Key(RuleKind.Session) with { Region = DenylistHead.MaxRegions - 1 };
        Assert.Equal(last, (await DenyAsync(last)).Key);

        foreach (var region in new[] { -1, DenylistHead.MaxRegions })
        {
            var key = last with { Region = region };
            await RefusesAsync(() => DenyAsync(key));
            await RefusesAsync(() => Store.ReadAsync([key], Cancel));
            await RefusesAsync(() => Store.MarkFedAsync(key, 0, Cancel));
            await RefusesAsync(() => Store.AdvanceAsync(NewAdvance(key, 0), Cancel));
            await RefusesAsync(() => Store.NoteGraceAsync(key, 0, Cancel));
        }
    }

    [Fact]
    public async Task A_head_keeps_the_largest_number_of_regions_from_1_to_4()
    {
        await RefusesAsync(() => Store.RaiseHeadAsync(SmallHead with { Regions = 0 }, Now, Cancel));
        await RefusesAsync(() => Store.RaiseHeadAsync(SmallHead with { Regions = 5 }, Now, Cancel));
        Assert.Equal(4, (await Store.RaiseHeadAsync(SmallHead with { Regions = 4 }, Now, Cancel)).Head.Regions);
        await Store.RaiseHeadAsync(SmallHead with { Regions = 2, Shards = 2 }, Now, Cancel);
        await ReopenAsync();

        Assert.Equal((4, 2), ((await Store.ReadHeadAsync(Cancel))!.Head.Regions, (await Feed.ReadAsync(null, Cancel)).Head.Shards));
        Assert.Equal(4, (await Feed.ReadAsync(null, Cancel)).Head.Regions);
    }
}
