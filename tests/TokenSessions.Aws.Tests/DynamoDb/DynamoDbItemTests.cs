using System.Globalization;
using Amazon.DynamoDBv2.Model;
using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Aws.Tests.DynamoDb;

/// <summary>What <see cref="StoreLimits"/> refuses to write is refused where it is read. Each item here is a good one but for one thing.</summary>
public sealed class DynamoDbItemTests : TableTests
{
    private const string Issuer = "https://issuer.example";
    private const string NegativeOfAnAuthority = "An item has a negative watermark, generation or run of graces.";
    private const string NegativeOfTheFeed = "An item has a negative stamp or watermark.";
    private static readonly TimeSpan Life = TimeSpan.FromDays(31);
    private static readonly DenylistHead Head = new() { Window = TimeSpan.FromMinutes(66), LongestAccessTokenLifetime = TimeSpan.FromHours(1), LongestRefreshLife = Life };
    private static readonly AuthorityKey Session = new(Issuer, RuleKind.Session, "s1");
    private static readonly AuthorityKey SigningKey = new(Issuer, RuleKind.Key, "kid-1");

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await Store.RaiseHeadAsync(Head, Now, Cancel);
    }

    [Theory]
    [InlineData("T", 0, true)]
    [InlineData("T", -1, false)]
    [InlineData("gen", 0, true)]
    [InlineData("gen", -1, false)]
    [InlineData("run", 0, true)]
    [InlineData("run", -1, false)]
    public async Task A_rule_with_a_negative_number_is_refused_by_all_that_read_it(string name, long value, bool isTaken)
    {
        await Store.DenyAsync(NewDenial(Session), Cancel);
        await SetAsync(Assert.Single(await AuthorityItemsAsync()), name, value);

        await ReadsAsync(() => Store.ReadAsync([Session], Cancel), isTaken, NegativeOfAnAuthority);
        await ReadsAsync(() => Store.ListAsync(Issuer, null, 10, Cancel), isTaken, NegativeOfAnAuthority);
        await ReadsAsync(() => Store.DenyAsync(NewDenial(Session), Cancel), isTaken, NegativeOfAnAuthority);
    }

    [Theory]
    [InlineData("gen", 0, true)]
    [InlineData("gen", -1, false)]
    [InlineData("run", 0, true)]
    [InlineData("run", -1, false)]
    public async Task A_session_with_a_negative_number_is_refused(string name, long value, bool isTaken)
    {
        await Store.AdvanceAsync(new(Session, 0, Now, 0, Now + Life, "request-1"), Cancel);
        await SetAsync(Assert.Single(await AuthorityItemsAsync()), name, value);

        await ReadsAsync(() => Store.ReadAsync([Session], Cancel), isTaken, NegativeOfAnAuthority);
    }

    [Theory]
    [InlineData("subject", "3", true)]
    [InlineData("subject", "4", false)]
    [InlineData("device", "0", false)] // Of a later version, perhaps.
    public async Task A_list_refuses_a_rule_of_another_kind_or_region(string kind, string region, bool isTaken)
    {
        await Store.DenyAsync(NewDenial(Session), Cancel);
        var item = Assert.Single(await AuthorityItemsAsync());
        item["pk"] = new($"{kind}#22#{Issuer}#alice#{region}");
        await Table.Client.PutItemAsync(Table.Options.Table, item, Cancel);

        await ReadsAsync(() => Store.ListAsync(Issuer, null, 10, Cancel), isTaken, "An item has no pk that could be read.");
    }

    [Theory]
    [InlineData("shards", 1, null)]
    [InlineData("shards", 64, null)]
    [InlineData("shards", 0, "must have 1 to 64 shards, but has 0")]
    [InlineData("shards", 65, "must have 1 to 64 shards, but has 65")]
    [InlineData("regions", 1, null)]
    [InlineData("regions", 4, null)]
    [InlineData("regions", 0, "must have 1 to 4 regions, but has 0")]
    [InlineData("regions", 5, "must have 1 to 4 regions, but has 5")]
    [InlineData("window", 0, null)]
    [InlineData("window", 316_224_000, null)]
    [InlineData("window", -1, "must have durations of 0 to 3660 days")]
    [InlineData("window", 316_224_001, "must have durations of 0 to 3660 days")]
    [InlineData("access", 0, null)]
    [InlineData("access", 316_224_000, null)]
    [InlineData("access", -1, "must have durations of 0 to 3660 days")]
    [InlineData("access", 316_224_001, "must have durations of 0 to 3660 days")]
    [InlineData("refresh", 0, null)]
    [InlineData("refresh", 316_224_000, null)]
    [InlineData("refresh", -1, "must have durations of 0 to 3660 days")]
    [InlineData("refresh", 316_224_001, "must have durations of 0 to 3660 days")]
    [InlineData("before.shards", 64, null)] // What it was before it was raised.
    [InlineData("before.shards", 65, "must have 1 to 64 shards, but has 65")]
    public async Task A_head_beyond_its_limits_is_refused_by_all_that_read_it(string name, long value, string? problem)
    {
        Clock.Advance(TimeSpan.FromHours(1));
        await Store.RaiseHeadAsync(Head with { Shards = 2 }, Now, Cancel);
        await SetAsync(Assert.Single(await Table.ItemsAsync()), name, value);
        var (isTaken, message) = (problem is null, $"An item {problem}");

        await ReadsAsync(() => Store.ReadHeadAsync(Cancel), isTaken, message);
        await ReadsAsync(() => Table.NewStore().WriteFeedAsync(NewRule(Session), Now + Head.Window, Cancel), isTaken, message);
        await ReadsAsync(() => Store.RaiseHeadAsync(Head with { Shards = 3 }, Now, Cancel), isTaken, message);
        if (!isTaken)
        {
            await FeedReadsAsync(isTaken: false, message);
        }
    }

    [Theory]
    [InlineData(false, "T", 0, true)]
    [InlineData(false, "T", -1, false)]
    [InlineData(true, "T", 0, true)]
    [InlineData(true, "T", -1, false)]
    [InlineData(true, "stamp", 0, true)]
    [InlineData(true, "stamp", -1, false)]
    public async Task A_feed_with_a_negative_number_is_refused_as_a_whole(bool isStanding, string name, long value, bool isTaken)
    {
        await Store.WriteFeedAsync(NewRule(Session), Now + Head.Window, Cancel);
        await Store.WriteFeedAsync(NewRule(SigningKey), null, Cancel);
        await SetAsync(Assert.Single(await Table.ItemsAsync(), item => item["pk"].S != "feed#head" && item["pk"].S == "feed#standing" == isStanding), name, value);

        await FeedReadsAsync(isTaken, NegativeOfTheFeed);
    }

    private async Task ReadsAsync(Func<Task> read, bool isTaken, string problem)
    {
        if (isTaken)
        {
            await read();
            return;
        }

        AssertTells(problem, await Assert.ThrowsAsync<SessionStoreUnavailableException>(read));
    }

    private async Task FeedReadsAsync(bool isTaken, string problem)
    {
        if (isTaken)
        {
            Assert.Equal(2, (await Table.NewFeed().ReadAsync(null, Cancel)).Rules.Count);
            return;
        }

        AssertTells(problem, await Assert.ThrowsAsync<DenylistUnavailableException>(() => Table.NewFeed().ReadAsync(null, Cancel)));
    }

    private void AssertTells(string problem, Exception failure)
    {
        Assert.Contains($"DynamoDB table {Table.Options.Table} ", failure.Message, StringComparison.Ordinal);
        Assert.Contains(problem, failure.Message, StringComparison.Ordinal);
    }

    private async Task<List<Dictionary<string, AttributeValue>>> AuthorityItemsAsync() => (await Table.ItemsAsync()).FindAll(item => item["sk"].S == "-");

    /// <summary>Sets a number, past every check of ours.</summary>
    /// <param name="item">In which item.</param>
    /// <param name="name">The attribute; a dot leads into a map.</param>
    /// <param name="value">The number.</param>
    private async Task SetAsync(Dictionary<string, AttributeValue> item, string name, long value)
    {
        var path = name.Split('.'); // Some of the names are reserved words of DynamoDB in an expression.
        await Table.Client.UpdateItemAsync(
            new()
            {
                TableName = Table.Options.Table,
                Key = new() { ["pk"] = item["pk"], ["sk"] = item["sk"] },
                UpdateExpression = $"SET {string.Join('.', path.Select((_, i) => $"#{i}"))} = :value",
                ExpressionAttributeNames = path.Index().ToDictionary(part => $"#{part.Index}", part => part.Item),
                ExpressionAttributeValues = new() { [":value"] = new() { N = value.ToString(CultureInfo.InvariantCulture) } },
            },
            Cancel);
    }

    private DenylistRule NewRule(AuthorityKey key) => new(key.RuleKey, Now.ToUnixTimeMilliseconds(), 0, key.Kind.IsStanding());

    private Denial NewDenial(AuthorityKey key) => new(key, Now, Now + Life, "", "admin", $"request-{Guid.NewGuid():N}");
}
