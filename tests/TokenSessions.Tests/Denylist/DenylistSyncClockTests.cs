using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Denylist;

/// <summary>Ages, bounds, steps of the clock, and callers at the same time.</summary>
public sealed class DenylistSyncClockTests
{
    private static readonly TimeSpan Millisecond = TimeSpan.FromMilliseconds(1);

    private readonly FakeClock _clock = new();
    private readonly TimedFeed _feed;
    private readonly DenylistSync _sync;

    public DenylistSyncClockTests()
    {
        _feed = new(_clock);
        _sync = new(_feed, _clock);
    }

    private DateTimeOffset Now => _clock.GetUtcNow();

    private TimeSpan Age => _sync.TryGetSnapshot(out _, out var age) ? age : throw new InvalidOperationException("There is no snapshot.");

    [Fact]
    public async Task Is_as_old_as_the_moment_its_request_was_sent()
    {
        _feed.HoldReads();
        var sync = Sync();
        await _feed.Held.Task;
        _clock.Advance(TimeSpan.FromSeconds(3));
        _feed.Release();
        await sync;

        Assert.Equal(TimeSpan.FromSeconds(3), Age);
    }

    [Fact]
    public async Task Is_as_old_as_its_feed_says_if_that_is_older()
    {
        _feed.CopyAsOf = Now - TimeSpan.FromSeconds(7);
        await Sync();

        Assert.Equal(TimeSpan.FromSeconds(7), Age);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(-10)]
    public async Task Has_the_larger_age_of_both_clocks(int step)
    {
        await Sync();
        _clock.Advance(TimeSpan.FromSeconds(4));
        _clock.StepWallClock(TimeSpan.FromSeconds(step));

        Assert.Equal(TimeSpan.FromSeconds(step > 0 ? 14 : 4), Age);
    }

    [Fact]
    public async Task Is_due_every_2_seconds_counted_from_when_the_last_poll_was_sent_even_if_that_failed()
    {
        Assert.Equal(TimeSpan.Zero, _sync.UntilDue);
        _feed.IsDown = true;
        await Sync();
        Assert.Equal(TimeSpan.FromSeconds(2), _sync.UntilDue);
        _clock.Advance(TimeSpan.FromSeconds(2) - Millisecond);
        Assert.Equal(Millisecond, _sync.UntilDue);
        _clock.Advance(Millisecond);
        Assert.Equal(TimeSpan.Zero, _sync.UntilDue);
        _clock.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(TimeSpan.Zero, _sync.UntilDue);
    }

    [Theory]
    [InlineData(-1000, false)] // Two clocks may drift apart by this much.
    [InlineData(-1001, true)]
    [InlineData(-180_000, true)] // Rules are kept for so much longer than the window.
    public async Task Is_due_at_once_when_the_wall_clock_was_set_back_and_then_reads_the_whole_window_too(int stepMilliseconds, bool isSeen)
    {
        await Sync();
        _clock.Advance(Millisecond);
        _clock.StepWallClock(TimeSpan.FromMilliseconds(stepMilliseconds));
        Assert.Equal(isSeen, _sync.UntilDue == TimeSpan.Zero);

        _feed.Add("stamped by the clock as it is now");
        Assert.True((await Sync()).IsComplete);

        Assert.Equal(isSeen ? [Now - TimeSpan.FromSeconds(30), null] : [Now - TimeSpan.FromSeconds(30)], _feed.Asked[1..]);
        Assert.True(_sync.TryGetSnapshot(out var snapshot, out var age));
        Assert.Equal(TimeSpan.Zero, age);
        Assert.Single(snapshot.Rules);
        Assert.Equal(TimeSpan.FromSeconds(2), _sync.UntilDue); // Once is enough.
    }

    [Theory]
    [InlineData(3)]
    [InlineData(60)] // By more than rules are kept beyond the window: nothing is fresh until it is read, and once is enough.
    public async Task Reads_the_whole_window_once_after_the_wall_clock_was_set_back(int minutes)
    {
        await Sync();
        _clock.StepWallClock(TimeSpan.FromMinutes(-minutes));
        _feed.IsDown = true;
        await Sync();
        _feed.IsDown = false;
        await Sync();
        await Sync();
        await Sync();

        Assert.Equal([true, false, false, true, false, false], _feed.Asked.Select(since => since is null));
    }

    [Theory]
    [InlineData(60 * 60)]
    [InlineData(150)] // Rules are kept for longer than this beyond the window, but not for longer than all these steps.
    public async Task Knows_again_what_it_dropped_while_the_wall_clock_was_ahead_before_anything_is_fresh(int stepSeconds)
    {
        var step = TimeSpan.FromSeconds(stepSeconds);
        await Sync();
        _feed.Add("revoked");
        _clock.Advance(TimeSpan.FromSeconds(30));
        await Sync();
        _clock.StepWallClock(TimeSpan.FromHours(1));
        _clock.Advance(TimeSpan.FromSeconds(30));
        await Sync();
        Assert.True(_sync.TryGetSnapshot(out var snapshot, out _));
        Assert.Empty(snapshot.Rules);

        _feed.FurthestBack = TimeSpan.FromMinutes(10); // The whole window cannot be read yet.
        for (var passed = TimeSpan.Zero; passed < TimeSpan.FromHours(1); passed += step)
        {
            _clock.StepWallClock(-step);
            await Sync();
        }

        _clock.Advance(TimeSpan.FromSeconds(2));
        var outcome = await Sync();
        Assert.False(outcome.IsComplete);
        Assert.StartsWith("A clock was ahead", outcome.Problem, StringComparison.Ordinal);
        Assert.EndsWith("The feed is down.", outcome.Problem, StringComparison.Ordinal);
        Assert.True(_sync.TryGetSnapshot(out snapshot, out var age));
        Assert.Equal(TimeSpan.FromSeconds(2), age);
        Assert.True(snapshot.AsOf > Now + TimeSpan.FromMinutes(50)); // So it is seen to be wrong.

        _feed.FurthestBack = TimeSpan.MaxValue;
        Assert.False((await Sync()).IsComplete); // Beside it the whole window is read,
        Assert.True((await Sync()).IsComplete); // and taken up.
        Assert.True(_sync.TryGetSnapshot(out snapshot, out age));
        Assert.Equal(TimeSpan.Zero, age);
        Assert.Single(snapshot.Rules);
        Assert.Single(_feed.Asked[^3..], since => since is null);
    }

    [Fact]
    public async Task Believes_no_window_that_was_asked_for_while_the_wall_clock_was_ahead()
    {
        await Sync();
        _clock.StepWallClock(TimeSpan.FromMinutes(10));
        _feed.HoldWhole = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await Sync();
        Assert.Null(_feed.Asked[^1]);
        _feed.Add("not in it", Now - TimeSpan.FromMinutes(15));
        _clock.StepWallClock(TimeSpan.FromMinutes(-10));
        _feed.HoldWhole.SetResult();
        _feed.HoldWhole = null;
        await _feed.LastRead;

        Assert.False((await Sync()).IsComplete);
        Assert.Null(_feed.Asked[^1]);
        Assert.True((await Sync()).IsComplete);
        Assert.True(_sync.TryGetSnapshot(out var snapshot, out _));
        Assert.Single(snapshot.Rules);
    }

    [Fact]
    public async Task Goes_on_with_a_feed_whose_clock_is_always_ahead()
    {
        for (var polls = 0; polls < 10; polls++)
        {
            _feed.CopyAsOf = Now + TimeSpan.FromMinutes(10);
            Assert.Equal(new(true, ""), await Sync());
            _clock.Advance(TimeSpan.FromSeconds(2));
        }

        Assert.Single(_feed.Asked, since => since is null);
    }

    [Fact]
    public async Task Keeps_the_age_of_a_copy_when_the_wall_clock_is_set_back()
    {
        _feed.CopyAsOf = Now - TimeSpan.FromSeconds(20);
        await Sync();
        _clock.StepWallClock(TimeSpan.FromSeconds(-15));

        Assert.Equal(TimeSpan.FromSeconds(20), Age);
    }

    [Fact]
    public async Task Between_regions_takes_a_first_copy_however_old_as_its_feed_does()
    {
        _feed.Head = _feed.Head with { Regions = 2 };
        for (var i = 0; i < 3; i++)
        {
            _feed.CopyAsOf = Now - TimeSpan.FromMinutes(7);
            Assert.Equal(new(true, ""), await Sync());
            Assert.Equal(TimeSpan.FromMinutes(7), Age);
            _clock.Advance(TimeSpan.FromSeconds(2));
        }
    }

    [Fact]
    public async Task Makes_nothing_fresh_by_a_copy_as_of_the_same_moment()
    {
        _feed.CopyAsOf = Now;
        await Sync();
        _clock.Advance(TimeSpan.FromSeconds(6));
        _clock.StepWallClock(TimeSpan.FromSeconds(-5)); // The age cannot be talked down by the wall clock.
        Assert.True((await Sync()).IsComplete);

        Assert.Equal(TimeSpan.FromSeconds(6), Age);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(240_000)] // Older than rules are kept beyond the window: but none have been dropped.
    public async Task Adds_the_rules_of_an_older_copy_and_moves_nothing_else(int millisecondsOlder)
    {
        var newest = Now;
        _feed.CopyAsOf = newest;
        await Sync();
        _clock.Advance(TimeSpan.FromSeconds(2));
        _feed.CopyAsOf = newest - TimeSpan.FromMilliseconds(millisecondsOlder);
        _feed.Add("only in the older copy");
        var outcome = await Sync();

        Assert.False(outcome.IsComplete);
        Assert.Contains("older", outcome.Problem, StringComparison.Ordinal);
        Assert.True(_sync.TryGetSnapshot(out var snapshot, out var age));
        Assert.Equal((newest, TimeSpan.FromSeconds(2)), (snapshot.AsOf, age));
        Assert.Single(snapshot.Rules);

        _feed.CopyAsOf = newest + Millisecond;
        Assert.True((await Sync()).IsComplete);
        Assert.Equal(TimeSpan.FromSeconds(2) - Millisecond, Age);
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    public async Task Believes_a_whole_copy_again_once_its_last_lies_outside_the_window_although_the_clocks_of_both_were_set_back(
        int millisecondsBeyond, bool isBelieved)
    {
        _feed.CopyAsOf = Now;
        await Sync();
        _clock.StepWallClock(TimeSpan.FromHours(-1));
        _clock.Advance(_feed.Head.Window + TimeSpan.FromMilliseconds(millisecondsBeyond));
        _feed.CopyAsOf = Now;
        var outcome = await Sync();

        Assert.Equal(isBelieved, outcome.IsComplete);
        Assert.Equal(isBelieved, Age == TimeSpan.Zero);

        _clock.Advance(TimeSpan.FromSeconds(2));
        _feed.CopyAsOf = Now;
        Assert.True((await Sync()).IsComplete); // And goes on from there.
    }

    [Theory]
    [InlineData(4999, true)]
    [InlineData(5000, false)]
    public async Task Throws_away_a_poll_that_takes_longer_than_the_bound_and_its_late_answer(int milliseconds, bool isTaken)
    {
        await Sync();
        _clock.Advance(TimeSpan.FromMinutes(2));
        _feed.Add("answered late");
        var outcome = await SlowSync(milliseconds, isTaken);

        Assert.Equal(isTaken, outcome.IsComplete);
        Assert.Equal(isTaken, outcome.Problem.Length == 0);
        Assert.True(_sync.TryGetSnapshot(out var snapshot, out _));
        Assert.Equal(isTaken ? 1 : 0, snapshot.Rules.Count);
    }

    [Theory]
    [InlineData(19_999, true)]
    [InlineData(20_000, false)]
    public async Task Gives_the_first_load_longer_because_no_snapshot_grows_old_meanwhile(int milliseconds, bool isTaken)
    {
        Assert.Equal(isTaken, (await SlowSync(milliseconds, isTaken)).IsComplete);
        Assert.Equal(isTaken, _sync.TryGetSnapshot(out _, out var age));
        Assert.Equal(isTaken ? TimeSpan.FromMilliseconds(milliseconds) : TimeSpan.MaxValue, age);
    }

    [Theory]
    [InlineData(19_999, true)]
    [InlineData(20_000, false)]
    public async Task Gives_the_first_poll_after_more_than_2_minutes_as_long(int milliseconds, bool isTaken)
    {
        await Sync();
        _clock.Advance(TimeSpan.FromMinutes(2) + Millisecond);

        Assert.Equal(isTaken, (await SlowSync(milliseconds, isTaken)).IsComplete);
    }

    [Fact]
    public async Task Gives_the_recent_no_longer_however_far_back_they_are_owed()
    {
        await Sync();
        _feed.FurthestBack = TimeSpan.FromMinutes(1);
        for (var passed = 0; passed < 150; passed += 2)
        {
            _clock.Advance(TimeSpan.FromSeconds(2));
            await Sync();
        }

        _feed.FurthestBack = TimeSpan.MaxValue;
        _clock.Advance(TimeSpan.FromSeconds(31)); // So that the recent are tried.
        Assert.False((await SlowSync(5000, isTaken: false)).IsComplete);
    }

    [Fact]
    public async Task Keeps_a_finished_reread_of_the_whole_window_when_a_poll_is_thrown_away()
    {
        await Sync();
        _clock.Advance(TimeSpan.FromMinutes(4));
        await Sync();
        _clock.Advance(TimeSpan.FromMinutes(1));
        _feed.Add("late", Now - TimeSpan.FromMinutes(10));
        await Sync();
        Assert.Null(_feed.Asked[^1]);
        await SlowSync(5000, isTaken: false);
        await Sync();

        Assert.True(_sync.TryGetSnapshot(out var snapshot, out _));
        Assert.Single(snapshot.Rules);
        Assert.Single(_feed.Asked.Skip(1), since => since is null);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)] // Then it looks young again, and is the older one all the same.
    public async Task Does_not_join_a_poll_whose_deadline_slept_through_a_suspension(bool isSetBack)
    {
        await Sync();
        _feed.HoldReads();
        var suspended = Sync();
        await _feed.Held.Task;
        var release = _feed.Hold!;
        _clock.StepWallClock(TimeSpan.FromSeconds(6)); // The wall clock went on, timers did not.
        _feed.Hold = null;
        _feed.Add("new");
        Assert.True((await Sync()).IsComplete);
        _clock.StepWallClock(TimeSpan.FromSeconds(isSetBack ? -6 : 0));
        release.SetResult();

        Assert.False((await suspended).IsComplete);
        Assert.Equal(TimeSpan.Zero, Age);
        Assert.True(_sync.TryGetSnapshot(out var snapshot, out _));
        Assert.Single(snapshot.Rules);
    }

    [Fact]
    public async Task Polls_once_for_callers_at_the_same_time_and_one_may_leave()
    {
        using var leaves = new CancellationTokenSource();
        _feed.HoldReads();
        var first = _sync.SyncAsync(leaves.Token);
        await _feed.Held.Task;
        var second = Sync();
        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        _feed.Release();

        Assert.True((await second).IsComplete);
        Assert.Single(_feed.Asked);
        Assert.True(_sync.TryGetSnapshot(out _, out _));
    }

    [Fact]
    public async Task Polls_again_after_a_poll_has_ended()
    {
        await Sync();
        await Sync();

        Assert.Equal(2, _feed.Asked.Count);
    }

    private Task<DenylistSyncOutcome> Sync() => _sync.SyncAsync(TestContext.Current.CancellationToken);

    /// <summary>A poll whose answer takes so long; one that is given up does not wait for it.</summary>
    private async Task<DenylistSyncOutcome> SlowSync(int milliseconds, bool isTaken)
    {
        _feed.HoldReads();
        var slow = Sync();
        await _feed.Held.Task;
        _clock.Advance(TimeSpan.FromMilliseconds(milliseconds));
        if (!isTaken)
        {
            Assert.False((await slow).IsComplete);
        }

        _feed.Release();
        return await slow;
    }
}
