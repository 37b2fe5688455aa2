using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Stores;

/// <summary>The store that the tests of regions use keeps the contract of all stores, so what they show holds for those.</summary>
public sealed class ReplicatedStoreContractTests : SessionStoreContract
{
    private ReplicatedTable? _table;

    private protected override ISessionStore Store => _table!.Regions[0];

    private protected override IDenylistFeed Feed => _table!.Regions[0];

    public override ValueTask InitializeAsync()
    {
        _table = new(Time, regions: 2);
        return ValueTask.CompletedTask;
    }

    public override ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    private protected override Task ReopenAsync() => Task.CompletedTask; // Nothing but memory.
}
