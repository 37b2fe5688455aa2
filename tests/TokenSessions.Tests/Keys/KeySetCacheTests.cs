using System.Security.Cryptography;
using TokenSessions.Tests.Validation;
using TokenSessions.Validation;
using TokenSessions.Validation.Jose;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Tests.Keys;

public sealed class KeySetCacheTests
{
    private static readonly VerificationKey OtherKey = NewKey();

    // What is promised, and not as the cache reckons.
    private static readonly TimeSpan CoolDown = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FetchTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan MaxAge = TimeSpan.FromHours(24);
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);

    private readonly FakeClock _clock = new();
    private readonly FakeKeySetSource _source = new(TestToken.Key);

    private static string KeyId => TestToken.Key.KeyId;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Fetches_nothing_before_it_is_asked_and_no_known_key_twice()
    {
        var cache = new KeySetCache(_source, _clock);
        Assert.Equal(0, _source.Fetches);
        Assert.Null(cache.Current);

        Assert.Same(TestToken.Key, (await cache.FindAsync(KeyId, Cancellation)).Key);
        _clock.Advance(CoolDown);
        Assert.Same(TestToken.Key, (await cache.FindAsync(KeyId, Cancellation)).Key);

        Assert.Equal(1, _source.Fetches);
    }

    [Fact]
    public async Task All_who_ask_at_once_share_one_fetch()
    {
        var source = new GatedKeySetSource();
        var cache = new KeySetCache(source, _clock);

        var lookups = Enumerable.Range(0, 50).Select(i => cache.FindAsync(i % 2 == 0 ? KeyId : "unknown", Cancellation).AsTask()).ToArray();
        var reload = cache.ReloadAsync(Cancellation);
        await source.IsAskedAsync();
        source.Answer(TestToken.Key);
        var found = await Task.WhenAll(lookups);

        Assert.Equal(1, source.Fetches);
        Assert.True((await reload).IsFetched);
        Assert.Equal(25, found.Count(lookup => lookup.Key == TestToken.Key));
        Assert.Equal(25, found.Count(lookup => lookup is { Key: null, Rejection: TokenRejection.KeyUnknown }));
    }

    [Fact]
    public async Task An_unknown_key_causes_no_fetch_within_10_seconds_whatever_its_name()
    {
        var cache = new KeySetCache(_source, _clock);
        await cache.FindAsync(KeyId, Cancellation);

        _clock.Advance(CoolDown - Tick);
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(TokenRejection.KeyUnknown, (await cache.FindAsync($"unknown-{i}", Cancellation)).Rejection);
        }

        Assert.Equal(1, _source.Fetches);

        _clock.Advance(Tick);
        Assert.Equal(TokenRejection.KeyUnknown, (await cache.FindAsync("unknown", Cancellation)).Rejection);
        Assert.Equal(2, _source.Fetches);
    }

    [Fact]
    public async Task A_new_key_is_found_within_the_same_request()
    {
        var cache = new KeySetCache(_source, _clock);
        await cache.FindAsync(KeyId, Cancellation);
        _source.Keys = new([TestToken.Key, OtherKey]);

        Assert.Null((await cache.FindAsync(OtherKey.KeyId, Cancellation)).Key);
        _clock.Advance(CoolDown);

        Assert.Same(OtherKey, (await cache.FindAsync(OtherKey.KeyId, Cancellation)).Key);
    }

    [Fact]
    public async Task An_unknown_key_is_our_trouble_when_the_last_fetch_failed_or_none_ever_succeeded()
    {
        var cache = new KeySetCache(_source, _clock);
        _source.IsDown = true;
        Assert.Equal(TokenRejection.KeysUnavailable, (await cache.FindAsync(KeyId, Cancellation)).Rejection);

        // The cool-down holds after failures too: nobody can make us hammer an issuer that is down.
        Assert.Equal(TokenRejection.KeysUnavailable, (await cache.FindAsync(KeyId, Cancellation)).Rejection);
        Assert.Equal(1, _source.Fetches);

        _source.IsDown = false;
        _clock.Advance(CoolDown);
        Assert.Equal(TokenRejection.KeyUnknown, (await cache.FindAsync("unknown", Cancellation)).Rejection);

        _source.IsDown = true;
        _clock.Advance(CoolDown);
        Assert.Equal(TokenRejection.KeysUnavailable, (await cache.FindAsync("unknown", Cancellation)).Rejection);
        Assert.Same(TestToken.Key, (await cache.FindAsync(KeyId, Cancellation)).Key);
    }

    [Fact]
    public async Task The_last_good_set_serves_for_24_hours_and_not_longer()
    {
        var cache = new KeySetCache(_source, _clock);
        await cache.ReloadAsync(Cancellation);
        _source.IsDown = true;

        _clock.Advance(MaxAge);
        Assert.False((await cache.ReloadAsync(Cancellation)).IsFetched);
        Assert.Same(TestToken.Key, (await cache.FindAsync(KeyId, Cancellation)).Key);

        _clock.Advance(Tick);
        Assert.Null(cache.Current);
        Assert.Equal(TokenRejection.KeysUnavailable, (await cache.FindAsync(KeyId, Cancellation)).Rejection);
    }

    [Fact]
    public async Task Age_is_the_larger_of_both_clocks()
    {
        var cache = new KeySetCache(_source, _clock);
        await cache.ReloadAsync(Cancellation);

        _clock.StepWallClock(-TimeSpan.FromHours(1));
        Assert.NotNull(cache.Current);
        _clock.StepWallClock(TimeSpan.FromHours(1) + MaxAge);
        Assert.NotNull(cache.Current);
        _clock.StepWallClock(Tick); // The machine slept: the monotonic clock may have stood still.
        Assert.Null(cache.Current);

        await cache.ReloadAsync(Cancellation);
        _clock.StepWallClock(-MaxAge);
        _clock.Advance(MaxAge + Tick); // Somebody set the wall clock back.
        Assert.Null(cache.Current);
    }

    [Fact]
    public async Task A_bundled_set_serves_a_cold_start_without_a_fetch()
    {
        var cache = new KeySetCache(_source, _clock, new([TestToken.Key]));
        _source.IsDown = true;

        Assert.Same(TestToken.Key, (await cache.FindAsync(KeyId, Cancellation)).Key);
        Assert.Equal(0, _source.Fetches);
        Assert.Equal(TokenRejection.KeysUnavailable, (await cache.FindAsync("unknown", Cancellation)).Rejection);
    }

    [Fact]
    public async Task One_callers_cancellation_ends_only_his_own_wait()
    {
        var source = new GatedKeySetSource();
        var cache = new KeySetCache(source, _clock);
        using var impatient = new CancellationTokenSource();

        var cancelled = cache.FindAsync(KeyId, impatient.Token).AsTask();
        var waiting = cache.FindAsync(KeyId, Cancellation).AsTask();
        await source.IsAskedAsync();
        await impatient.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.False(source.LastToken.IsCancellationRequested);
        source.Answer(TestToken.Key);
        Assert.Same(TestToken.Key, (await waiting).Key);
    }

    [Fact]
    public async Task A_fetch_is_given_up_after_5_seconds_by_the_clock_even_if_the_source_is_deaf()
    {
        var source = new GatedKeySetSource();
        var cache = new KeySetCache(source, _clock);
        var lookup = cache.FindAsync(KeyId, Cancellation).AsTask();
        await source.IsAskedAsync();

        _clock.Advance(FetchTimeout - Tick);
        Assert.False(source.LastToken.IsCancellationRequested);
        _clock.Advance(Tick);

        Assert.Equal(TokenRejection.KeysUnavailable, (await lookup).Rejection);
        Assert.True(source.LastToken.IsCancellationRequested);
        source.Answer(OtherKey); // Too late: nobody asked for this any more.
        Assert.Null(cache.Current);
    }

    [Fact]
    public async Task A_sources_own_mistake_reaches_the_caller_and_does_not_stick()
    {
        var source = new GatedKeySetSource();
        var cache = new KeySetCache(source, _clock);
        var first = cache.ReloadAsync(Cancellation);
        await source.IsAskedAsync();
        source.Fail(new InvalidOperationException("A mistake."));
        await Assert.ThrowsAsync<InvalidOperationException>(() => first);

        var second = cache.ReloadAsync(Cancellation);
        await source.IsAskedAsync();
        source.Answer(TestToken.Key);

        Assert.True((await second).IsFetched);
    }

    [Fact]
    public async Task A_reload_says_what_is_wrong()
    {
        var cache = new KeySetCache(_source, _clock);
        Assert.Equal(new(true, ""), await cache.ReloadAsync(Cancellation));

        _source.IsDown = true;
        Assert.Equal(new(false, "The key set is down."), await cache.ReloadAsync(Cancellation));

        _source.IsDown = false;
        _source.Keys = KeySet.Parse(KeySetDocument.Of(KeySetDocument.Jwk(TestToken.Key), "{}"));
        Assert.StartsWith("keys[1]: kid", (await cache.ReloadAsync(Cancellation)).Problem, StringComparison.Ordinal);
    }

    private static VerificationKey NewKey()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return VerificationKey.From(key, SignatureAlgorithm.ES256);
    }
}
