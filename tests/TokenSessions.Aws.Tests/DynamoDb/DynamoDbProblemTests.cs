using Amazon.Runtime;
using TokenSessions.Aws.DynamoDb;
using TokenSessions.Aws.Tests.Servers;
using TokenSessions.Aws.Tests.Servers.Faults;
using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Aws.Tests.DynamoDb;

/// <summary>What fails says which table, what failed and what helps, and never repeats what was asked for.</summary>
public sealed class DynamoDbProblemTests : TableTests
{
    private const string Secret = "a user's name";

    [Theory]
    [InlineData("AccessDeniedException", 400, "no permission for dynamodb:BatchGetItem")]
    [InlineData("ExpiredTokenException", 400, "credentials of this process have expired")]
    [InlineData("UnrecognizedClientException", 400, "does not accept the credentials")]
    [InlineData("ResourceNotFoundException", 400, "the table does not exist; create it")]
    [InlineData("ValidationException", 400, "must have the keys pk (HASH, S) and sk (RANGE, S)")]
    [InlineData("ProvisionedThroughputExceededException", 400, "throttles dynamodb:BatchGetItem")]
    [InlineData("ThrottlingException", 400, "throttles dynamodb:BatchGetItem")]
    [InlineData("InternalServerError", 500, "answered 500")]
    [InlineData("SomethingNew", 400, "dynamodb:BatchGetItem was refused with 400 (SomethingNew")]
    public async Task What_the_service_refuses_is_told_with_what_to_do(string code, int status, string expected)
    {
        var store = Table.NewStore();
        await store.ReadHeadAsync(Cancel);
        Table.Requests.Decide = _ => Fault.Refuse(code, status);

        AssertTells(expected, await Assert.ThrowsAsync<SessionStoreUnavailableException>(() => ReadAsync(store)));
    }

    [Fact]
    public async Task A_feed_that_may_not_be_read_says_which_permission_is_missing()
    {
        Table.Requests.Decide = call => call.Operation is "Query" ? Fault.Refuse("AccessDeniedException") : Fault.None;

        var failed = await Assert.ThrowsAsync<DenylistUnavailableException>(() => Table.NewFeed().ReadAsync(null, Cancel));

        AssertTells("no permission for dynamodb:Query", failed);
    }

    [Fact]
    public async Task A_lost_connection_is_told_after_the_retries()
    {
        var faults = new FaultyHandler();
        using var client = Table.NewClient(faults, retries: 2);
        var store = Table.NewStore(client);
        await store.ReadHeadAsync(Cancel);
        faults.Decide = _ => Fault.DropRequest;

        AssertTells("cannot be reached", await Assert.ThrowsAsync<SessionStoreUnavailableException>(() => ReadAsync(store)));
        Assert.Equal(3, faults.Calls("BatchGetItem"));
    }

    [Fact]
    public async Task An_endpoint_where_nobody_listens_is_named()
    {
        using var client = DynamoDbClients.Create(
            config =>
            {
                config.ServiceURL = "http://127.0.0.1:1";
                config.AuthenticationRegion = TestCredentials.Region;
                config.MaxErrorRetry = 0;
            },
            TestCredentials.Value);

        AssertTells("http://127.0.0.1:1 cannot be reached", await Assert.ThrowsAsync<SessionStoreUnavailableException>(() => ReadAsync(Table.NewStore(client))));
    }

    [Fact]
    public async Task Missing_credentials_are_told()
    {
        using var client = DynamoDbClients.Create(config => config.RegionEndpoint = Amazon.RegionEndpoint.EUCentral1, new NoCredentials());

        AssertTells("no AWS credentials", await Assert.ThrowsAsync<SessionStoreUnavailableException>(() => ReadAsync(Table.NewStore(client))));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)] // The SDK asks for them that way too, in the middle of an asynchronous call.
    public async Task Credentials_that_do_not_come_are_waited_for_no_longer_than_the_deadline(bool isBlocking)
    {
        var server = await DynamoDbServer.GetAsync();
        Assert.SkipWhen(server.IsFromEnvironment, "Other endpoints may not take the credentials of this test.");
        using var credentials = new SlowCredentials(isBlocking);
        using var client = DynamoDbClients.Create(
            config => (config.ServiceURL, config.AuthenticationRegion) = (server.Address.ToString(), TestCredentials.Region), credentials);
        var store = new DynamoDbStore(client, Table.Options with { Deadline = TimeSpan.FromSeconds(1) }, TimeProvider.System);
        await store.ReadHeadAsync(Cancel);
        credentials.IsSlow = true;

        var reading = Task.Run(() => ReadAsync(store), Cancel).WaitAsync(TimeSpan.FromSeconds(30), Cancel);

        AssertTells("did not answer within 1 s", await Assert.ThrowsAsync<SessionStoreUnavailableException>(() => reading));
    }

    [Fact]
    public async Task An_answer_that_does_not_come_is_waited_for_no_longer_than_the_deadline()
    {
        var store = new DynamoDbStore(Table.Client, Table.Options with { Deadline = TimeSpan.FromSeconds(1) }, Clock);
        await store.ReadHeadAsync(Cancel);
        using var asked = new SemaphoreSlim(0);
        Table.Requests.Decide = _ =>
        {
            asked.Release();
            return Fault.Hold(Task.Delay(Timeout.Infinite, Cancel));
        };

        var reading = ReadAsync(store);
        await asked.WaitAsync(Cancel);
        Clock.Advance(TimeSpan.FromMilliseconds(999));
        Assert.False(reading.IsCompleted);
        Clock.Advance(TimeSpan.FromMilliseconds(1));

        AssertTells("did not answer within 1 s", await Assert.ThrowsAsync<SessionStoreUnavailableException>(() => reading));
    }

    [Fact]
    public async Task A_caller_who_gives_up_is_told_so_and_not_that_the_store_failed()
    {
        var store = Table.NewStore();
        await store.ReadHeadAsync(Cancel);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        Table.Requests.Decide = _ =>
        {
            patience.Cancel();
            return Fault.Hold(Task.Delay(Timeout.Infinite, Cancel));
        };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.ReadAsync([Key], patience.Token));
    }

    private static AuthorityKey Key => new("https://issuer.example", RuleKind.Subject, Secret);

    private static Task<IReadOnlyDictionary<AuthorityKey, AuthorityItem>> ReadAsync(DynamoDbStore store) => store.ReadAsync([Key], Cancel);

    private void AssertTells(string expected, Exception failure)
    {
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
        Assert.Contains($"DynamoDB table {Table.Options.Table} in {TestCredentials.Region}", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, failure.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(TestCredentials.SecretKey, failure.ToString(), StringComparison.Ordinal);
    }

    private sealed class NoCredentials : AWSCredentials
    {
        public override ImmutableCredentials GetCredentials() => throw new AmazonClientException("Failed to resolve AWS credentials.");

        public override Task<ImmutableCredentials> GetCredentialsAsync() => Task.FromException<ImmutableCredentials>(new AmazonClientException("Failed to resolve AWS credentials."));
    }

    /// <summary>As of a role whose token service does not answer: no deadline of ours reaches the SDK's wait for it.</summary>
    private sealed class SlowCredentials(bool isBlocking) : AWSCredentials, IDisposable
    {
        private readonly TaskCompletionSource _end = new();

        public bool IsSlow { get; set; }

        public void Dispose() => _end.TrySetResult();

        public override ImmutableCredentials GetCredentials()
        {
            if (IsSlow && isBlocking)
            {
                _end.Task.GetAwaiter().GetResult();
            }

            return TestCredentials.Value.GetCredentials();
        }

        public override async Task<ImmutableCredentials> GetCredentialsAsync()
        {
            await (IsSlow ? _end.Task : Task.CompletedTask);
            return GetCredentials();
        }
    }
}
