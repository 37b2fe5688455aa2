using System.Runtime.InteropServices;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Benchmarks.Denylist;

/// <summary>Rules of nobody, as many as are asked for, and a feed that has them at hand.</summary>
internal static class ManyRules
{
    private static readonly Random Random = new(1);

    public static readonly DenylistHead Head =
        new() { Window = TimeSpan.FromMinutes(66), LongestAccessTokenLifetime = TimeSpan.FromHours(1) };

    public static UInt128[] NewKeys(int count)
    {
        var keys = new UInt128[count];
        Random.NextBytes(MemoryMarshal.AsBytes(keys.AsSpan()));
        return keys;
    }

    public static DenylistRule[] New(int count)
    {
        var (keys, rules) = (NewKeys(count), new DenylistRule[count]);
        var stamp = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        for (var i = 0; i < count; i++) // No sequence made into an array: that leaves memory in a pool, which would be counted.
        {
            rules[i] = new(new(keys[i]), stamp - (i % 600_000), 0, false);
        }

        return rules;
    }

    /// <summary>A validator's denylist that has read so many.</summary>
    public static async Task<(Feed Feed, DenylistSync Sync)> SyncedAsync(int count)
    {
        var feed = new Feed { Rules = New(count) };
        var sync = new DenylistSync(feed, TimeProvider.System);
        await SyncAsync(sync);
        return (feed, sync);
    }

    /// <summary>A read that works, or the figures mean nothing.</summary>
    public static async Task SyncAsync(DenylistSync sync)
    {
        var outcome = await sync.SyncAsync();
        if (!outcome.IsComplete)
        {
            throw new InvalidOperationException(outcome.Problem);
        }
    }

    public static DenylistSnapshot Snapshot(DenylistSync sync) =>
        sync.TryGetSnapshot(out var snapshot, out _) ? snapshot : throw new InvalidOperationException("There is no snapshot.");

    /// <summary>Answers the same rules to everybody, until others are put in their place.</summary>
    public sealed class Feed : IDenylistFeed
    {
        public DenylistRule[] Rules { get; set; } = [];

        public TimeSpan Shift { get; set; }

        public Task<DenylistChanges> ReadAsync(DateTimeOffset? since, CancellationToken cancellationToken) =>
            Task.FromResult(new DenylistChanges(DateTimeOffset.UtcNow + Shift, Head, Rules, true));
    }
}
