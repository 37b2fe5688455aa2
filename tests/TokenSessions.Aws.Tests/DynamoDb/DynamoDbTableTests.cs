using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using TokenSessions.Aws.DynamoDb;
using TokenSessions.Aws.Tests.Servers;
using TokenSessions.Aws.Tests.Servers.Faults;
using TokenSessions.Issuing.Stores;
using TokenSessions.Tests;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Aws.Tests.DynamoDb;

/// <summary>The table is created once, checked before its first use, and what is wrong with it is said.</summary>
public sealed class DynamoDbTableTests : IAsyncLifetime
{
    private readonly FakeClock _clock = new();
    private TableUnderTest _table = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private DynamoDbTable Table => new(_table.Client, _table.Options, _table.Time);

    public async ValueTask InitializeAsync() => _table = await TableUnderTest.CreateAsync(_clock, isCreated: false);

    public async ValueTask DisposeAsync()
    {
        if (_table is not null)
        {
            try
            {
                await _table.Client.UpdateTableAsync(new() { TableName = _table.Options.Table, DeletionProtectionEnabled = false }, CancellationToken.None);
            }
            catch (AmazonDynamoDBException)
            {
                // There is none.
            }

            await _table.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_created_table_can_be_used_sweeps_what_has_ended_and_is_protected()
    {
        _table.SkipOnDynalite();
        var created = await Table.CreateAsync(Cancel);

        Assert.True(created.IsNew);
        Assert.Empty(await Table.CheckAsync(Cancel));
        Assert.Null(await _table.NewStore().ReadHeadAsync(Cancel));
        var description = (await _table.Client.DescribeTableAsync(_table.Options.Table, Cancel)).Table;
        Assert.True(description.DeletionProtectionEnabled);
        Assert.Equal(BillingMode.PAY_PER_REQUEST, description.BillingModeSummary?.BillingMode);
        var ttl = (await _table.Client.DescribeTimeToLiveAsync(_table.Options.Table, Cancel)).TimeToLiveDescription;
        Assert.Equal("ttl", ttl.AttributeName);
    }

    [Fact]
    public async Task What_an_endpoint_cannot_do_is_told_and_hinders_nothing()
    {
        _table.SkipOnDynalite();
        _table.Requests.Decide = call => call.Operation is "DescribeContinuousBackups" ? Fault.Refuse("UnknownOperationException") : Fault.None;

        var created = await Table.CreateAsync(Cancel);

        Assert.Contains("there is no point-in-time recovery", Assert.Single(created.Warnings), StringComparison.Ordinal);
        Assert.Null(await _table.NewStore().ReadHeadAsync(Cancel));
    }

    [Theory]
    [InlineData("UpdateTable", "ResourceInUseException", "being changed", "not protected from deletion")]
    [InlineData("DescribeContinuousBackups", "ContinuousBackupsUnavailableException", "repeat the command", "no point-in-time recovery")]
    [InlineData("UpdateTimeToLive", "ValidationException", "on another attribute", "will not be deleted (TTL)")]
    public async Task What_cannot_be_added_at_this_moment_is_told_with_what_to_do(string operation, string code, string remedy, string consequence)
    {
        _table.SkipOnDynalite();
        await TestTable.CreateAsync(_table.Client, _table.Options.Table, Cancel);
        _table.Requests.Decide = call => call.Operation == operation ? Fault.Refuse(code) : Fault.None;

        var warning = Assert.Single(
            (await Table.CreateAsync(Cancel)).Warnings, warning => warning.Contains(consequence, StringComparison.Ordinal));

        Assert.Contains(remedy, warning, StringComparison.Ordinal);
        Assert.DoesNotContain("must have the keys", warning, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Creating_it_again_changes_nothing_and_adds_what_it_lacks()
    {
        _table.SkipOnDynalite();
        await TestTable.CreateAsync(_table.Client, _table.Options.Table, Cancel);
        await _table.NewStore().DenyAsync(
            new(new("i", RuleKind.Subject, "ada"), _clock.GetUtcNow(), _clock.GetUtcNow().AddDays(1), "", "admin", "r"), Cancel);

        Assert.Contains("TTL", Assert.Single(await Table.CheckAsync(Cancel)), StringComparison.Ordinal);
        Assert.False((await Table.CreateAsync(Cancel)).IsNew);
        Assert.Empty(await Table.CheckAsync(Cancel));
        _table.Requests.ResetCalls();
        Assert.False((await Table.CreateAsync(Cancel)).IsNew);

        Assert.Equal((0, 0), (_table.Requests.Calls("UpdateTimeToLive"), _table.Requests.Calls("UpdateTable")));
        Assert.Single(await _table.ItemsAsync());
    }

    [Fact]
    public async Task A_missing_table_is_named_with_the_command_that_creates_it()
    {
        var message = (await Assert.ThrowsAsync<SessionStoreUnavailableException>(() => Table.CheckAsync(Cancel))).Message;

        Assert.Contains(_table.Options.Table, message, StringComparison.Ordinal);
        Assert.Contains("does not exist", message, StringComparison.Ordinal);
        Assert.Contains("table create", message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<SessionStoreUnavailableException>(() => _table.NewStore().ReadHeadAsync(Cancel));
        await Assert.ThrowsAsync<DenylistUnavailableException>(() => _table.NewFeed().ReadAsync(null, Cancel));
    }

    [Theory]
    [InlineData("pk", "S", null, null, "pk (HASH, S)")]
    [InlineData("id", "S", "sk", "S", "id (HASH, S) and sk (RANGE, S)")]
    [InlineData("pk", "S", "sk", "N", "pk (HASH, S) and sk (RANGE, N)")]
    [InlineData("sk", "S", "pk", "S", "sk (HASH, S) and pk (RANGE, S)")]
    public async Task A_table_with_other_keys_is_refused_with_what_it_has_and_should_have(
        string hash, string hashType, string? range, string? rangeType, string expected)
    {
        var request = new CreateTableRequest
        {
            TableName = _table.Options.Table,
            BillingMode = BillingMode.PAY_PER_REQUEST,
            KeySchema = [new(hash, KeyType.HASH)],
            AttributeDefinitions = [new(hash, hashType)],
        };
        if (range is not null)
        {
            request.KeySchema.Add(new(range, KeyType.RANGE));
            request.AttributeDefinitions.Add(new(range, rangeType));
        }

        await _table.Client.CreateTableAsync(request, Cancel);

        foreach (var use in new Func<Task>[] { () => Table.CheckAsync(Cancel), () => Table.CreateAsync(Cancel), () => _table.NewStore().ReadHeadAsync(Cancel) })
        {
            var message = (await Assert.ThrowsAsync<SessionStoreUnavailableException>(use)).Message;
            Assert.Contains($"its keys are {expected}, but must be pk (HASH, S) and sk (RANGE, S)", message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task It_is_checked_once_before_the_first_use_and_again_after_a_failure()
    {
        var (store, feed) = (_table.NewStore(), _table.NewFeed());
        await Assert.ThrowsAsync<SessionStoreUnavailableException>(() => store.ReadHeadAsync(Cancel));
        Assert.Equal((1, 1), (_table.Requests.Calls("DescribeTable"), _table.Requests.Calls()));

        await TestTable.CreateAsync(_table.Client, _table.Options.Table, Cancel);
        _table.Requests.ResetCalls();
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => store.ReadHeadAsync(Cancel), Cancel)));
        await store.ReadHeadAsync(Cancel);
        Assert.Equal((1, 22), (_table.Requests.Calls("DescribeTable"), _table.Requests.Calls()));

        await Assert.ThrowsAsync<DenylistUnavailableException>(() => feed.ReadAsync(null, Cancel)); // No head yet.
        await Assert.ThrowsAsync<DenylistUnavailableException>(() => feed.ReadAsync(null, Cancel));
        Assert.Equal(2, _table.Requests.Calls("DescribeTable"));
    }

    [Fact]
    public async Task One_who_gives_up_during_the_check_does_not_fail_the_others()
    {
        await TestTable.CreateAsync(_table.Client, _table.Options.Table, Cancel);
        var (store, gate) = (_table.NewStore(), new TaskCompletionSource());
        _table.Requests.Decide = call => call.Operation is "DescribeTable" ? Fault.Hold(gate.Task) : Fault.None;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancel);

        var (first, second) = (store.ReadHeadAsync(patience.Token), store.ReadHeadAsync(Cancel));
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        gate.SetResult();

        Assert.Null(await second);
    }

    [Fact]
    public async Task It_is_created_on_dynalite_too_with_what_that_lacks_told()
    {
        using var server = await DynamoDbServer.StartDynaliteAsync();
        using var dynalite = server.CreateClient();
        var options = _table.Options;

        var created = await new DynamoDbTable(dynalite, options, TimeProvider.System).CreateAsync(Cancel);

        Assert.True(created.IsNew);
        Assert.NotEmpty(created.Warnings);
        Assert.Null(await new DynamoDbStore(dynalite, options, TimeProvider.System).ReadHeadAsync(Cancel));
    }

    [Theory]
    [InlineData("abc", true)]
    [InlineData("ab", false)]
    [InlineData("a_b.c-D9", true)]
    [InlineData("table name", false)]
    [InlineData("", false)]
    public void A_table_has_a_name_that_DynamoDB_allows(string name, bool isAllowed) => AssertTaken(new() { Table = name }, isAllowed);

    [Theory]
    [InlineData(255, true)]
    [InlineData(256, false)]
    public void A_name_has_at_most_255_characters(int length, bool isAllowed) => AssertTaken(new() { Table = new('t', length) }, isAllowed);

    [Theory]
    [InlineData(0, 100, true)]
    [InlineData(3, 60_000, true)]
    [InlineData(-1, 100, false)]
    [InlineData(4, 100, false)]
    [InlineData(0, 99, false)]
    [InlineData(0, 60_001, false)]
    public void Region_and_deadline_have_limits(int region, int deadline, bool isAllowed) =>
        AssertTaken(new() { Table = "table", Region = region, Deadline = TimeSpan.FromMilliseconds(deadline) }, isAllowed);

    private void AssertTaken(DynamoDbOptions options, bool isTaken)
    {
        if (isTaken)
        {
            _ = new DynamoDbStore(_table.Client, options, _clock);
        }
        else
        {
            Assert.Throws<ArgumentException>(() => new DynamoDbStore(_table.Client, options, _clock));
            Assert.Throws<ArgumentException>(() => new DynamoDbFeed(_table.Client, options, _clock));
        }
    }
}
