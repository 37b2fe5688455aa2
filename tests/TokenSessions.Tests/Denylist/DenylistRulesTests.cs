using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Denylist;

/// <summary>The rules in memory, held to a dictionary that does the same the obvious way.</summary>
public sealed class DenylistRulesTests
{
    private static readonly TimeSpan KeptBeyondWindow = TimeSpan.FromMinutes(3);

    private readonly FakeClock _clock = new();
    private readonly ListFeed _feed;
    private readonly DenylistSync _sync;

    public DenylistRulesTests()
    {
        _feed = new(_clock);
        _sync = new(_feed, _clock);
    }

    private long Now => _clock.GetUtcNow().ToUnixTimeMilliseconds();

    [Theory]
    [InlineData(1, 12)] // Few keys, so that most answers say something of a known one.
    [InlineData(2, 300)]
    [InlineData(3, 20_000)] // Enough that what is new is folded in now and then.
    [InlineData(4, 20_000)]
    public async Task Are_after_any_polls_what_a_dictionary_would_hold(int seed, int keyCount)
    {
        var random = new Random(seed);
        RuleKey[] keys = [.. Enumerable.Range(0, keyCount).Select(_ => NextKey(random))];
        Dictionary<RuleKey, DenylistRule> model = [];
        for (var poll = 0; poll < 60; poll++)
        {
            // Aged rules leave at re-reads alone: the next after 5 minutes, and none after a millisecond.
            _clock.Advance(random.Next(3) == 0 ? TimeSpan.FromMinutes(5) : TimeSpan.FromMilliseconds(1));
            _feed.Rules = NextRules(random, keys, poll);
            await _sync.SyncAsync(TestContext.Current.CancellationToken);
            Merge(model, _feed.Rules, dropsAged: _feed.AskedFor is null);
            AssertSame(model, keys, NextKey(random));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(1_023)]
    [InlineData(1_024)]
    [InlineData(1_025)]
    [InlineData(70_000)]
    public async Task Are_all_found_however_many_and_whether_they_come_at_once_or_later(int count)
    {
        var random = new Random(count);
        DenylistRule[] rules = [.. Enumerable.Range(0, count).Select(_ => new DenylistRule(NextKey(random), Now, 0, false))];
        var later = new DenylistSync(_feed, _clock);
        await later.SyncAsync(TestContext.Current.CancellationToken);
        _feed.Rules = rules;
        await _sync.SyncAsync(TestContext.Current.CancellationToken);
        await later.SyncAsync(TestContext.Current.CancellationToken);

        foreach (var snapshot in new[] { Snapshot(_sync), Snapshot(later) })
        {
            Assert.Equal(count, snapshot.Rules.Count);
            Assert.Equal(count, snapshot.Rules.Distinct().Count());
            Assert.All(rules, rule => Assert.True(snapshot.Denies(rule.Key)));
            Assert.All(rules, rule => Assert.False(snapshot.Denies(NextKey(random))));
        }
    }

    [Theory]
    [InlineData(1_024)]
    [InlineData(1_025)]
    public async Task Are_all_found_when_few_came_after_many_and_then_one_more(int few)
    {
        var random = new Random(few);
        DenylistRule[] rules = [.. Enumerable.Range(0, 5_000 + few + 1).Select(_ => new DenylistRule(NextKey(random), Now, 0, false))];
        foreach (var count in new[] { 5_000, 5_000 + few, 5_000 + few + 1 })
        {
            _feed.Rules = rules[..count];
            await _sync.SyncAsync(TestContext.Current.CancellationToken);

            Assert.Equal(count, Snapshot(_sync).Rules.Count);
            Assert.Equal(count, Snapshot(_sync).Rules.Distinct().Count());
            Assert.All(rules[..count], rule => Assert.True(Snapshot(_sync).Denies(rule.Key)));
            Assert.All(rules[count..], rule => Assert.False(Snapshot(_sync).Denies(rule.Key)));
        }
    }

    [Fact]
    public async Task Are_told_apart_where_their_keys_have_one_half_or_all_but_one_bit_in_common()
    {
        var bits = Enumerable.Range(0, 128).Select(bit => new RuleKey(UInt128.One << bit));
        var upper = Enumerable.Range(1, 500).Select(i => new RuleKey(new UInt128(7, (ulong)i)));
        var lower = Enumerable.Range(1, 500).Select(i => new RuleKey(new UInt128((ulong)i, 0)));
        RuleKey[] keys = [new(0), new(UInt128.MaxValue), .. bits.Concat(upper).Concat(lower).Distinct()];
        _feed.Rules = [.. keys.Where((_, i) => i % 2 == 0).Select(key => new DenylistRule(key, Now, 0, false))];
        await _sync.SyncAsync(TestContext.Current.CancellationToken);

        Assert.All(keys, (key, i) => Assert.Equal(i % 2 == 0, Snapshot(_sync).Denies(key)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(int.MaxValue)]
    [InlineData(int.MaxValue + 1L)] // Beyond what a stamp has bits for.
    [InlineData(uint.MaxValue + 1L)]
    [InlineData(100L * 365 * 24 * 60 * 60 * 1000)]
    public async Task Keep_their_stamps_to_the_millisecond_however_far_apart(long apart)
    {
        _feed.Rules =
        [
            new(new(1), Now, 0, false), new(new(2), Now + apart, 0, false), new(new(3), Now + apart, 5, false), new(new(4), 0, 0, true),
        ];
        await _sync.SyncAsync(TestContext.Current.CancellationToken);

        Assert.Equal(_feed.Rules.ToHashSet(), Snapshot(_sync).Rules.ToHashSet());
    }

    private static DenylistSnapshot Snapshot(DenylistSync sync) =>
        sync.TryGetSnapshot(out var snapshot, out _) ? snapshot : throw new InvalidOperationException("There is no snapshot.");

    private static RuleKey NextKey(Random random) => new(new UInt128((ulong)random.NextInt64(), (ulong)random.NextInt64()));

    /// <summary>First many, then few and many by turns; of new and known keys, young and old, and now and then one twice.</summary>
    private DenylistRule[] NextRules(Random random, RuleKey[] keys, int poll)
    {
        var count = poll == 0 ? keys.Length / 2 : random.Next(4) == 0 ? random.Next(keys.Length / 4) : random.Next(4);
        return [.. Enumerable.Range(0, count).Select(_ => new DenylistRule(
            keys[random.Next(keys.Length)],
            Now - random.Next(25 * 60 * 1000),
            random.Next(10) == 0 ? random.Next(1, 5) : 0,
            random.Next(50) == 0))];
    }

    private void Merge(Dictionary<RuleKey, DenylistRule> model, IEnumerable<DenylistRule> read, bool dropsAged)
    {
        var keptFrom = Now - (long)(_feed.Head.Window + KeptBeyondWindow).TotalMilliseconds;
        foreach (var rule in read.Where(rule => rule.IsStanding || rule.StampedAt >= keptFrom))
        {
            var known = model.GetValueOrDefault(rule.Key, rule);
            model[rule.Key] = new(
                rule.Key,
                Math.Max(known.StampedAt, rule.StampedAt),
                Math.Max(known.Watermark, rule.Watermark),
                known.IsStanding || rule.IsStanding);
        }

        foreach (var rule in model.Values.Where(rule => dropsAged && !rule.IsStanding && rule.StampedAt < keptFrom).ToArray())
        {
            model.Remove(rule.Key);
        }
    }

    private void AssertSame(Dictionary<RuleKey, DenylistRule> model, RuleKey[] keys, RuleKey nobody)
    {
        var snapshot = Snapshot(_sync);
        Assert.Equal(model.Count, snapshot.Rules.Count);
        Assert.Equal(model.Values.ToHashSet(), snapshot.Rules.ToHashSet());
        foreach (var key in keys.Append(nobody))
        {
            var isKnown = model.TryGetValue(key, out var rule);
            if (isKnown != snapshot.Denies(key)
                || (isKnown && rule.Watermark > 0) != snapshot.Denies(key, 0)
                || (isKnown && rule.Watermark > 2) != snapshot.Denies(key, 2))
            {
                Assert.Fail($"{key} is answered differently than by {rule}.");
            }
        }
    }

    /// <summary>A feed that answers everything with the same list.</summary>
    private sealed class ListFeed(TimeProvider time) : IDenylistFeed
    {
        public DenylistHead Head { get; } = new()
        {
            Window = TimeSpan.FromMinutes(16),
            LongestAccessTokenLifetime = TimeSpan.FromMinutes(10),
        };

        public IReadOnlyList<DenylistRule> Rules { get; set; } = [];

        /// <summary>From when on rules were asked for last; null if the whole window was.</summary>
        public DateTimeOffset? AskedFor { get; private set; }

        public Task<DenylistChanges> ReadAsync(DateTimeOffset? since, CancellationToken cancellationToken)
        {
            AskedFor = since;
            return Task.FromResult(new DenylistChanges(time.GetUtcNow(), Head, Rules, since is null));
        }
    }
}
