using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using TokenSessions.Aws.Tests.Servers.Faults;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Aws.Tests.DynamoDb;

/// <summary>What a validator reads straight from the table: what it asks for, and that it is complete or nothing.</summary>
public sealed class DynamoDbFeedTests : TableTests
{
    private const string Issuer = "https://issuer.example";
    private const int Shards = 4;
    private static readonly DenylistHead Head = new() { Shards = Shards, Window = TimeSpan.FromMinutes(66), LongestAccessTokenLifetime = TimeSpan.FromHours(1) };

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await Store.RaiseHeadAsync(Head, Now, Cancel);
    }

    [Theory]
    [InlineData(0, -30, 2)] // Now, and what was stamped 30 seconds ago.
    [InlineData(30, -30, 1)] // Both in one bucket.
    [InlineData(539, -30, 1)]
    [InlineData(540, -30, 2)] // A writer's clock may be a minute ahead.
    [InlineData(0, null, 8)] // The window of 66 minutes.
    [InlineData(0, -100_000, 8)] // What is older has ended.
    public async Task It_asks_for_the_head_the_standing_rules_and_each_bucket_that_can_hold_what_is_wanted(
        int secondsIntoBucket, int? since, int buckets)
    {
        Clock.Advance(TimeSpan.FromSeconds(secondsIntoBucket));
        var feed = Table.NewFeed();
        await feed.ReadAsync(Now, Cancel);
        var partitions = RecordPartitions();

        await feed.ReadAsync(since is { } seconds ? Now.AddSeconds(seconds) : null, Cancel);

        Assert.Equal(partitions.Count, partitions.Distinct().Count());
        Assert.Equal(1 + 1 + (buckets * Shards), partitions.Count);
        Assert.Contains("feed#head", partitions);
        Assert.Contains("feed#standing", partitions);
        Assert.Equal(partitions.Count, Table.Requests.Calls());
    }

    [Fact]
    public async Task Rules_are_found_on_both_sides_of_a_bucket_and_up_to_a_minute_ahead()
    {
        Clock.Advance(TimeSpan.FromSeconds(541));
        var rules = new List<DenylistRule>();
        foreach (var seconds in new[] { -600, -542, -541, -30, 0, 58, 59, 60 })
        {
            rules.Add(await FeedAsync($"{seconds}", Now.AddSeconds(seconds)));
        }

        Assert.Equal(rules.ToHashSet(), (await Table.NewFeed().ReadAsync(null, Cancel)).Rules.ToHashSet());
        Assert.Equal(rules[2..].ToHashSet(), (await Table.NewFeed().ReadAsync(Now.AddSeconds(-541), Cancel)).Rules.ToHashSet());
    }

    [Fact]
    public async Task It_leaves_out_what_is_older_than_what_was_asked_for_within_the_first_bucket()
    {
        Clock.Advance(TimeSpan.FromSeconds(300));
        await FeedAsync("before", Now.AddMilliseconds(-1));
        var from = await FeedAsync("from", Now);

        Assert.Equal([from], (await Table.NewFeed().ReadAsync(Now, Cancel)).Rules);
    }

    [Fact]
    public async Task It_is_as_of_the_moment_its_first_request_was_sent()
    {
        var sent = Now;
        Table.Requests.Decide = call =>
        {
            if (call.Operation is "Query")
            {
                Clock.Advance(TimeSpan.FromSeconds(1));
            }

            return Fault.None;
        };

        Assert.Equal(sent, (await Table.NewFeed().ReadAsync(Now, Cancel)).AsOf);
    }

    [Fact]
    public async Task One_request_that_fails_fails_the_whole()
    {
        var feed = Table.NewFeed();
        for (var i = 0; i < 20; i++)
        {
            await FeedAsync($"t{i}", Now);
        }

        await feed.ReadAsync(null, Cancel);
        Table.Requests.ResetCalls();
        await feed.ReadAsync(Now, Cancel);
        var requests = Table.Requests.Calls();

        for (var failing = 1; failing <= requests; failing++)
        {
            Table.Requests.ResetCalls();
            Table.Requests.Decide = call => call.Ordinal == failing ? Fault.ServerError : Fault.None;
            await Assert.ThrowsAsync<DenylistUnavailableException>(() => feed.ReadAsync(Now, Cancel));
        }
    }

    [Fact]
    public async Task It_asks_for_at_most_8_parts_at_once()
    {
        var width = new Width();
        using var client = Table.NewClient(new FaultyHandler(), retries: 0, width);

        await Table.NewFeed(client).ReadAsync(null, Cancel);

        Assert.InRange(width.Most, 1, 8);
    }

    [Fact]
    public async Task A_head_with_a_window_of_more_than_31_days_is_refused()
    {
        await Store.RaiseHeadAsync(Head with { Window = TimeSpan.FromDays(31), Shards = 1 }, Now, Cancel);
        await Table.NewFeed().ReadAsync(Now, Cancel);
        await Store.RaiseHeadAsync(Head with { Window = TimeSpan.FromDays(31) + TimeSpan.FromTicks(1) }, Now, Cancel);

        await Assert.ThrowsAsync<DenylistUnavailableException>(() => Table.NewFeed().ReadAsync(Now, Cancel));
    }

    [Theory]
    [InlineData(10)] // Within the overlap of two polls.
    [InlineData(100)] // Within what is read again every 30 seconds.
    [InlineData(400)] // Found when the whole window is read.
    public async Task A_rule_that_stale_reads_hid_is_found_and_none_is_ever_lost(int secondsStale)
    {
        var faults = new FaultyHandler { RemembersReads = true };
        using var client = Table.NewClient(faults);
        var sync = new DenylistSync(Table.NewFeed(client), Clock);
        var early = await FeedAsync("early", Now);
        await SyncAsync(sync);
        faults.Decide = call => call.Operation is "Query" ? Fault.StaleRead : Fault.None;
        var hidden = await FeedAsync("hidden", Now);
        var raised = await FeedAsync("ada", Now, watermark: 17);

        var end = Now.AddSeconds(secondsStale);
        var found = end.AddMinutes(5).AddSeconds(2);
        while (Now <= found)
        {
            Clock.Advance(DenylistSync.PollInterval);
            faults.Decide = Now < end ? faults.Decide : null;
            await SyncAsync(sync);
            Assert.True(sync.TryGetSnapshot(out var snapshot, out _) && snapshot.Denies(early.Key));
            if (Now >= end && snapshot.Denies(hidden.Key))
            {
                Assert.True(snapshot.Denies(raised.Key, 16));
                return;
            }
        }

        Assert.Fail("The rule was never found.");
    }

    private static async Task SyncAsync(DenylistSync sync)
    {
        var outcome = await sync.SyncAsync(Cancel);
        Assert.True(outcome.IsComplete, outcome.Problem);
    }

    private async Task<DenylistRule> FeedAsync(string value, DateTimeOffset stampedAt, long watermark = 0)
    {
        var kind = watermark == 0 ? RuleKind.Token : RuleKind.Subject;
        var rule = new DenylistRule(RuleKey.For(Issuer, kind, value), stampedAt.ToUnixTimeMilliseconds(), watermark, IsStanding: false);
        await Store.WriteFeedAsync(rule, stampedAt + Head.Window, Cancel);
        return rule;
    }

    private ConcurrentBag<string> RecordPartitions()
    {
        var partitions = new ConcurrentBag<string>();
        Table.Requests.ResetCalls();
        Table.Requests.Decide = call =>
        {
            partitions.Add(JsonNode.Parse(call.Body)!["ExpressionAttributeValues"]![":pk"]!["S"]!.GetValue<string>());
            return Fault.None;
        };
        return partitions;
    }

    private sealed class Width : DelegatingHandler
    {
        private readonly Lock _gate = new();
        private int _now;

        public int Most { get; private set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            lock (_gate)
            {
                Most = Math.Max(Most, ++_now);
            }

            try
            {
                return await base.SendAsync(request, cancellationToken);
            }
            finally
            {
                lock (_gate)
                {
                    _now--;
                }
            }
        }
    }
}
