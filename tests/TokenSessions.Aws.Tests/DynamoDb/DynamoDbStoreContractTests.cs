using Amazon.DynamoDBv2;
using TokenSessions.Aws.Tests.Servers.Faults;
using TokenSessions.Issuing.Stores;
using TokenSessions.Tests.Stores;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Aws.Tests.DynamoDb;

/// <summary>The store in DynamoDB keeps the contract of all stores.</summary>
public class DynamoDbStoreContractTests : SessionStoreContract
{
    private TableUnderTest? _table;
    private IAmazonDynamoDB? _client;
    private ISessionStore? _store;

    private protected override ISessionStore Store => _store!;

    private protected override IDenylistFeed Feed => Table.NewFeed(_client);

    private protected TableUnderTest Table => _table!;

    public override async ValueTask InitializeAsync()
    {
        _table = await TableUnderTest.CreateAsync(Time);
        _client = NewClient(_table);
        _store = _table.NewStore(_client);
    }

    public override async ValueTask DisposeAsync()
    {
        if (_table is not null)
        {
            await _table.DisposeAsync();
            _client!.Dispose();
        }

        GC.SuppressFinalize(this);
    }

    private protected virtual IAmazonDynamoDB NewClient(TableUnderTest table) => table.NewClient(new FaultyHandler());

    private protected override Task ReopenAsync()
    {
        _store = _table!.NewStore(_client);
        return Task.CompletedTask;
    }
}

/// <summary>It keeps the contract while requests and answers are lost, late, done twice, throttled and failed: the retries hide it.</summary>
public sealed class DynamoDbStoreUnderNetworkFaultsTests : DynamoDbStoreContractTests
{
    private protected override IAmazonDynamoDB NewClient(TableUnderTest table) => table.NewClient(
        new FaultyHandler
        {
            Decide = new RandomFaults(
                seed: 20261124, oneIn: 12, Fault.DropRequest, Fault.DropAnswer, Fault.Throttle, Fault.ServerError, Fault.Duplicate, Fault.Duplicate,
                Fault.Delay(TimeSpan.FromMilliseconds(30))).Decide,
        },
        RandomFaults.LongestRun);
}

/// <summary>It keeps the contract where reads that are not strong know nothing new: all its own are strong.</summary>
public sealed class DynamoDbStoreUnderStaleReadsTests : DynamoDbStoreContractTests
{
    // Validators may read what is old, and look again: what they find is not the store's contract.
    private protected override IDenylistFeed Feed => Table.NewFeed();

    private protected override IAmazonDynamoDB NewClient(TableUnderTest table) =>
        table.NewClient(new FaultyHandler { RemembersReads = true, Decide = _ => Fault.StaleRead });
}

/// <summary>It keeps the contract while batches are answered in part and pages are cut and empty.</summary>
public sealed class DynamoDbStoreUnderPartialAnswersTests : DynamoDbStoreContractTests
{
    private protected override IAmazonDynamoDB NewClient(TableUnderTest table) => table.NewClient(new FaultyHandler
    {
        Decide = new RandomFaults(
            seed: 7, oneIn: 2, Fault.Unprocessed(0), Fault.Unprocessed(1), Fault.EmptyPage, Fault.PageCut(1), Fault.PageCut(3), Fault.Duplicate).Decide,
    });
}

/// <summary>It keeps the contract where the endpoint does not tell what stands when a condition fails, as dynalite does not.</summary>
public sealed class DynamoDbStoreWithoutOldItemsTests : DynamoDbStoreContractTests
{
    private protected override IAmazonDynamoDB NewClient(TableUnderTest table) => table.NewClient(new FaultyHandler(), retries: 0, new NoOldItems());

    private sealed class NoOldItems : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var answer = await base.SendAsync(request, cancellationToken);
            if (answer.IsSuccessStatusCode)
            {
                return answer;
            }

            var body = System.Text.Json.Nodes.JsonNode.Parse(await answer.Content.ReadAsStringAsync(cancellationToken))!.AsObject();
            body.Remove("Item");
            answer.Headers.Remove("x-amz-crc32");
            answer.Content = new StringContent(body.ToJsonString(), System.Text.Encoding.UTF8, "application/x-amz-json-1.0");
            return answer;
        }
    }
}
