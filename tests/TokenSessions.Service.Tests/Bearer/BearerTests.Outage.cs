using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Builder;
using TokenSessions.AspNetCore;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Service.Tests.Bearer;

public abstract partial class BearerTests
{
    private static readonly TimeSpan MaxStaleness = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);

    private static readonly Dictionary<string, string?> FiveMinutes = new()
    {
        ["TokenSessions:AcceptTokensWhileDenylistIsDown"] = "00:05:00",
    };

    [Fact]
    public async Task A_revocation_acts_with_the_next_poll()
    {
        await using var api = await StartAsync();
        Assert.Equal(200, (await api.GetWithAsync("/me", api.Token)).Status);

        api.Feed.Deny(RuleKind.Subject, "alice", watermark: 1);
        api.Clock.Advance(TimeSpan.FromSeconds(2));

        await TestApi.UntilAsync(async () => (await api.GetWithAsync("/me", api.Token)).Code == "token_revoked");
    }

    [Fact]
    public async Task Refuses_as_soon_as_the_denylist_is_staler_than_allowed()
    {
        await using var api = await StartAsync();
        api.Feed.IsDown = true;

        api.Clock.Advance(MaxStaleness);
        Assert.Equal(200, (await api.GetWithAsync("/me", api.Token)).Status);

        api.Clock.Advance(Tick);
        Assert.Equal(503, (await api.GetWithAsync("/me", api.Token)).Status);
    }

    [Fact]
    public async Task Accepts_on_a_stale_denylist_for_as_long_as_was_chosen()
    {
        await using var api = await StartAsync(settings: FiveMinutes);
        api.Feed.IsDown = true;

        api.Clock.Advance(MaxStaleness + TimeSpan.FromMinutes(5));
        Assert.Equal(200, (await api.GetWithAsync("/me", api.Token)).Status);

        api.Clock.Advance(Tick);
        Assert.Equal(503, (await api.GetWithAsync("/me", api.Token)).Status);
    }

    [Fact]
    public async Task An_outage_policy_never_covers_the_start()
    {
        await using var api = await StartAsync(settings: FiveMinutes, prepare: (feed, _) => feed.IsDown = true);

        Assert.Equal(503, (await api.GetWithAsync("/me", api.Token)).Status);
    }

    [Fact]
    public async Task An_endpoint_can_lower_the_outage_policy_and_never_raise_it()
    {
        await using var api = await StartAsync(
            app =>
            {
                var group = app.MapGroup("/group").AcceptTokensWhileDenylistIsDown(TimeSpan.FromMinutes(1)).RequireAuthorization();
                group.MapGet("/minute", () => "in");
                group.MapGet("/raised", () => "in").AcceptTokensWhileDenylistIsDown(TimeSpan.FromHours(1));
                group.MapGet("/never", () => "in").AcceptTokensWhileDenylistIsDown(TimeSpan.Zero);
                app.MapGet("/attribute", [AcceptTokensWhileDenylistIsDown(atMostSeconds: 0)] () => "in").RequireAuthorization();
                app.MapGet("/hour", () => "in").AcceptTokensWhileDenylistIsDown(TimeSpan.FromHours(1)).RequireAuthorization();
            },
            FiveMinutes);
        api.Feed.IsDown = true;
        async Task<string> AcceptingAsync()
        {
            var accepting = new List<string>();
            foreach (var path in (string[])["/group/minute", "/group/raised", "/group/never", "/attribute", "/hour", "/me"])
            {
                if ((await api.GetWithAsync(path, api.Token)).Status == 200)
                {
                    accepting.Add(path);
                }
            }

            return string.Join(' ', accepting);
        }

        api.Clock.Advance(MaxStaleness);
        Assert.Equal("/group/minute /group/raised /group/never /attribute /hour /me", await AcceptingAsync());

        api.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("/group/minute /group/raised /hour /me", await AcceptingAsync());

        api.Clock.Advance(Tick);
        Assert.Equal("/hour /me", await AcceptingAsync());

        api.Clock.Advance(TimeSpan.FromMinutes(4));
        Assert.Equal("", await AcceptingAsync());
    }

    [Fact]
    public async Task Accepting_on_a_stale_denylist_is_counted_and_logged_at_most_once_a_minute()
    {
        await using var api = await StartAsync(settings: FiveMinutes);
        var counted = new List<string?>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Name == "tokensessions.tokens.validated" && instrument.Meter.Scope == api.Meters)
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) => counted.Add(tags[0].Value as string));
        listener.Start();

        await api.GetWithAsync("/me", api.Token);
        api.Feed.IsDown = true;
        api.Clock.Advance(MaxStaleness + Tick);
        await api.GetWithAsync("/me", api.Token);
        await api.GetWithAsync("/me", api.Token);
        api.Clock.Advance(TimeSpan.FromMinutes(1) - Tick);
        await api.GetWithAsync("/me", api.Token);
        Assert.Single(api.Log.Of(1006));
        api.Clock.Advance(Tick);
        await api.GetWithAsync("/me", api.Token);

        Assert.Equal(
            ["Accepted", "AcceptedOnStaleDenylist", "AcceptedOnStaleDenylist", "AcceptedOnStaleDenylist", "AcceptedOnStaleDenylist"], counted);
        Assert.Equal(["1 ", "3 "], api.Log.Of(1006).Select(line => line.Text[..2]));
    }
}
