using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Denylist;

public sealed class DenylistSyncTests
{
    private readonly FakeClock _clock = new();
    private readonly TimedFeed _feed;
    private readonly DenylistSync _sync;

    public DenylistSyncTests()
    {
        _feed = new(_clock);
        _sync = new(_feed, _clock);
    }

    private DateTimeOffset Now => _clock.GetUtcNow();

    [Fact]
    public async Task Gives_no_snapshot_before_the_first_complete_sync()
    {
        _feed.IsDown = true;
        var failed = await Sync();

        Assert.False(failed.IsComplete);
        Assert.Equal("The feed is down.", failed.Problem);
        Assert.False(_sync.TryGetSnapshot(out _, out _));

        _feed.IsDown = false;
        Assert.True((await Sync()).IsComplete);

        Assert.True(_sync.TryGetSnapshot(out var snapshot, out var age));
        Assert.Equal((Now, TimeSpan.Zero), (snapshot.AsOf, age));
    }

    [Fact]
    public async Task Takes_no_part_of_the_window_for_the_whole()
    {
        _feed.AnswersPartsOnly = true;
        var outcome = await Sync();

        Assert.False(outcome.IsComplete);
        Assert.Contains("part", outcome.Problem, StringComparison.Ordinal);
        Assert.False(_sync.TryGetSnapshot(out _, out _));
    }

    [Theory]
    [InlineData(10, true)]
    [InlineData(9, false)] // Rules would leave the feed before the tokens they deny expire.
    [InlineData(0, false)]
    [InlineData(5_270_400, true)] // 3660 days.
    [InlineData(5_270_401, false)]
    [InlineData(15_372_286_728, false)] // No date is so long ago.
    public async Task Believes_no_head_that_keeps_rules_for_less_time_than_tokens_live_or_for_more_than_10_years(long windowMinutes, bool isUsable)
    {
        _feed.Head = _feed.Head with { Window = TimeSpan.FromMinutes(windowMinutes) };

        Assert.Equal(isUsable, (await Sync()).IsComplete);
        Assert.Equal(isUsable, _sync.TryGetSnapshot(out _, out _));
    }

    [Theory]
    [InlineData(64, 4, 3660, true)]
    [InlineData(65, 4, 3660, false)]
    [InlineData(0, 4, 3660, false)]
    [InlineData(64, 5, 3660, false)]
    [InlineData(64, 0, 3660, false)]
    [InlineData(64, 4, 3661, false)]
    [InlineData(64, 4, -1, false)]
    public async Task Believes_no_head_that_no_store_takes(int shards, int regions, int refreshDays, bool isUsable)
    {
        _feed.Head = _feed.Head with { Shards = shards, Regions = regions, LongestRefreshLife = TimeSpan.FromDays(refreshDays) };

        Assert.Equal(isUsable, (await Sync()).IsComplete);
        Assert.Equal(isUsable, _sync.TryGetSnapshot(out _, out _));
    }

    [Fact]
    public async Task Polls_with_an_overlap_of_30_seconds_and_reads_3_minutes_again_every_30_seconds_and_all_every_5_minutes()
    {
        for (var second = 0; second <= 602; second += 2)
        {
            await Sync();
            _clock.Advance(TimeSpan.FromSeconds(2));
        }

        var expected = new List<DateTimeOffset?>();
        for (var second = 0; second <= 602; second += 2)
        {
            DateTimeOffset? lastAsOf = second == 0 ? null : new FakeClock().GetUtcNow() + TimeSpan.FromSeconds(second - 2);
            expected.Add(second % 30 == 0 ? lastAsOf - TimeSpan.FromSeconds(28) - TimeSpan.FromMinutes(3) // From the last re-read on.
                : lastAsOf - TimeSpan.FromSeconds(30));
            if (second > 0 && second % 300 == 0)
            {
                expected.Add(null); // Beside the poll.
            }
        }

        Assert.Equal(expected, _feed.Asked);
    }

    [Theory]
    [InlineData(30, 2)] // Inside the overlap: the next poll.
    [InlineData(31, 30)]
    [InlineData(160, 30)] // The latest for which a short time is promised.
    [InlineData(240, 302)] // Only the whole window has it, and the poll after its re-read takes it up.
    public async Task Finds_a_late_arrival_whenever_it_was_stamped(int secondsLate, int foundWithinSeconds)
    {
        for (var phase = 0; phase < 32; phase += 2)
        {
            await new DenylistSyncTests().FindAsync(phase, secondsLate, foundWithinSeconds);
        }
    }

    private async Task FindAsync(int phase, int secondsLate, int foundWithinSeconds)
    {
        await Sync();
        for (var waited = 0; waited < phase; waited += 2)
        {
            await Step();
        }

        var stampedAt = Now;
        for (var waited = 0; waited < secondsLate / 2 * 2; waited += 2)
        {
            await Step();
        }

        _feed.Add("late", stampedAt);
        var found = 0;
        while (!Denies("late"))
        {
            await Step();
            found += 2;
            Assert.True(found <= 600, "It was never found.");
        }

        Assert.InRange(found, 2, foundWithinSeconds);
    }

    [Fact]
    public async Task Asks_from_the_last_complete_poll_on_after_the_feed_was_down()
    {
        await Sync();
        var complete = Now;
        _feed.IsDown = true;
        for (var i = 0; i < 12; i++)
        {
            await Step();
        }

        _feed.Add("meanwhile", complete + TimeSpan.FromSeconds(1));
        _feed.IsDown = false;
        await Step();

        Assert.Equal(complete - TimeSpan.FromSeconds(30), _feed.Asked[^1]);
        Assert.True(Denies("meanwhile"));
        Assert.True(_sync.TryGetSnapshot(out _, out var age));
        Assert.Equal(TimeSpan.Zero, age);
    }

    [Fact]
    public async Task Reads_the_whole_window_beside_the_polls_and_tries_it_again_after_30_seconds()
    {
        await Sync();
        _clock.Advance(TimeSpan.FromMinutes(5) - TimeSpan.FromMilliseconds(1));
        await Sync();
        Assert.NotNull(_feed.Asked[^1]);

        _feed.FurthestBack = TimeSpan.FromMinutes(10); // Enough for every poll.
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(new(true, ""), await Sync());
        Assert.Null(_feed.Asked[^1]); // After the newest.
        var failed = _feed.Asked.Count;

        _feed.FurthestBack = TimeSpan.MaxValue;
        _feed.Add("late", Now - TimeSpan.FromMinutes(10));
        var outcome = await Sync();
        Assert.True(outcome.IsComplete);
        Assert.Equal("The whole window was not read again. The feed is down.", outcome.Problem);
        _clock.Advance(TimeSpan.FromSeconds(30) - TimeSpan.FromMilliseconds(1));
        await Sync();
        Assert.DoesNotContain(null, _feed.Asked[failed..]);

        _clock.Advance(TimeSpan.FromMilliseconds(1));
        await Sync();
        Assert.Null(_feed.Asked[^1]);
        Assert.False(Denies("late"));
        Assert.Equal(new(true, ""), await Sync());
        Assert.True(Denies("late"));
    }

    [Theory]
    [InlineData(20_000, true)]
    [InlineData(20_001, false)]
    public async Task Gives_the_whole_window_20_seconds_while_the_polls_go_on(int milliseconds, bool isTaken)
    {
        await Sync();
        _clock.Advance(TimeSpan.FromMinutes(5));
        _feed.Add("late", Now - TimeSpan.FromMinutes(10));
        _feed.HoldWhole = new();
        await Sync();
        var (sent, read) = (Now, _feed.LastRead);
        while (Now < sent + TimeSpan.FromSeconds(18))
        {
            Assert.True((await Step()).IsComplete);
            Assert.Equal(TimeSpan.Zero, Age());
        }

        _clock.Advance(sent + TimeSpan.FromMilliseconds(milliseconds) - Now);
        if (isTaken)
        {
            _feed.HoldWhole.SetResult();
            await read;
        }

        var outcome = await Sync();

        Assert.Equal(new(true, isTaken ? "" : "The whole window was not read again within 20 s."), outcome);
        Assert.Equal(isTaken, Denies("late"));
    }

    [Fact]
    public async Task Takes_no_part_of_the_window_for_the_whole_beside_the_polls_either()
    {
        await Sync();
        _clock.Advance(TimeSpan.FromMinutes(5));
        _feed.AnswersPartsOnly = true;
        await Sync();

        Assert.Equal(new(true, "The feed was asked for the whole window and answered with a part of it."), await Sync());
    }

    [Fact]
    public async Task Between_regions_nothing_is_fresh_once_the_whole_window_was_read_6_minutes_ago()
    {
        _feed.Head = _feed.Head with { Regions = 2 };
        await Sync();
        _feed.FurthestBack = TimeSpan.FromMinutes(10);
        for (var second = 2; second <= 360; second += 2)
        {
            Assert.True((await Step()).IsComplete);
            Assert.Equal(TimeSpan.Zero, Age());
        }

        _feed.Add("new");
        Assert.False((await Step()).IsComplete);
        Assert.Equal(TimeSpan.FromSeconds(2), Age());
        Assert.True(Denies("new"));

        _feed.FurthestBack = TimeSpan.MaxValue;
        await Step(); // It is tried again beside each poll,
        Assert.Null(_feed.Asked[^1]);
        Assert.True((await Step()).IsComplete); // and the next takes it up.
        Assert.Equal(TimeSpan.Zero, Age());
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    public async Task Between_regions_a_sync_that_slept_for_more_than_6_minutes_reads_the_whole_window_at_once(int regions, bool isWhole)
    {
        _feed.Head = _feed.Head with { Regions = regions };
        await Sync();
        _clock.Advance(TimeSpan.FromMinutes(6) + TimeSpan.FromMilliseconds(1));

        Assert.True((await Sync()).IsComplete);

        Assert.Equal(isWhole, _feed.Asked[1] is null);
        Assert.Equal(TimeSpan.Zero, Age());
    }

    [Fact]
    public async Task Between_regions_a_failed_reread_of_the_3_minutes_takes_turns_with_the_newest()
    {
        _feed.Head = _feed.Head with { Regions = 2 };
        await Sync();
        var complete = Now;
        _clock.Advance(TimeSpan.FromSeconds(30));
        _feed.IsDown = true;
        await Sync();
        await Step();
        _feed.Add("late, from another region", complete - TimeSpan.FromSeconds(170));

        _feed.IsDown = false;
        await Step();

        var again = complete - TimeSpan.FromMinutes(3);
        Assert.Equal([again, complete - TimeSpan.FromSeconds(30), again], _feed.Asked[1..]);
        Assert.True(Denies("late, from another region"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_newest_are_read_however_long_the_rereads_fail(bool isBetweenRegions)
    {
        _feed.Head = _feed.Head with { Regions = isBetweenRegions ? 2 : 1 };
        await Sync();
        _feed.FurthestBack = TimeSpan.FromMinutes(2); // As throttling would have it.
        for (var i = 0; i < 40; i++)
        {
            _feed.Add($"new {i}");
            await Step();
            await Step();
            Assert.True(Denies($"new {i}"));
        }

        Assert.True(_sync.TryGetSnapshot(out _, out var age));
        Assert.Equal(isBetweenRegions, age > TimeSpan.FromMinutes(2)); // What is late is looked for there alone.
    }

    [Fact]
    public async Task Between_regions_nothing_is_fresh_once_the_reread_of_the_3_minutes_is_overdue()
    {
        _feed.Head = _feed.Head with { Regions = 2 };
        await Sync();
        _clock.Advance(TimeSpan.FromSeconds(30));
        await TakeTooLongAsync();
        _feed.Add("new");
        Assert.True((await Sync()).IsComplete); // 35 s after the last re-read.
        Assert.True(Denies("new"));

        await Step(); // And then it is tried again.
        Assert.Equal(TimeSpan.Zero, Age());
        _clock.Advance(TimeSpan.FromSeconds(31));
        await TakeTooLongAsync();
        _feed.Add("newer");

        Assert.False((await Sync()).IsComplete); // 36 s after it.

        Assert.True(Denies("newer"));
        Assert.Equal((TimeSpan.FromSeconds(36), Now - TimeSpan.FromSeconds(36)), (Age(), Snapshot().AsOf));
        Assert.True((await Step()).IsComplete);
        Assert.Equal(TimeSpan.Zero, Age());
    }

    [Fact]
    public async Task In_one_region_a_reread_that_takes_too_long_is_tried_again_after_30_seconds_and_holds_nothing_up()
    {
        await Sync();
        _clock.Advance(TimeSpan.FromSeconds(30));
        await TakeTooLongAsync();
        for (var second = 35; second <= 60; second += 1)
        {
            Assert.True((await Sync()).IsComplete);
            Assert.Equal(TimeSpan.Zero, Age());
            Assert.Equal(second == 60, Now - _feed.Asked[^1] > TimeSpan.FromMinutes(3));
            _clock.Advance(TimeSpan.FromSeconds(1));
        }
    }

    [Fact]
    public async Task Counts_a_whole_window_that_was_not_asked_for()
    {
        _feed.AnswersWholeAlways = true;
        await Sync();
        _clock.Advance(TimeSpan.FromMinutes(4));
        await Sync();
        _clock.Advance(TimeSpan.FromMinutes(4));
        await Sync();

        Assert.Equal(3, _feed.Asked.Count);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    public async Task Goes_on_from_its_last_snapshot_only_inside_the_window_and_gives_it_whatever_its_age(
        int millisecondsBeyond, bool canContinue)
    {
        _feed.Add("session");
        await Sync();
        var age = _feed.Head.Window + TimeSpan.FromMilliseconds(millisecondsBeyond);
        _clock.Advance(age);
        _feed.AnswersPartsOnly = true;

        Assert.True(_sync.TryGetSnapshot(out var snapshot, out var actualAge));
        Assert.Equal(age, actualAge);
        Assert.True(snapshot.Denies(TimedFeed.Key("session"))); // What is denied stays so.
        Assert.Equal(canContinue, (await Sync()).IsComplete);
        Assert.Equal(canContinue, _feed.Asked[1] is not null);
        Assert.Equal(canContinue, _sync.TryGetSnapshot(out _, out actualAge) && actualAge == TimeSpan.Zero);

        _feed.AnswersPartsOnly = false;
        _clock.Advance(TimeSpan.FromSeconds(30));
        Assert.True((await Sync()).IsComplete);
        Assert.True(_sync.TryGetSnapshot(out _, out actualAge) && actualAge == TimeSpan.Zero);
    }

    [Fact]
    public async Task Never_loses_a_rule_or_lowers_a_watermark_because_an_answer_lacks_it()
    {
        var stampedAt = Now;
        _feed.Add("kept", stampedAt);
        _feed.Add("raised", stampedAt, watermark: 20);
        await Sync();
        _feed.Clear();
        _feed.Add("raised", stampedAt - TimeSpan.FromMinutes(1), watermark: 10);
        _clock.Advance(TimeSpan.FromMinutes(5));
        await Sync();

        var snapshot = Snapshot();
        Assert.True(snapshot.Denies(TimedFeed.Key("kept")));
        Assert.True(snapshot.Denies(TimedFeed.Key("raised"), seen: 19));
        Assert.False(snapshot.Denies(TimedFeed.Key("raised"), seen: 20));
        Assert.Equal(stampedAt.ToUnixTimeMilliseconds(), snapshot.Rules.Single(r => r.Watermark > 0).StampedAt);
    }

    [Fact]
    public async Task Takes_the_largest_of_several_stamps_and_watermarks_in_one_answer_in_any_order()
    {
        _feed.Add("w", Now - TimeSpan.FromSeconds(1), watermark: 7);
        _feed.Add("w", Now, watermark: 9);
        _feed.Add("w", Now - TimeSpan.FromSeconds(2), watermark: 8);
        await Sync();

        var rule = Assert.Single(Snapshot().Rules);
        Assert.Equal((Now.ToUnixTimeMilliseconds(), 9L), (rule.StampedAt, rule.Watermark));
    }

    [Fact]
    public async Task Leaves_a_snapshot_that_was_given_out_as_it_was()
    {
        await Sync();
        var before = Snapshot();
        _feed.Add("new");
        await Step();

        Assert.Empty(before.Rules);
        Assert.Single(Snapshot().Rules);
    }

    [Fact]
    public async Task Never_shrinks_the_head()
    {
        await Sync();
        var before = _feed.Head;
        _feed.Head = before with { Window = before.Window + TimeSpan.FromMinutes(1), LongestAccessTokenLifetime = TimeSpan.FromMinutes(1) };
        await Step();

        Assert.Equal(before.Window + TimeSpan.FromMinutes(1), Snapshot().Head.Window);
        Assert.Equal(before.LongestAccessTokenLifetime, Snapshot().Head.LongestAccessTokenLifetime);
    }

    [Theory]
    [InlineData(false, 19 * 60, true)] // The window, and 3 minutes in which a late new stamp would be found.
    [InlineData(false, (19 * 60) + 1, false)]
    [InlineData(true, 24 * 60 * 60, true)]
    public async Task Drops_a_rule_when_the_window_and_3_minutes_have_passed_unless_it_is_standing(bool isStanding, int seconds, bool isKept)
    {
        _feed.Add("rule", isStanding: isStanding);
        await Sync();
        _feed.Clear();
        _clock.Advance(TimeSpan.FromSeconds(seconds));
        await Sync();

        Assert.Equal(isKept, Denies("rule"));
    }

    [Fact]
    public async Task Does_not_take_up_a_rule_that_has_aged()
    {
        _feed.Add("old", Now - TimeSpan.FromMinutes(19) - TimeSpan.FromMilliseconds(1));
        _feed.Add("young", Now - TimeSpan.FromMinutes(19));
        await Sync();

        Assert.False(Denies("old"));
        Assert.True(Denies("young"));
    }

    [Fact]
    public async Task Keeps_a_rule_that_was_stamped_again()
    {
        _feed.Add("again");
        await Sync();
        _clock.Advance(TimeSpan.FromMinutes(10));
        _feed.Add("again");
        await Sync();
        _feed.Clear();
        _clock.Advance(TimeSpan.FromMinutes(10));
        await Sync();

        Assert.True(Denies("again"));
    }

    private Task<DenylistSyncOutcome> Sync() => _sync.SyncAsync(TestContext.Current.CancellationToken);

    private Task<DenylistSyncOutcome> Step()
    {
        _clock.Advance(DenylistSync.PollInterval);
        return Sync();
    }

    private async Task TakeTooLongAsync()
    {
        _feed.HoldReads();
        var slow = Sync();
        await _feed.Held.Task;
        _clock.Advance(DenylistSync.RevocationBound);
        Assert.False((await slow).IsComplete);
        _feed.Release();
    }

    private DenylistSnapshot Snapshot() =>
        _sync.TryGetSnapshot(out var snapshot, out _) ? snapshot : throw new InvalidOperationException("There is no snapshot.");

    private TimeSpan Age() => _sync.TryGetSnapshot(out _, out var age) ? age : throw new InvalidOperationException("There is no snapshot.");

    private bool Denies(string session) => Snapshot().Denies(TimedFeed.Key(session));
}
