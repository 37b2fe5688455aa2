using TokenSessions.Aws.Keys;
using TokenSessions.Aws.Tests.Servers.Kms;
using TokenSessions.Issuing.Keys;
using TokenSessions.Tests;

namespace TokenSessions.Aws.Tests.Keys;

/// <summary>How often, how long and where KMS is called while it is slow, throttles or is down.</summary>
public sealed class KmsPolicyTests : IAsyncLifetime
{
    private const int FailuresToOpen = 5;

    private readonly FakeClock _clock = new();
    private TestKms _kms = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private int Signs => _kms.StandIn.Calls("Sign");

    public async ValueTask InitializeAsync() => _kms = await TestKms.StartAsync();

    public ValueTask DisposeAsync() => _kms.DisposeAsync();

    [Theory]
    [InlineData(nameof(KmsFault.Drop))]
    [InlineData(nameof(KmsFault.DropAnswer))]
    [InlineData(nameof(KmsFault.ServerError))]
    public async Task A_lone_region_is_asked_once_more_after_no_answer_or_5xx(string fault)
    {
        var key = await MakeAsync();
        _kms.StandIn.Faults = call => call.Ordinal == 1 ? Enum.Parse<KmsFault>(fault) : KmsFault.None;

        await key.SignedAsync();

        Assert.Equal(2, Signs);
        _kms.StandIn.ResetCalls();
        _kms.StandIn.Faults = _ => Enum.Parse<KmsFault>(fault);
        await key.FailsAsync();
        Assert.Equal(2, Signs);
    }

    [Fact]
    public async Task A_hanging_region_is_asked_once_more_after_the_attempt_time_out()
    {
        var key = await MakeAsync();
        _kms.StandIn.Faults = call => call.Ordinal == 1 ? KmsFault.Hang : KmsFault.None;

        var signing = key.SignedAsync();
        await SignsAsync(1);
        _clock.Advance(TimeSpan.FromSeconds(1) - TimeSpan.FromTicks(1));
        Assert.False(signing.IsCompleted);
        _clock.Advance(TimeSpan.FromTicks(1));

        await signing;
        Assert.Equal(2, Signs);
    }

    [Fact]
    public async Task A_kms_that_hangs_ends_in_unavailable_within_the_deadline()
    {
        var key = await MakeAsync();
        _kms.StandIn.Faults = _ => KmsFault.Hang;

        var signing = key.FailsAsync();
        await SignsAsync(1);
        _clock.Advance(TimeSpan.FromSeconds(1));
        await SignsAsync(2);
        _clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Contains("no answer of http://127.0.0.1", (await signing).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_third_of_calls_throttled_gives_good_signatures_or_unavailable_and_no_second_call()
    {
        var entry = await _kms.MakeAsync();
        var key = entry.Signs(_kms.Clients(_clock));
        _kms.StandIn.ResetCalls();
        _kms.StandIn.Faults = call => call.Ordinal % 10 < 3 ? KmsFault.Throttle : KmsFault.None;

        var (good, unavailable) = (0, 0);
        await Parallel.ForAsync(0, 300, new ParallelOptions { MaxDegreeOfParallelism = 20, CancellationToken = Cancel }, async (i, token) =>
        {
            try
            {
                var signature = await key.SignAsync("header.payload"u8.ToArray(), token);
                Assert.True(entry.VerificationKey!.Verify("header.payload"u8, signature));
                Interlocked.Increment(ref good);
            }
            catch (SigningKeyUnavailableException e)
            {
                Assert.Contains("throttles kms:Sign", e.Message, StringComparison.Ordinal);
                Interlocked.Increment(ref unavailable);
            }
        });

        Assert.Equal((210, 90, 300), (good, unavailable, Signs));
    }

    [Fact]
    public async Task After_five_failures_no_call_is_made_for_five_seconds_and_then_one_finds_out()
    {
        var key = await MakeAsync();
        _kms.StandIn.Faults = _ => KmsFault.ServerError;
        for (var i = 0; i < 3; i++)
        {
            await key.FailsAsync(); // Two calls each, as long as they are made.
        }

        Assert.Equal(FailuresToOpen, Signs);
        _clock.Advance(TimeSpan.FromSeconds(5) - TimeSpan.FromTicks(1));
        Assert.Contains("no call is made", (await key.FailsAsync()).Message, StringComparison.Ordinal);
        Assert.Equal(FailuresToOpen, Signs);

        _clock.Advance(TimeSpan.FromTicks(1));
        await key.FailsAsync(); // The probe fails, and it stays open for another five seconds.
        Assert.Equal(FailuresToOpen + 1, Signs);
        await key.FailsAsync();
        Assert.Equal(FailuresToOpen + 1, Signs);

        _clock.Advance(TimeSpan.FromSeconds(5));
        _kms.StandIn.Faults = null;
        await key.SignedAsync();
        await key.SignedAsync();
        Assert.Equal(FailuresToOpen + 3, Signs);
    }

    [Fact]
    public async Task Four_failures_and_a_success_leave_the_way_free()
    {
        var key = await MakeAsync();
        for (var round = 0; round < 3; round++)
        {
            _kms.StandIn.ResetCalls();
            _kms.StandIn.Faults = call => call.Ordinal <= 4 ? KmsFault.Drop : KmsFault.None;
            await key.FailsAsync();
            await key.FailsAsync();
            await key.SignedAsync();
            Assert.Equal(5, Signs);
        }
    }

    [Fact]
    public async Task Only_one_call_probes_and_one_that_gives_up_leaves_the_probe_to_the_next()
    {
        var key = await MakeAsync();
        _kms.StandIn.Faults = _ => KmsFault.ServerError;
        for (var i = 0; i < 3; i++)
        {
            await key.FailsAsync();
        }

        _clock.Advance(TimeSpan.FromSeconds(5));
        _kms.StandIn.ResetCalls();
        _kms.StandIn.Faults = call => call.Ordinal == 1 ? KmsFault.Hang : KmsFault.None;
        using var impatience = new CancellationTokenSource();
        var probe = key.SignedAsync(null, impatience.Token);
        await SignsAsync(1);

        await key.FailsAsync();
        Assert.Equal(1, Signs);
        await impatience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => probe);
        await key.SignedAsync();
        Assert.Equal(2, Signs);
    }

    [Fact]
    public async Task Callers_that_give_up_hurt_nobody_else()
    {
        var key = await MakeAsync();
        _kms.StandIn.Faults = call => call.Ordinal <= 10 ? KmsFault.Hang : KmsFault.None;
        using var impatience = new CancellationTokenSource();
        var leaving = Enumerable.Range(0, 10).Select(_ => key.SignedAsync(null, impatience.Token)).ToArray();
        await SignsAsync(10);
        var staying = Enumerable.Range(0, 10).Select(_ => key.SignedAsync()).ToArray();

        await impatience.CancelAsync();

        foreach (var one in leaving)
        {
            var cancelled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => one);
            Assert.Equal(impatience.Token, cancelled.CancellationToken);
        }

        await Task.WhenAll(staying);
        await key.SignedAsync(); // Ten in a row without an answer would else have stopped the calls.
        Assert.Equal(21, Signs);
    }

    [Fact]
    public async Task A_caller_that_has_given_up_before_calls_nobody()
    {
        var key = await MakeAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => key.SignedAsync(null, new CancellationToken(canceled: true)));

        Assert.Equal(0, Signs);
    }

    [Fact]
    public async Task Beyond_the_places_and_as_many_waiting_a_call_fails_at_once()
    {
        var key = await MakeAsync(new() { MaxConcurrency = 2 });
        _kms.StandIn.Faults = call => call.Ordinal <= 2 ? KmsFault.Hang : KmsFault.None;
        using var end = new CancellationTokenSource();
        var running = new[] { key.SignedAsync(null, end.Token), key.SignedAsync(null, end.Token) };
        await SignsAsync(2);
        var waiting = new[] { key.SignedAsync(), key.SignedAsync() };

        Assert.Contains("At most 2 calls run and as many wait", (await key.FailsAsync()).Message, StringComparison.Ordinal);
        Assert.DoesNotContain(waiting, one => one.IsCompleted);
        await end.CancelAsync();
        await Task.WhenAll(waiting);

        Assert.Equal(4, Signs);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll(running));
    }

    [Fact]
    public async Task Waiting_for_a_place_counts_against_the_deadline()
    {
        var key = await MakeAsync(new() { MaxConcurrency = 1, Timeout = TimeSpan.FromSeconds(3), AttemptTimeout = TimeSpan.FromSeconds(2) });
        _kms.StandIn.Faults = _ => KmsFault.Hang;
        var running = key.FailsAsync();
        await SignsAsync(1);
        var waiting = key.FailsAsync();

        _clock.Advance(TimeSpan.FromSeconds(2));
        await SignsAsync(2);
        _clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Contains("Gave up after 3 s", (await waiting).Message, StringComparison.Ordinal);
        await running;
    }

    [Fact]
    public async Task The_next_region_is_asked_while_one_is_down_and_soon_at_once()
    {
        var key = await MakeMultiRegionAsync();
        _kms.StandIn.RegionsDown = [TestKms.Region];

        for (var i = 0; i < 8; i++)
        {
            await key.SignedAsync();
        }

        Assert.Equal((FailuresToOpen, 8), (_kms.StandIn.Calls("Sign", TestKms.Region), _kms.StandIn.Calls("Sign", TestKms.NextRegion)));
        _kms.StandIn.RegionsDown = [];
        _clock.Advance(TimeSpan.FromSeconds(5));
        await key.SignedAsync();
        Assert.Equal(8, _kms.StandIn.Calls("Sign", TestKms.NextRegion));
    }

    [Theory]
    [InlineData(nameof(KmsFault.Throttle), 1)]
    [InlineData(nameof(KmsFault.ServerError), 1)]
    [InlineData(nameof(KmsFault.Drop), 1)]
    [InlineData(nameof(KmsFault.AccessDenied), 0)] // Somebody has to do something; another region would only hide that.
    [InlineData(nameof(KmsFault.WrongSignature), 0)]
    public async Task The_next_region_is_asked_after_throttling_and_failures_and_not_after_refusals(string fault, int inNextRegion)
    {
        var key = await MakeMultiRegionAsync();
        _kms.StandIn.Faults = call => call.Region == TestKms.Region ? Enum.Parse<KmsFault>(fault) : KmsFault.None;

        var signed = await Record.ExceptionAsync(() => key.SignedAsync());

        Assert.Equal(inNextRegion == 1, signed is null);
        Assert.Equal((1, inNextRegion), (_kms.StandIn.Calls("Sign", TestKms.Region), _kms.StandIn.Calls("Sign", TestKms.NextRegion)));
    }

    [Fact]
    public async Task All_regions_down_is_unavailable()
    {
        var key = await MakeMultiRegionAsync();
        _kms.StandIn.RegionsDown = [TestKms.Region, TestKms.NextRegion];

        Assert.Contains(TestKms.NextRegion, (await key.FailsAsync()).Message, StringComparison.Ordinal);

        Assert.Equal(2, Signs);
    }

    [Fact]
    public async Task Closed_clients_are_unavailable()
    {
        var clients = _kms.Clients();
        var key = (await _kms.MakeAsync()).Signs(clients);

        clients.Dispose();

        Assert.Contains("closed", (await key.FailsAsync()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 1, 1, "Timeout must be above 0")]
    [InlineData(61, 1, 1, "Timeout must be above 0 and at most 00:01:00")]
    [InlineData(3, 0, 1, "AttemptTimeout must be above 0")]
    [InlineData(3, 3, 1, "AttemptTimeout must be above 0 and less than Timeout")]
    [InlineData(3, 1, 0, "MaxConcurrency must be from 1 to 10000")]
    [InlineData(3, 1, 10_001, "MaxConcurrency must be from 1 to 10000")]
    public void Limits_out_of_range_are_refused(int timeout, int attempt, int places, string said)
    {
        var options = new KmsOptions
        {
            Timeout = TimeSpan.FromSeconds(timeout),
            AttemptTimeout = TimeSpan.FromSeconds(attempt),
            MaxConcurrency = places,
        };

        var refused = Assert.Throws<ArgumentException>(() => new KmsClients(options, _clock));

        Assert.Contains(said, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Frankfurt")]
    [InlineData("EU-WEST-1")]
    [InlineData("https://example.org")]
    public void A_region_that_can_be_none_is_refused(string region) =>
        Assert.Contains("Region must be the name", Assert.Single(new KmsOptions { Region = region }.Problems()), StringComparison.Ordinal);

    [Theory]
    [InlineData(60, 59, 10_000, null)]
    [InlineData(1, 0.001, 1, "eu-west-1")]
    public void Limits_at_the_edge_are_accepted(double timeout, double attempt, int places, string? region) => Assert.Empty(new KmsOptions
    {
        Timeout = TimeSpan.FromSeconds(timeout),
        AttemptTimeout = TimeSpan.FromSeconds(attempt),
        MaxConcurrency = places,
        Region = region,
    }.Problems());

    private async Task<KmsSigningKey> MakeAsync(KmsOptions? options = null)
    {
        var key = (await _kms.MakeAsync()).Signs(_kms.Clients(_clock, options));
        _kms.StandIn.ResetCalls();
        return key;
    }

    private async Task<KmsSigningKey> MakeMultiRegionAsync()
    {
        var key = (await _kms.MakeAsync(multiRegion: true)).Signs(_kms.Clients(_clock), TestKms.Region, TestKms.NextRegion);
        _kms.StandIn.ResetCalls();
        return key;
    }

    private async Task SignsAsync(int count)
    {
        while (Signs < count)
        {
            await Task.Delay(1, Cancel);
        }
    }
}
