using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Stores;

/// <summary>The embedded store keeps the contract of all stores.</summary>
public sealed class JournalStoreContractTests : SessionStoreContract
{
    private readonly ScratchDirectory _scratch = new();
    private JournalStore? _store;

    private protected override ISessionStore Store => _store!;

    private protected override IDenylistFeed Feed => _store!;

    public override ValueTask InitializeAsync()
    {
        _store = JournalStore.Open(_scratch.Path, Time);
        return ValueTask.CompletedTask;
    }

    public override async ValueTask DisposeAsync()
    {
        await _store!.DisposeAsync();
        _scratch.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected override async Task ReopenAsync()
    {
        await _store!.DisposeAsync();
        _store = JournalStore.Open(_scratch.Path, Time);
    }
}
