using TokenSessions.Issuing.Feed;
using TokenSessions.Tests.Validation;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Tests.Denylist;

/// <summary>The whole way: a store, the service's sync, its signed feed, a host between, and a validator's sync.</summary>
public sealed class SignedFeedPathTests : IDisposable
{
    private static readonly TimeSpan MaxStaleness = TimeSpan.FromSeconds(30);

    private readonly FakeClock _clock = new();
    private readonly TimedFeed _store;
    private readonly DenylistSync _service;
    private readonly SignedFeed _published;
    private readonly FeedHost _host = new();
    private readonly HttpClient _http;
    private readonly DenylistSync _validator;
    private readonly FeedKey _first = new();
    private readonly FeedKey _second = new();
    private FeedKey _inUse;

    public SignedFeedPathTests()
    {
        _inUse = _first;
        _store = new(_clock);
        _service = new(_store, _clock);
        _published = new(_service, TimedFeed.Issuer, () => _inUse, _clock);
        _host.Answer = PublishAsync;
        _http = new(_host);
        var keys = new KeySetCache(new FakeKeySetSource(_first.VerificationKey, _second.VerificationKey), _clock);
        _validator = new(
            new HttpDenylistFeed(_http, new("https://issuer.example/denylist/"), TimedFeed.Issuer, keys, _clock, MaxStaleness), _clock);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _http.Dispose();

    [Fact]
    public async Task Gives_the_validator_what_the_service_knows_and_the_age_of_it()
    {
        _store.Add("outright");
        _store.Add("watermark", watermark: 7);
        _store.Add("standing", isStanding: true);
        await _service.SyncAsync(Token);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(new(true, ""), await _validator.SyncAsync(Token));

        var snapshot = Snapshot(out var age);
        Assert.Equal(TimeSpan.FromSeconds(1), age); // Since the service asked, not since we did.
        Assert.True(snapshot.Denies(TimedFeed.Key("outright")));
        Assert.True(snapshot.Denies(TimedFeed.Key("watermark"), seen: 6));
        Assert.False(snapshot.Denies(TimedFeed.Key("watermark"), seen: 7));
        Assert.True(snapshot.Denies(TimedFeed.Key("standing")));
        Assert.False(snapshot.Denies(TimedFeed.Key("nobody")));
        Assert.Equal(_store.Head, snapshot.Head);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2001)] // The validator polls just after the service does.
    [InlineData(2500)]
    [InlineData(3999)] // Just before.
    public async Task Makes_a_rule_act_within_the_bound_whatever_the_phase_of_the_two_loops(int phaseMilliseconds)
    {
        await _service.SyncAsync(Token);
        await _validator.SyncAsync(Token);
        _store.Add("revoked");
        var tick = TimeSpan.FromMilliseconds(1);
        var waited = TimeSpan.Zero;
        while (!Snapshot(out _).Denies(TimedFeed.Key("revoked")))
        {
            _clock.Advance(tick);
            waited += tick;
            Assert.True(waited < DenylistSync.SignedFeedBound, "The bound has passed.");
            if (_service.UntilDue == TimeSpan.Zero)
            {
                await _service.SyncAsync(Token);
            }

            if (waited.TotalMilliseconds >= phaseMilliseconds && _validator.UntilDue == TimeSpan.Zero)
            {
                await _validator.SyncAsync(Token);
            }
        }
    }

    [Fact]
    public async Task Lets_a_frozen_copy_grow_old()
    {
        await _service.SyncAsync(Token);
        var frozen = await PublishAsync("/denylist/snapshot");
        _host.Answer = _ => Task.FromResult(frozen);
        await _validator.SyncAsync(Token);
        _clock.Advance(MaxStaleness);
        Assert.True((await _validator.SyncAsync(Token)).IsComplete);
        Snapshot(out var age);
        Assert.Equal(MaxStaleness, age);

        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.False((await _validator.SyncAsync(Token)).IsComplete);
        Snapshot(out age);
        Assert.True(age > MaxStaleness);
    }

    [Fact]
    public async Task Lets_a_frozen_copy_grow_old_even_while_the_validators_wall_clock_is_set_back_again_and_again()
    {
        await _service.SyncAsync(Token);
        var frozen = await PublishAsync("/denylist/snapshot");
        _host.Answer = _ => Task.FromResult(frozen);
        await _validator.SyncAsync(Token);
        for (var i = 0; i < 20; i++)
        {
            _clock.Advance(TimeSpan.FromSeconds(2));
            _clock.StepWallClock(TimeSpan.FromSeconds(-2));
            await _validator.SyncAsync(Token);
        }

        Snapshot(out var age);
        Assert.Equal(TimeSpan.FromSeconds(40), age);
    }

    [Fact]
    public async Task Keeps_its_rules_when_the_host_rolls_back()
    {
        await _service.SyncAsync(Token);
        var before = await PublishAsync("/denylist/snapshot");
        _clock.Advance(TimeSpan.FromSeconds(2));
        _store.Add("revoked");
        await _service.SyncAsync(Token);
        await _validator.SyncAsync(Token);
        _host.Answer = _ => Task.FromResult(before);
        _clock.Advance(TimeSpan.FromSeconds(3));
        var outcome = await _validator.SyncAsync(Token);

        Assert.False(outcome.IsComplete);
        Assert.True(Snapshot(out var age).Denies(TimedFeed.Key("revoked")));
        Assert.Equal(TimeSpan.FromSeconds(3), age);
    }

    [Fact]
    public async Task Gets_the_whole_window_after_a_cursor_that_is_too_old_to_be_continued()
    {
        await Both();
        _store.Add("revoked meanwhile");
        await _service.SyncAsync(Token);
        for (var i = 0; i < 6; i++)
        {
            _clock.Advance(TimeSpan.FromMinutes(2.5) / 6);
            await _service.SyncAsync(Token);
        }

        await _validator.SyncAsync(Token);

        Assert.StartsWith("/denylist/changes?after=", _host.Asked[^1], StringComparison.Ordinal);
        Assert.True(Snapshot(out var age).Denies(TimedFeed.Key("revoked meanwhile")));
        Assert.Equal(TimeSpan.Zero, age);
    }

    [Fact]
    public async Task Goes_on_with_the_other_key_when_a_feed_key_is_revoked_and_refuses_the_thief()
    {
        await Both();
        var thief = await PublishAsync("/denylist/snapshot"); // Under the first key, and without the rule.
        _inUse = _second;
        _store.AddRule(RuleKey.For(TimedFeed.Issuer, RuleKind.Key, _first.KeyId), isStanding: true);
        _clock.Advance(TimeSpan.FromSeconds(2));
        await Both();
        _host.Answer = _ => Task.FromResult(thief);
        var outcome = await _validator.SyncAsync(Token);

        Assert.False(outcome.IsComplete);
        Assert.Contains("revoked", outcome.Problem, StringComparison.Ordinal);
        _host.Answer = PublishAsync;
        Assert.True((await _validator.SyncAsync(Token)).IsComplete);
    }

    [Fact]
    public async Task Says_what_failed_when_the_service_has_nothing_to_publish()
    {
        var outcome = await _validator.SyncAsync(Token);

        Assert.False(outcome.IsComplete);
        Assert.Contains("https://issuer.example/denylist/snapshot answered 404", outcome.Problem, StringComparison.Ordinal);
        Assert.False(_validator.TryGetSnapshot(out _, out _));
    }

    private async Task Both()
    {
        await _service.SyncAsync(Token);
        Assert.Equal(new(true, ""), await _validator.SyncAsync(Token));
    }

    private DenylistSnapshot Snapshot(out TimeSpan age) => _validator.TryGetSnapshot(out var snapshot, out age)
        ? snapshot
        : throw new InvalidOperationException("There is no snapshot.");

    private async Task<byte[]?> PublishAsync(string path)
    {
        var answer = path.StartsWith("/denylist/changes?after=", StringComparison.Ordinal)
            ? await _published.GetChangesAsync(path.Split('=')[1], Token)
            : await _published.GetSnapshotAsync(Token);
        return answer.Document?.ToArray();
    }
}
