using System.Globalization;
using TokenSessions.Aws.DynamoDb;
using TokenSessions.Aws.Tests.Servers.Faults;
using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Aws.Tests.DynamoDb;

/// <summary>What is DynamoDB's own about the store: its items, its requests and what they cost.</summary>
public sealed class DynamoDbStoreTests : TableTests
{
    private const string Issuer = "https://issuer.example";
    private static readonly TimeSpan Life = TimeSpan.FromDays(31);
    private static readonly DenylistHead Head = new() { Window = TimeSpan.FromMinutes(66), LongestAccessTokenLifetime = TimeSpan.FromHours(1), LongestRefreshLife = Life };
    private static readonly AuthorityKey Session = new(Issuer, RuleKind.Session, "AAAAAAAAAAAAAAAAAAAAAA");

    private FaultyHandler Requests => Table.Requests;

    [Fact]
    public async Task A_refresh_is_one_write_also_when_it_fails_and_when_its_answer_was_lost()
    {
        Table.SkipOnDynalite();
        var advance = new SessionAdvance(Session, 0, Now, 0, Now + Life, "request-1");
        await UseAsync();

        Assert.True((await Store.AdvanceAsync(advance, Cancel)).IsAdvanced);
        Assert.True((await Store.AdvanceAsync(advance, Cancel)).IsAdvanced);
        Assert.False((await Store.AdvanceAsync(advance with { RequestId = "request-2" }, Cancel)).IsAdvanced);
        Assert.True((await Store.AdvanceAsync(advance with { RequestId = "request-2", Spent = 1 }, Cancel)).IsAdvanced);

        Assert.Equal((4, 4), (Requests.Calls("PutItem"), Requests.Calls()));
    }

    [Fact]
    public async Task A_read_of_many_keys_is_one_strong_batch()
    {
        var bodies = new List<string>();
        await UseAsync();
        Requests.Decide = call =>
        {
            bodies.Add(call.Body);
            return Fault.None;
        };

        await Store.ReadAsync([.. Enumerable.Range(0, StoreLimits.KeysPerRead).Select(i => Session with { Value = $"s{i}" })], Cancel);

        Assert.Equal((1, 1), (Requests.Calls("BatchGetItem"), Requests.Calls()));
        Assert.Contains("\"ConsistentRead\":true", Assert.Single(bodies), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_new_rule_is_a_write_of_its_authority_one_of_the_feed_and_one_mark()
    {
        await Store.RaiseHeadAsync(Head, Now, Cancel);
        Requests.ResetCalls();

        var denied = await Store.DenyAsync(NewDenial(Session), Cancel);
        await Store.WriteFeedAsync(new(Session.RuleKey, Now.ToUnixTimeMilliseconds(), 0, IsStanding: false), Now + Head.Window, Cancel);
        await Store.MarkFedAsync(Session, denied.Watermark, Cancel);

        Assert.Equal((2, 1, 3), (Requests.Calls("PutItem"), Requests.Calls("UpdateItem"), Requests.Calls()));
    }

    [Fact]
    public async Task Keys_that_a_batch_did_not_process_are_asked_again_until_each_is_answered()
    {
        var keys = Enumerable.Range(0, 5).Select(i => Session with { Value = $"s{i}" }).ToArray();
        await Task.WhenAll(keys.Select(key => Store.DenyAsync(NewDenial(key), Cancel)));
        Requests.ResetCalls();
        Requests.Decide = call => call.Ordinal <= 3 ? Fault.Unprocessed(call.Ordinal - 1) : Fault.None;

        Assert.Equal(5, (await Store.ReadAsync(keys, Cancel)).Count);

        Assert.Equal(4, Requests.Calls("BatchGetItem"));
    }

    [Fact]
    public async Task Keys_that_are_never_processed_are_not_absent()
    {
        var store = new DynamoDbStore(Table.Client, Table.Options with { Deadline = TimeSpan.FromMilliseconds(300) }, Table.Time);
        await store.ReadHeadAsync(Cancel);
        Requests.Decide = _ => Fault.Unprocessed(0);

        var failed = await Assert.ThrowsAsync<SessionStoreUnavailableException>(() => store.ReadAsync([Session], Cancel));

        Assert.Contains("0.3 s", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_gives_up_while_keys_are_asked_again_is_told_so()
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        await UseAsync();
        Requests.Decide = call =>
        {
            if (call.Ordinal == 3)
            {
                patience.Cancel();
            }

            return Fault.Unprocessed(0);
        };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.ReadAsync([Session], patience.Token));
    }

    [Fact]
    public async Task A_denied_session_is_one_item_with_these_attributes()
    {
        Clock.Advance(TimeSpan.FromMilliseconds(1));
        await Store.AdvanceAsync(new(Session, 4, Now, 2, Now + Life, "request-1"), Cancel);
        await Store.NoteGraceAsync(Session, 5, Cancel);
        await Store.DenyAsync(new(Session, Now, Now + Life, "stolen", "admin", "request-2"), Cancel);
        await Store.MarkFedAsync(Session, 0, Cancel);

        var item = Assert.Single(await Table.ItemsAsync());

        var now = Now.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
        var ends = (Now + Life).ToUnixTimeMilliseconds();
        Assert.True(item.Remove("v", out var version) && version.S.Length == 16);
        Assert.Equal(
            new Dictionary<string, string>
            {
                ["pk"] = $"session#22#{Issuer}#AAAAAAAAAAAAAAAAAAAAAA#0",
                ["sk"] = "-",
                ["denied"] = "True",
                ["T"] = "0",
                ["fed"] = "True",
                ["at"] = now,
                ["reason"] = "stolen",
                ["actor"] = "admin",
                ["gen"] = "5",
                ["rotated"] = now,
                ["grace"] = "True",
                ["run"] = "2",
                ["rid"] = "request-2",
                ["ends"] = ends.ToString(CultureInfo.InvariantCulture),
                ["ttl"] = ((ends / 1000) + 1 + (24 * 60 * 60)).ToString(CultureInfo.InvariantCulture), // Seconds, a day late.
            }.OrderBy(pair => pair.Key),
            item.ToDictionary(pair => pair.Key, pair => pair.Value.S ?? pair.Value.N ?? pair.Value.BOOL.ToString()).OrderBy(pair => pair.Key)!);
    }

    [Fact]
    public async Task What_never_ends_is_never_swept()
    {
        var key = new AuthorityKey(Issuer, RuleKind.Key, "kid-1");
        await Store.DenyAsync(NewDenial(key) with { ExpiresAt = null }, Cancel);
        await Store.WriteFeedAsync(new(key.RuleKey, Now.ToUnixTimeMilliseconds(), 0, IsStanding: true), null, Cancel);

        var items = await Table.ItemsAsync();

        Assert.Equal(2, items.Count);
        Assert.All(items, item => Assert.False(item.ContainsKey("ttl") || item.ContainsKey("ends")));
    }

    [Fact]
    public async Task No_issuer_and_value_share_an_item_with_others()
    {
        AuthorityKey[] keys =
        [
            new("a#b", RuleKind.Subject, "c"), new("a", RuleKind.Subject, "b#c"), new("a", RuleKind.Subject, "b#c#0"), new("a#b#c", RuleKind.Subject, "0"),
            new("a", RuleKind.Subject, "b", 1), new("a", RuleKind.Subject, "b#1"), new("é", RuleKind.Subject, "x"), new("é#x", RuleKind.Subject, "\n"),
            new("a", RuleKind.All, ""), new("a#", RuleKind.All, ""),
        ];
        foreach (var key in keys)
        {
            await Store.DenyAsync(NewDenial(key), Cancel);
        }

        Assert.Equal(keys.Length, (await Table.ItemsAsync()).Count);
        var read = await Store.ReadAsync(keys, Cancel);
        Assert.All(keys, key => Assert.Equal(key, read[key].Key));
    }

    [Theory]
    [InlineData(119_999, 1)]
    [InlineData(120_000, 4)]
    public async Task Rules_go_to_the_shards_that_every_validator_knows(int millisecondsAfterTheRaise, int shards)
    {
        await Store.RaiseHeadAsync(Head, Now, Cancel);
        Clock.Advance(TimeSpan.FromHours(1));
        await Store.RaiseHeadAsync(Head with { Shards = 4 }, Now, Cancel);
        Clock.Advance(TimeSpan.FromMilliseconds(millisecondsAfterTheRaise));

        await FeedAsync(Store, 40);

        Assert.Equal(shards, await ShardsAsync());
        Assert.Equal(40, (await Table.NewFeed().ReadAsync(null, Cancel)).Rules.Count);
    }

    [Fact]
    public async Task A_store_that_knows_no_head_reads_it_once_and_one_that_knows_an_old_one_uses_that()
    {
        await Store.RaiseHeadAsync(Head, Now, Cancel);
        Clock.Advance(TimeSpan.FromHours(1));
        var other = Table.NewStore();
        await other.RaiseHeadAsync(Head with { Shards = 4 }, Now, Cancel);
        Clock.Advance(TimeSpan.FromHours(1));

        await FeedAsync(Store, 20); // It remembers the first head: a shard that validators look at all the same.
        Assert.Equal(1, await ShardsAsync());

        var third = Table.NewStore();
        Requests.ResetCalls();
        await FeedAsync(third, 20);
        Assert.Equal(4, await ShardsAsync());
        Assert.Equal(1, Requests.Calls("Query"));
        Assert.Equal(40, (await Table.NewFeed().ReadAsync(null, Cancel)).Rules.Count);
    }

    [Fact]
    public async Task Each_region_raises_a_head_of_its_own_and_all_read_the_largest_of_each_value()
    {
        var stores = new[] { Store, Table.NewStore(region: 1) };
        await stores[0].RaiseHeadAsync(Head with { Regions = 2, Shards = 4 }, Now, Cancel);
        Clock.Advance(TimeSpan.FromHours(1));

        var raised = await stores[1].RaiseHeadAsync(Head with { Regions = 2, Window = TimeSpan.FromHours(2) }, Now, Cancel);

        var expected = Head with { Regions = 2, Shards = 4, Window = TimeSpan.FromHours(2) };
        Assert.Equal((expected, Now, 4), (raised.Head, raised.RaisedAt, raised.Before!.Shards));
        Assert.Equal(Head.Window, raised.Before.Window);
        Assert.Equal(["0", "1"], (await Table.ItemsAsync()).Select(item => item["sk"].S).Order());
        foreach (var store in stores)
        {
            var read = (await store.ReadHeadAsync(Cancel))!;
            Assert.Equal((expected, Head.Window), (read.Head, read.KnownEverywhere(Now).Window));
            Assert.Equal(read, await store.RaiseHeadAsync(expected, Now, Cancel)); // Large enough, whichever region made it so.
        }

        Assert.Equal(expected, (await Table.NewFeed().ReadAsync(null, Cancel)).Head);
        Clock.Advance(StoredHead.Announcement);
        Assert.Equal(expected, (await stores[0].ReadHeadAsync(Cancel))!.KnownEverywhere(Now));
    }

    [Fact]
    public async Task An_item_that_nobody_of_us_wrote_is_refused_and_never_passed_over()
    {
        await Store.RaiseHeadAsync(Head, Now, Cancel);
        await Store.DenyAsync(NewDenial(Session), Cancel);
        await Table.Client.UpdateItemAsync(new()
        {
            TableName = Table.Options.Table,
            Key = new() { ["pk"] = new($"session#22#{Issuer}#{Session.Value}#0"), ["sk"] = new("-") },
            UpdateExpression = "REMOVE T",
        }, Cancel);
        await Table.Client.PutItemAsync(Table.Options.Table, new() { ["pk"] = new("feed#standing"), ["sk"] = new("what is this") }, Cancel);

        await Assert.ThrowsAsync<SessionStoreUnavailableException>(() => Store.ReadAsync([Session], Cancel));
        await Assert.ThrowsAsync<DenylistUnavailableException>(() => Table.NewFeed().ReadAsync(null, Cancel));
    }

    [Fact]
    public async Task A_list_goes_on_after_pages_without_rules_and_reads_only_so_much_at_a_time()
    {
        for (var i = 0; i < 15; i++)
        {
            await Store.DenyAsync(NewDenial(Session with { Value = $"s{i}" }), Cancel);
            await Store.AdvanceAsync(new(Session with { Value = $"refreshed{i}" }, 0, Now, 0, Now + Life, "request"), Cancel);
        }

        Requests.Decide = call => call.Operation is "Scan" && call.Ordinal % 3 == 0 ? Fault.EmptyPage : Fault.PageCut(1);
        var (found, continuation) = (new List<AuthorityItem>(), (string?)null);
        do
        {
            Requests.ResetCalls();
            var page = await Store.ListAsync(Issuer, continuation, 1000, Cancel);
            Assert.InRange(Requests.Calls("Scan"), 1, 10);
            found.AddRange(page.Items);
            continuation = page.Continuation;
        }
        while (continuation is not null);

        Assert.Equal((15, 15), (found.Count, found.Select(item => item.Key).Distinct().Count()));
    }

    /// <summary>The check of the table is behind us.</summary>
    private async Task UseAsync()
    {
        await Store.ReadHeadAsync(Cancel);
        Requests.ResetCalls();
    }

    private async Task FeedAsync(DynamoDbStore store, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var rule = new DenylistRule(RuleKey.For(Issuer, RuleKind.Token, Guid.NewGuid().ToString()), Now.ToUnixTimeMilliseconds(), 0, IsStanding: false);
            await store.WriteFeedAsync(rule, Now + Head.Window, Cancel);
        }
    }

    private async Task<int> ShardsAsync() => (await Table.ItemsAsync())
        .Select(item => item["pk"].S.Split('#')).Where(parts => parts is ["feed", _, _]).Select(parts => parts[2]).Distinct().Count();

    private Denial NewDenial(AuthorityKey key) => new(key, Now, Now + Life, "", "admin", $"request-{Guid.NewGuid():N}");
}
