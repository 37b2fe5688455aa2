using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TokenSessions.AspNetCore;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Service.Tests.Bearer;

/// <summary>Keys and denylist are kept up to date in the background, and the log hears of every change once.</summary>
public sealed class UpkeepTests
{
    private const int Ready = 1000;
    private const int Lost = 1001;
    private const int StillLost = 1002;
    private const int Regained = 1003;
    private const int Unforeseen = 1005;

    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task Keys_and_denylist_are_read_before_the_server_listens()
    {
        await using var api = await TestApi.StartAsync(builder => builder.AddTokenSessions());

        Assert.Equal(1, api.Keys.Fetches);
        Assert.Equal(
            ["The denylist is read and kept up to date. ", "The key set is read and kept up to date. "],
            api.Log.Of(Ready).Select(line => line.Text).Order());
    }

    [Fact]
    public async Task An_api_whose_issuer_is_down_starts_answers_503_and_says_why_once()
    {
        await using var api = await TestApi.StartAsync(
            builder => builder.AddTokenSessions(), prepare: (feed, keys) => feed.IsDown = keys.IsDown = true);

        Assert.Equal(503, (await api.GetWithAsync("/me", api.Token)).Status);
        Assert.Equal(
            ["The denylist cannot be read: The feed is down. ", "The key set cannot be read: The key set is down. "],
            api.Log.Of(Lost).Select(line => line.Text).Order());

        api.Feed.IsDown = api.Keys.IsDown = false;
        await TestApi.UntilAsync(async () =>
        {
            api.Clock.Advance(KeySetCache.CoolDown);
            return (await api.GetWithAsync("/me", api.Token)).Status == 200 && api.Log.Of(Regained).Count >= 2;
        });

        Assert.Empty(api.Log.Of(Ready)); // Regained says it.
    }

    [Fact]
    public async Task What_stays_lost_is_logged_again_every_5_minutes()
    {
        await using var api = await TestApi.StartAsync(builder => builder.AddTokenSessions());
        api.Feed.IsDown = true;
        await TestApi.UntilAsync(() =>
        {
            api.Clock.Advance(Poll);
            return Task.FromResult(api.Log.Of(Lost).Count == 1);
        });

        var lostAt = api.Clock.GetUtcNow();
        await TestApi.UntilAsync(() =>
        {
            api.Clock.Advance(Poll);
            return Task.FromResult(api.Log.Of(StillLost).Count == 1);
        });

        Assert.True(api.Clock.GetUtcNow() - lostAt >= TimeSpan.FromMinutes(5) - Poll, $"{api.Clock.GetUtcNow() - lostAt}");
        Assert.Single(api.Log.Of(Lost));
    }

    [Fact]
    public async Task The_start_does_not_wait_longer_than_5_seconds()
    {
        var feed = new HangingFeed();
        TestApi? started = null;
        var clock = new TokenSessions.Tests.FakeClock();
        var starting = Task.Run(async () => started = await TestApi.StartAsync(builder =>
        {
            builder.Services.AddSingleton<TimeProvider>(clock);
            builder.Services.AddSingleton<IDenylistFeed>(feed);
            builder.AddTokenSessions();
        }));
        await feed.IsAsked;

        clock.Advance(TimeSpan.FromSeconds(5) - TimeSpan.FromMilliseconds(1));
        await Task.WhenAny(starting, Task.Delay(50, TestContext.Current.CancellationToken));
        Assert.False(starting.IsCompleted);

        await TestApi.UntilAsync(() =>
        {
            clock.Advance(TimeSpan.FromMilliseconds(1)); // Again, in case the limit was not being waited for yet.
            return Task.FromResult(starting.IsCompleted);
        });
        await starting;
        Assert.Equal(503, (await started!.GetWithAsync("/me", started.Token)).Status);
        await started.DisposeAsync(); // Does not hang on the feed either.
    }

    [Fact]
    public async Task A_loop_outlives_a_mistake_of_a_feed_and_reports_it()
    {
        var feed = new BrokenFeed();
        await using var api = await TestApi.StartAsync(builder =>
        {
            builder.Services.AddSingleton<IDenylistFeed>(feed);
            builder.AddTokenSessions();
        });

        Assert.Contains("A mistake.", Assert.Single(api.Log.Of(Unforeseen)).Text, StringComparison.Ordinal);
        await TestApi.UntilAsync(() =>
        {
            api.Clock.Advance(Poll);
            return Task.FromResult(feed.Asked > 2);
        });
    }

    [Fact]
    public async Task Schemes_that_share_keys_and_denylist_share_their_upkeep()
    {
        await using var api = await TestApi.StartAsync(builder =>
        {
            builder.Services.AddSingleton(services => new KeySetCache(
                services.GetRequiredService<IKeySetSource>(), services.GetRequiredService<TimeProvider>()));
            builder.AddTokenSessions().AddTokenSessions("other", "TokenSessions", options => options.Audience = "other");
        });

        Assert.Equal(1, api.Keys.Fetches);
        Assert.Equal(200, (await api.GetWithAsync("/me", api.Token)).Status);
        Assert.Equal(401, (await api.GetWithAsync("/me", api.Token.With("aud", "other"))).Status);
    }

    [Fact]
    public async Task A_scheme_without_denylist_reads_none()
    {
        await using var api = await TestApi.StartAsync(
            builder => builder.AddTokenSessions(options => options.AcceptTokensWithoutDenylist = true),
            prepare: (feed, _) => feed.IsDown = true);

        Assert.Equal(200, (await api.GetWithAsync("/me", api.Token)).Status);
        Assert.DoesNotContain(api.Log.All, line => line.Level >= LogLevel.Error);
    }

    private sealed class HangingFeed : IDenylistFeed
    {
        private readonly TaskCompletionSource _asked = new();

        public Task IsAsked => _asked.Task;

        public async Task<DenylistChanges> ReadAsync(DateTimeOffset? since, CancellationToken cancellationToken)
        {
            _asked.TrySetResult();
            await Task.Delay(Timeout.Infinite, cancellationToken);
            throw new InvalidOperationException();
        }
    }

    private sealed class BrokenFeed : IDenylistFeed
    {
        public int Asked { get; private set; }

        public Task<DenylistChanges> ReadAsync(DateTimeOffset? since, CancellationToken cancellationToken)
        {
            Asked++;
            throw new InvalidOperationException("A mistake.");
        }
    }
}
