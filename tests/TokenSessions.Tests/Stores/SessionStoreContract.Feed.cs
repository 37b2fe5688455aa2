using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Stores;

public abstract partial class SessionStoreContract
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(66);

    private static readonly DenylistHead SmallHead = new()
    {
        Shards = 1,
        Window = Window,
        LongestAccessTokenLifetime = TimeSpan.FromHours(1),
        LongestRefreshLife = TimeSpan.FromDays(30),
    };

    [Fact]
    public async Task A_feed_without_a_head_cannot_be_read()
    {
        await Assert.ThrowsAsync<DenylistUnavailableException>(() => Feed.ReadAsync(null, Cancel));
    }

    [Fact]
    public async Task A_feed_answers_every_rule_of_the_window_and_the_head_as_of_the_beginning_of_the_read()
    {
        await Store.RaiseHeadAsync(SmallHead, Now, Cancel);
        var outright = await FeedAsync("t1");
        var watermark = await FeedAsync("alice", watermark: 17);
        await ReopenAsync();

        var changes = await Feed.ReadAsync(null, Cancel);

        Assert.Equal(Now, changes.AsOf);
        Assert.Equal(SmallHead, changes.Head);
        Assert.True(changes.IsWholeWindow);
        AssertSame([outright, watermark], changes.Rules);
    }

    [Fact]
    public async Task A_feed_answers_what_is_stamped_at_a_time_or_later()
    {
        await Store.RaiseHeadAsync(SmallHead, Now, Cancel);
        var rules = new List<DenylistRule>();
        for (var i = 0; i < 5; i++)
        {
            rules.Add(await FeedAsync($"a{i}"));
            rules.Add(await FeedAsync($"b{i}"));
            Time.Advance(TimeSpan.FromMilliseconds(1));
        }

        // A store may answer more than was asked for, never less. What the journal leaves out has its own test.
        var since = DateTimeOffset.FromUnixTimeMilliseconds(rules[4].StampedAt);
        var changes = await Feed.ReadAsync(since, Cancel);

        Assert.Subset(changes.Rules.ToHashSet(), rules[4..].ToHashSet());
        Assert.Subset(rules.ToHashSet(), changes.Rules.ToHashSet());
    }

    [Fact]
    public async Task Rules_that_are_fed_out_of_order_are_found_by_their_stamps()
    {
        await Store.RaiseHeadAsync(SmallHead, Now, Cancel);
        var late = await FeedAsync("late", stampedAgo: TimeSpan.FromSeconds(-2));
        var old = await FeedAsync("old", stampedAgo: TimeSpan.FromSeconds(20));
        var middle = await FeedAsync("middle", stampedAgo: TimeSpan.FromSeconds(5));

        AssertSame([late, old, middle], (await Feed.ReadAsync(null, Cancel)).Rules);
        Assert.Subset(
            (await Feed.ReadAsync(Now - TimeSpan.FromSeconds(5), Cancel)).Rules.ToHashSet(), new HashSet<DenylistRule> { late, middle });
    }

    [Theory]
    [InlineData(-1, true)]
    [InlineData(0, false)]
    public async Task A_feed_item_is_there_only_before_its_end(int millisecondsAfterEnd, bool isThere)
    {
        await Store.RaiseHeadAsync(SmallHead, Now, Cancel);
        var rule = await FeedAsync("t1");
        Time.Advance(Window + TimeSpan.FromMilliseconds(millisecondsAfterEnd));

        Assert.Equal(isThere, (await Feed.ReadAsync(null, Cancel)).Rules.Contains(rule));
        await ReopenAsync();
        Assert.Equal(isThere, (await Feed.ReadAsync(null, Cancel)).Rules.Contains(rule));
    }

    [Fact]
    public async Task A_standing_rule_is_part_of_every_answer_for_ever()
    {
        await Store.RaiseHeadAsync(SmallHead, Now, Cancel);
        var rule = new DenylistRule(Key(RuleKind.Key, "kid-1").RuleKey, Now.ToUnixTimeMilliseconds(), 0, IsStanding: true);
        await Store.WriteFeedAsync(rule, null, Cancel);
        Time.Advance(TimeSpan.FromDays(3650));
        await ReopenAsync();

        Assert.Contains(rule, (await Feed.ReadAsync(Now, Cancel)).Rules);
        Assert.Contains(rule, (await Feed.ReadAsync(null, Cancel)).Rules);
    }

    [Theory]
    [InlineData(-1, 0)] // An older write that arrives late.
    [InlineData(1, 1)]
    public async Task Of_two_stamps_of_one_standing_rule_the_newer_stays(int secondsLater, int expectedSeconds)
    {
        await Store.RaiseHeadAsync(SmallHead, Now, Cancel);
        var rule = new DenylistRule(Key(RuleKind.Key, "kid-1").RuleKey, Now.ToUnixTimeMilliseconds(), 0, IsStanding: true);
        await Store.WriteFeedAsync(rule, null, Cancel);
        await Store.WriteFeedAsync(rule with { StampedAt = rule.StampedAt + (secondsLater * 1000) }, null, Cancel);
        await ReopenAsync();

        var standing = Assert.Single((await Feed.ReadAsync(null, Cancel)).Rules);
        Assert.Equal(rule with { StampedAt = rule.StampedAt + (expectedSeconds * 1000) }, standing);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task The_same_key_and_stamp_again_keeps_the_later_end(int secondsLater)
    {
        await Store.RaiseHeadAsync(SmallHead with { Window = Window + TimeSpan.FromHours(1) }, Now, Cancel);
        var rule = await FeedAsync("t1");
        await Store.WriteFeedAsync(rule, Now + Window + TimeSpan.FromSeconds(secondsLater), Cancel);
        Time.Advance(Window + TimeSpan.FromSeconds(Math.Max(0, secondsLater)) - TimeSpan.FromMilliseconds(1));

        Assert.Contains(rule, (await Feed.ReadAsync(null, Cancel)).Rules);
    }

    [Fact]
    public async Task The_same_key_and_stamp_again_changes_nothing()
    {
        await Store.RaiseHeadAsync(SmallHead, Now, Cancel);
        var rule = await FeedAsync("t1");
        await Store.WriteFeedAsync(rule, Now + Window, Cancel);

        Assert.Equal([rule], (await Feed.ReadAsync(null, Cancel)).Rules);
    }

    [Theory]
    [InlineData(17, 18)]
    [InlineData(18, 17)]
    public async Task Of_two_watermarks_with_one_key_and_stamp_the_larger_stays(long first, long second)
    {
        await Store.RaiseHeadAsync(SmallHead, Now, Cancel);
        await FeedAsync("alice", watermark: first);
        await FeedAsync("alice", watermark: second);
        await ReopenAsync();

        Assert.Equal(18, (await Feed.ReadAsync(null, Cancel)).Rules.Max(rule => rule.Watermark));
    }

    [Fact]
    public async Task A_store_that_nobody_used_has_no_head()
    {
        Assert.Null(await Store.ReadHeadAsync(Cancel));
    }

    [Fact]
    public async Task The_first_head_stands_with_nobody_to_wait_for()
    {
        var head = await Store.RaiseHeadAsync(SmallHead, Now, Cancel);
        await ReopenAsync();

        Assert.Equal(new StoredHead(SmallHead, Now, null), head);
        Assert.Equal(head, await Store.ReadHeadAsync(Cancel));
    }

    [Fact]
    public async Task A_head_only_grows_value_by_value_and_tells_what_it_was_and_when()
    {
        await Store.RaiseHeadAsync(SmallHead, Now, Cancel);
        Time.Advance(TimeSpan.FromHours(1));

        var raised = await Store.RaiseHeadAsync(
            SmallHead with { Shards = 4, LongestRefreshLife = TimeSpan.FromDays(1), Window = Window + TimeSpan.FromHours(1) }, Now, Cancel);
        await ReopenAsync();

        var expected = SmallHead with { Shards = 4, Window = Window + TimeSpan.FromHours(1) };
        Assert.Equal(new StoredHead(expected, Now, SmallHead), raised);
        Assert.Equal(raised, await Store.ReadHeadAsync(Cancel));
        Assert.Equal(expected, (await Feed.ReadAsync(null, Cancel)).Head);
    }

    [Fact]
    public async Task A_head_that_is_large_enough_stays_as_it_is()
    {
        var head = await Store.RaiseHeadAsync(SmallHead, Now, Cancel);
        Time.Advance(TimeSpan.FromHours(1));

        Assert.Equal(head, await Store.RaiseHeadAsync(SmallHead, Now, Cancel));
        Assert.Equal(head, await Store.RaiseHeadAsync(SmallHead with { Window = TimeSpan.Zero }, Now, Cancel));
        Assert.Equal(head, await Store.ReadHeadAsync(Cancel));
    }

    [Theory]
    [InlineData(119_999, 1)] // Not every validator knows 2 yet: what all know is still 1.
    [InlineData(120_000, 2)]
    public async Task A_head_raised_again_before_all_know_it_still_tells_what_all_know(int millisecondsBetween, int shardsAllKnow)
    {
        await Store.RaiseHeadAsync(SmallHead, Now, Cancel);
        Time.Advance(TimeSpan.FromHours(1));
        await Store.RaiseHeadAsync(SmallHead with { Shards = 2 }, Now, Cancel);
        Time.Advance(TimeSpan.FromMilliseconds(millisecondsBetween));

        var raised = await Store.RaiseHeadAsync(SmallHead with { Shards = 3 }, Now, Cancel);

        Assert.Equal(3, raised.Head.Shards);
        Assert.Equal(shardsAllKnow, raised.Before!.Shards);
        Assert.Equal(Now, raised.RaisedAt);
    }

    [Fact]
    public async Task A_head_raised_by_many_at_once_has_the_largest_of_each_value()
    {
        await Task.WhenAll(Enumerable.Range(1, 40).Select(i => Task.Run(
            () => Store.RaiseHeadAsync(SmallHead with { Shards = i, Window = TimeSpan.FromHours(41 - i) }, Now, Cancel), Cancel)));

        var head = (await Store.ReadHeadAsync(Cancel))!.Head;
        Assert.Equal((40, TimeSpan.FromHours(40)), (head.Shards, head.Window));
    }

    private async Task<DenylistRule> FeedAsync(string value, long watermark = 0, TimeSpan stampedAgo = default)
    {
        var kind = watermark == 0 ? RuleKind.Token : RuleKind.Subject;
        var rule = new DenylistRule(Key(kind, value).RuleKey, (Now - stampedAgo).ToUnixTimeMilliseconds(), watermark, IsStanding: false);
        await Store.WriteFeedAsync(rule, Now + Window, Cancel);
        return rule;
    }

    private static void AssertSame(IEnumerable<DenylistRule> expected, IEnumerable<DenylistRule> actual) =>
        Assert.Equal(expected.ToHashSet(), actual.ToHashSet());
}
