using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Stores;

/// <summary>What every <see cref="ISessionStore"/> and its feed must do. A derived class brings the store.</summary>
/// <remarks>The parts: rules (this file), lists of them, sessions, the feed and the head, and limits.</remarks>
public abstract partial class SessionStoreContract : IAsyncLifetime
{
    private const string Issuer = "https://issuer.example";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static readonly TimeSpan Life = TimeSpan.FromDays(31);
    private int _requests;

    /// <summary>The clock of the store.</summary>
    private protected FakeClock Time { get; } = new();

    /// <summary>The store under test, empty when a test begins.</summary>
    private protected abstract ISessionStore Store { get; }

    /// <summary>The feed of the same store.</summary>
    private protected abstract IDenylistFeed Feed { get; }

    /// <summary>Ends everything that is in memory, and opens the store again.</summary>
    private protected abstract Task ReopenAsync();

    public abstract ValueTask InitializeAsync();

    public abstract ValueTask DisposeAsync();

    private DateTimeOffset Now => Time.GetUtcNow();

    public static TheoryData<RuleKind> Watermarks => [RuleKind.Subject, RuleKind.Client, RuleKind.All];

    public static TheoryData<RuleKind> Outright => [RuleKind.Token, RuleKind.Session, RuleKind.Key];

    [Fact]
    public async Task An_item_nobody_wrote_is_absent()
    {
        var items = await Store.ReadAsync([Key(RuleKind.Session, "s1"), Key(RuleKind.All)], Cancel);

        Assert.Empty(items);
    }

    [Theory]
    [MemberData(nameof(Watermarks))]
    [MemberData(nameof(Outright))]
    public async Task A_rule_stands_as_it_was_written_also_after_reopening(RuleKind kind)
    {
        var denial = NewDenial(Key(kind)) with { Reason = "Stolen laptop – büro 7", Actor = "admin-7" };
        var denied = await Store.DenyAsync(denial, Cancel);
        await ReopenAsync();

        var item = (await Store.ReadAsync([denial.Key], Cancel))[denial.Key];

        Assert.Equal(denied, item);
        Assert.Equal(
            new AuthorityItem
            {
                Key = denial.Key,
                IsDenied = true,
                Watermark = kind.IsWatermark() ? Now.ToUnixTimeMilliseconds() : 0,
                IsFed = false,
                DeniedAt = Now,
                Reason = "Stolen laptop – büro 7",
                Actor = "admin-7",
                RequestId = denial.RequestId,
                ExpiresAt = denial.ExpiresAt,
            },
            item);
    }

    [Fact]
    public async Task A_read_answers_the_items_that_exist_by_key_and_leaves_out_the_others()
    {
        await DenyAsync(Key(RuleKind.Session, "s1"));
        await DenyAsync(Key(RuleKind.Subject, "s1"));

        var items = await Store.ReadAsync(
            [
                Key(RuleKind.Session, "s1"),
                Key(RuleKind.Session, "s2"),
                Key(RuleKind.Subject, "s1"),
                Key(RuleKind.Client, "s1"),
                Key(RuleKind.Session, "s1") with { Issuer = "https://other.example" },
            ],
            Cancel);

        Assert.Equal([Key(RuleKind.Session, "s1"), Key(RuleKind.Subject, "s1")], items.Keys.OrderBy(key => key.Kind));
        Assert.All(items, pair => Assert.Equal(pair.Key, pair.Value.Key));
    }

    [Theory]
    [MemberData(nameof(Watermarks))]
    public async Task A_watermark_is_raised_to_now_and_by_at_least_one_whatever_the_clock_does(RuleKind kind)
    {
        var first = await DenyAsync(Key(kind));
        var sameMillisecond = await DenyAsync(Key(kind));
        Time.StepWallClock(TimeSpan.FromHours(-1));
        var clockSetBack = await DenyAsync(Key(kind));
        Time.StepWallClock(TimeSpan.FromHours(2));
        var later = await DenyAsync(Key(kind));

        Assert.Equal(first.Watermark + 1, sameMillisecond.Watermark);
        Assert.Equal(first.Watermark + 2, clockSetBack.Watermark);
        Assert.Equal(Now.ToUnixTimeMilliseconds(), later.Watermark);
        Assert.Equal(Now, later.DeniedAt);
    }

    [Fact]
    public async Task A_raised_watermark_is_not_fed_and_keeps_the_later_end()
    {
        var key = Key(RuleKind.Subject, "alice");
        var first = await DenyAsync(key);
        await Store.MarkFedAsync(key, first.Watermark, Cancel);

        var raised = await Store.DenyAsync(
            NewDenial(key) with { ExpiresAt = first.ExpiresAt - TimeSpan.FromDays(1), Reason = "again", Actor = "other" }, Cancel);

        Assert.False(raised.IsFed);
        Assert.Equal(first.ExpiresAt, raised.ExpiresAt);
        Assert.Equal(("again", "other"), (raised.Reason, raised.Actor));
        var extended = await Store.DenyAsync(NewDenial(key) with { ExpiresAt = first.ExpiresAt + TimeSpan.FromDays(1) }, Cancel);
        Assert.Equal(first.ExpiresAt + TimeSpan.FromDays(1), extended.ExpiresAt);
    }

    [Fact]
    public async Task A_repeated_request_does_not_raise_the_watermark_again()
    {
        var denial = NewDenial(Key(RuleKind.Subject, "alice"));
        var first = await Store.DenyAsync(denial, Cancel);
        await Store.MarkFedAsync(denial.Key, first.Watermark, Cancel);
        Time.Advance(TimeSpan.FromSeconds(1));

        var again = await Store.DenyAsync(denial with { At = Now }, Cancel);

        Assert.Equal(first with { IsFed = true }, again);
    }

    [Theory]
    [MemberData(nameof(Outright))]
    public async Task A_repeated_outright_rule_leaves_the_item_as_it_is(RuleKind kind)
    {
        var key = Key(kind);
        var first = await DenyAsync(key);
        Time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(first, await Store.DenyAsync(NewDenial(key) with { Reason = "another", Actor = "another" }, Cancel));
        await Store.MarkFedAsync(key, 0, Cancel);
        Assert.Equal(first with { IsFed = true }, await DenyAsync(key));
        Assert.Equal(first with { IsFed = true }, await ReadAsync(key));
    }

    [Fact]
    public async Task A_watermark_that_was_raised_since_is_not_marked_as_fed_by_the_older_one()
    {
        var key = Key(RuleKind.Client, "app");
        var first = await DenyAsync(key);
        var second = await DenyAsync(key);

        await Store.MarkFedAsync(key, first.Watermark, Cancel);
        Assert.False((await ReadAsync(key))!.IsFed);

        await Store.MarkFedAsync(key, second.Watermark, Cancel);
        await ReopenAsync();
        Assert.Equal(second with { IsFed = true }, await ReadAsync(key));
    }

    [Fact]
    public async Task Marking_what_is_not_a_rule_writes_nothing()
    {
        var (absent, refreshed) = (Key(RuleKind.Token, "t1"), Key(RuleKind.Session, "s1"));
        var advanced = await Store.AdvanceAsync(NewAdvance(refreshed, 0), Cancel);

        await Store.MarkFedAsync(absent, 0, Cancel);
        await Store.MarkFedAsync(refreshed, 0, Cancel);

        Assert.Null(await ReadAsync(absent));
        Assert.Equal(advanced.Item, await ReadAsync(refreshed));
    }

    [Theory]
    [InlineData(-1, true)] // Before its end, to the millisecond.
    [InlineData(0, false)]
    public async Task A_rule_is_there_only_before_its_end(int millisecondsAfterEnd, bool isThere)
    {
        var key = Key(RuleKind.Subject, "alice");
        await DenyAsync(key);
        Time.Advance(Life + TimeSpan.FromMilliseconds(millisecondsAfterEnd));

        Assert.Equal(isThere, await ReadAsync(key) is not null);
        Assert.Equal(isThere ? 1 : 0, (await Store.ListAsync(Issuer, null, 10, Cancel)).Items.Count);
        await ReopenAsync();
        Assert.Equal(isThere, await ReadAsync(key) is not null);
    }

    [Fact]
    public async Task A_rule_that_has_reached_its_end_counts_as_absent_when_it_is_written_again()
    {
        var (outright, watermark) = (Key(RuleKind.Token, "t1"), Key(RuleKind.Subject, "alice"));
        await DenyAsync(outright);
        await DenyAsync(watermark);
        Time.Advance(Life);

        await Store.MarkFedAsync(outright, 0, Cancel);
        Assert.Null(await ReadAsync(outright));
        Assert.Equal(Now, (await DenyAsync(outright)).DeniedAt);
        Assert.Equal(Now.ToUnixTimeMilliseconds(), (await DenyAsync(watermark)).Watermark);
    }

    [Fact]
    public async Task A_rule_about_a_signing_key_never_ends()
    {
        var denied = await DenyAsync(Key(RuleKind.Key, "kid-1"));
        Time.Advance(TimeSpan.FromDays(3650));
        await ReopenAsync();

        Assert.Null(denied.ExpiresAt);
        Assert.Equal(denied, await ReadAsync(Key(RuleKind.Key, "kid-1")));
    }

    [Fact]
    public async Task Raises_of_one_watermark_by_many_at_once_all_count()
    {
        var raised = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => DenyAsync(Key(RuleKind.All)), Cancel)));

        Assert.Equal(50, raised.Select(item => item.Watermark).Distinct().Count());
        Assert.Equal(raised.Max(item => item.Watermark), (await ReadAsync(Key(RuleKind.All)))!.Watermark);
    }

    [Fact]
    public async Task Nothing_is_written_for_a_caller_who_gave_up_before()
    {
        var key = Key(RuleKind.Token, "t1");

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.DenyAsync(NewDenial(key), new(canceled: true)));

        Assert.Null(await ReadAsync(key));
    }

    private static AuthorityKey Key(RuleKind kind, string value = "value") => new(Issuer, kind, kind is RuleKind.All ? "" : value);

    private string NextRequest() => $"request-{Interlocked.Increment(ref _requests)}";

    private Denial NewDenial(AuthorityKey key) =>
        new(key, Now, key.Kind.IsStanding() ? null : Now + Life, "", "admin", NextRequest());

    private Task<AuthorityItem> DenyAsync(AuthorityKey key) => Store.DenyAsync(NewDenial(key), Cancel);

    private async Task<AuthorityItem?> ReadAsync(AuthorityKey key) => (await Store.ReadAsync([key], Cancel)).GetValueOrDefault(key);
}
