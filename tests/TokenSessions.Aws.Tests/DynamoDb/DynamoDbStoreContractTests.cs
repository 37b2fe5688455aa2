using TokenSessions.Issuing.Stores;
using TokenSessions.Tests.Stores;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Aws.Tests.DynamoDb;

/// <summary>The store in DynamoDB keeps the contract of all stores.</summary>
public sealed class DynamoDbStoreContractTests : SessionStoreContract
{
    private TableUnderTest? _table;
    private ISessionStore? _store;

    private protected override ISessionStore Store => _store!;

    private protected override IDenylistFeed Feed => _table!.NewFeed();

    public override async ValueTask InitializeAsync()
    {
        _table = await TableUnderTest.CreateAsync(Time);
        _store = _table.NewStore();
    }

    public override async ValueTask DisposeAsync()
    {
        if (_table is not null)
        {
            await _table.DisposeAsync();
        }

        GC.SuppressFinalize(this);
    }

    private protected override Task ReopenAsync()
    {
        _store = _table!.NewStore();
        return Task.CompletedTask;
    }
}
