using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Denylist;

/// <summary>Memory belongs to the whole process: nothing else may run while it is looked at.</summary>
[CollectionDefinition(nameof(DenylistMemoryTests), DisableParallelization = true)]
[Collection(nameof(DenylistMemoryTests))]
public sealed class DenylistMemoryTests
{
    private const int Count = 500_000;

    private readonly FakeClock _clock = new();

    [Fact]
    public async Task Rules_that_deny_outright_take_at_most_24_bytes_each()
    {
        var stamp = _clock.GetUtcNow().ToUnixTimeMilliseconds();
        var random = new Random(24);
        var feed = new Feed(_clock)
        {
            Rules = [.. Enumerable.Range(0, Count).Select(i => new DenylistRule(NextKey(random), stamp - i, 0, false))],
        };
        var sync = new DenylistSync(feed, _clock);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await sync.SyncAsync(TestContext.Current.CancellationToken);
        var after = GC.GetTotalMemory(forceFullCollection: true);

        Assert.True(sync.TryGetSnapshot(out var snapshot, out _));
        Assert.Equal(Count, snapshot.Rules.Count);
        Assert.InRange((double)(after - before) / Count, 16, 24);
        Assert.Equal(Count, feed.Rules.Length); // So that it is still there at the end.
    }

    [Theory]
    [InlineData(0)] // A poll without news.
    [InlineData(Count)] // A re-read of everything.
    public async Task A_poll_that_brings_nothing_new_copies_nothing(int reread)
    {
        var stamp = _clock.GetUtcNow().ToUnixTimeMilliseconds();
        var random = new Random(0);
        DenylistRule[] rules = [.. Enumerable.Range(0, Count).Select(i => new DenylistRule(NextKey(random), stamp - i, 0, false))];
        var feed = new Feed(_clock) { Rules = rules };
        var sync = new DenylistSync(feed, _clock);
        await sync.SyncAsync(TestContext.Current.CancellationToken);
        feed.Rules = rules[..reread];
        _clock.Advance(TimeSpan.FromMinutes(5));
        var before = GC.GetTotalAllocatedBytes(precise: true);
        await sync.SyncAsync(TestContext.Current.CancellationToken);

        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 100_000);
    }

    [Fact]
    public async Task A_poll_with_one_change_copies_only_what_changed_of_late()
    {
        var stamp = _clock.GetUtcNow().ToUnixTimeMilliseconds();
        var random = new Random(1);
        var feed = new Feed(_clock)
        {
            Rules = [.. Enumerable.Range(0, Count).Select(_ => new DenylistRule(NextKey(random), stamp, 0, false))],
        };
        var sync = new DenylistSync(feed, _clock);
        await sync.SyncAsync(TestContext.Current.CancellationToken);
        feed.Rules = [new(NextKey(random), stamp, 0, false)];
        var before = GC.GetTotalAllocatedBytes(precise: true);
        await sync.SyncAsync(TestContext.Current.CancellationToken);

        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 100_000);
    }

    private static RuleKey NextKey(Random random) => new(new UInt128((ulong)random.NextInt64(), (ulong)random.NextInt64()));

    private sealed class Feed(TimeProvider time) : IDenylistFeed
    {
        private static readonly DenylistHead Head =
            new() { Window = TimeSpan.FromMinutes(16), LongestAccessTokenLifetime = TimeSpan.FromMinutes(10) };

        public DenylistRule[] Rules { get; set; } = [];

        public Task<DenylistChanges> ReadAsync(DateTimeOffset? since, CancellationToken cancellationToken) =>
            Task.FromResult(new DenylistChanges(time.GetUtcNow(), Head, Rules, IsWholeWindow: true));
    }
}
