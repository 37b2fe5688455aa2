using TokenSessions.Aws.DynamoDb;
using TokenSessions.Tests;

namespace TokenSessions.Aws.Tests.DynamoDb;

/// <summary>Tests of which each has a new table, and a store on it.</summary>
public abstract class TableTests : IAsyncLifetime
{
    private TableUnderTest? _table;

    private protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>It begins at the full hour, and so with a bucket of the feed.</summary>
    private protected FakeClock Clock { get; } = new();

    private protected DateTimeOffset Now => Clock.GetUtcNow();

    private protected TableUnderTest Table => _table!;

    private protected DynamoDbStore Store { get; private set; } = null!;

    public virtual async ValueTask InitializeAsync()
    {
        _table = await TableUnderTest.CreateAsync(Clock);
        Store = _table.NewStore();
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return _table?.DisposeAsync() ?? default;
    }
}
