using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Stores;

/// <summary>Several regions raise one head, each its own: what all of them together say.</summary>
public sealed class StoredHeadTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan LongAgo = TimeSpan.FromDays(1);

    [Fact]
    public void No_heads_make_no_head()
    {
        Assert.Null(StoredHead.Merge([], Now));
    }

    [Fact]
    public void A_single_head_is_answered_as_it_is()
    {
        var head = Raised(shards: 4, before: 2, ago: TimeSpan.FromSeconds(1));

        Assert.Same(head, StoredHead.Merge([head], Now));
    }

    [Fact]
    public void The_largest_of_each_value_counts()
    {
        var a = Raised(shards: 4, before: null, LongAgo) with { Head = Head(4) with { Window = TimeSpan.FromHours(1), Regions = 1 } };
        var b = Raised(shards: 2, before: null, LongAgo) with { Head = Head(2) with { Window = TimeSpan.FromHours(3), Regions = 2 } };

        var merged = StoredHead.Merge([a, b], Now)!;

        Assert.Equal(Head(4) with { Window = TimeSpan.FromHours(3), Regions = 2 }, merged.Head);
        Assert.Equal(merged.Head, merged.KnownEverywhere(Now));
    }

    [Theory]
    [InlineData(119_999, 2)]
    [InlineData(120_000, 4)]
    public void What_any_region_raised_less_than_2_minutes_ago_is_not_known_yet(int millisecondsAgo, int known)
    {
        var old = Raised(shards: 2, before: 1, LongAgo);
        var raised = Raised(shards: 4, before: 2, TimeSpan.FromMilliseconds(millisecondsAgo));

        foreach (var heads in new StoredHead[][] { [old, raised], [raised, old] })
        {
            var merged = StoredHead.Merge(heads, Now)!;
            Assert.Equal((4, raised.RaisedAt), (merged.Head.Shards, merged.RaisedAt));
            Assert.Equal(known, merged.KnownEverywhere(Now).Shards);
        }
    }

    [Fact]
    public void A_first_head_beside_others_has_to_be_announced_for_they_have_validators()
    {
        var old = Raised(shards: 2, before: null, LongAgo);
        var first = Raised(shards: 4, before: null, TimeSpan.FromSeconds(1));

        Assert.Equal(2, StoredHead.Merge([old, first], Now)!.KnownEverywhere(Now).Shards);
    }

    [Fact]
    public void Of_two_raises_under_way_what_was_known_before_either_counts()
    {
        var a = Raised(shards: 8, before: 2, TimeSpan.FromSeconds(100));
        var b = Raised(shards: 6, before: 3, TimeSpan.FromSeconds(10));

        var merged = StoredHead.Merge([a, b], Now)!;

        Assert.Equal((8, 3, b.RaisedAt), (merged.Head.Shards, merged.KnownEverywhere(Now).Shards, merged.RaisedAt));
        Assert.Equal(3, merged.KnownEverywhere(b.RaisedAt + TimeSpan.FromMilliseconds(119_999)).Shards);
        Assert.Equal(8, merged.KnownEverywhere(b.RaisedAt + StoredHead.Announcement).Shards);
    }

    [Fact]
    public void A_merged_head_can_be_raised_again_and_tells_what_all_know()
    {
        var merged = StoredHead.Merge([Raised(shards: 2, before: 1, LongAgo), Raised(shards: 4, before: 2, TimeSpan.FromSeconds(60))], Now);

        var raised = StoredHead.Raise(merged, Head(5), Now);

        Assert.Equal((5, 2, Now), (raised.Head.Shards, raised.Before!.Shards, raised.RaisedAt));
        Assert.Same(merged, StoredHead.Raise(merged, Head(4), Now));
    }

    private static StoredHead Raised(int shards, int? before, TimeSpan ago) => new(Head(shards), Now - ago, before is { } known ? Head(known) : null);

    private static DenylistHead Head(int shards) => new() { Shards = shards, Window = TimeSpan.FromHours(1) };
}
