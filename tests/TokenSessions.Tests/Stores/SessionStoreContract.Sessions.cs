using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Stores;

public abstract partial class SessionStoreContract
{
    private static readonly AuthorityKey Session = Key(RuleKind.Session, "AAAAAAAAAAAAAAAAAAAAAA");

    [Fact]
    public async Task The_first_refresh_of_a_session_makes_its_item()
    {
        var advance = NewAdvance(Session, 0);

        var advanced = await Store.AdvanceAsync(advance, Cancel);
        await ReopenAsync();

        Assert.True(advanced.IsAdvanced);
        Assert.Equal(
            new AuthorityItem
            {
                Key = Session,
                Generation = 1,
                RotatedAt = Now,
                RequestId = advance.RequestId,
                ExpiresAt = advance.ExpiresAt,
            },
            advanced.Item);
        Assert.Equal(advanced.Item, await ReadAsync(Session));
    }

    [Theory]
    [InlineData(4, false)] // Older than what is stored: reuse, or grace; the caller tells them apart.
    [InlineData(5, true)]
    [InlineData(6, true)] // Ahead of a store that was restored from a copy: no theft.
    public async Task A_session_advances_from_its_stored_generation_or_a_later_one(int spent, bool isAdvanced)
    {
        var before = await Store.AdvanceAsync(NewAdvance(Session, 4), Cancel);

        var after = await Store.AdvanceAsync(NewAdvance(Session, spent), Cancel);

        Assert.Equal(isAdvanced, after.IsAdvanced);
        Assert.Equal(isAdvanced ? spent + 1 : 5, after.Item.Generation);
        Assert.Equal(isAdvanced, after.Item != before.Item);
        Assert.Equal(after.Item, await ReadAsync(Session));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public async Task A_denied_session_never_advances(int spent)
    {
        var denied = await DenyAsync(Session);

        var advanced = await Store.AdvanceAsync(NewAdvance(Session, spent), Cancel);

        Assert.False(advanced.IsAdvanced);
        Assert.Equal(denied, advanced.Item);
    }

    [Theory]
    [InlineData(1)] // The token that would have been spent next.
    [InlineData(7)]
    public async Task A_session_that_is_denied_after_a_refresh_never_advances(int spent)
    {
        await Store.AdvanceAsync(NewAdvance(Session, 0), Cancel);
        var denied = await DenyAsync(Session);

        var advanced = await Store.AdvanceAsync(NewAdvance(Session, spent), Cancel);

        Assert.False(advanced.IsAdvanced);
        Assert.Equal(denied, advanced.Item);
        Assert.Equal(denied, await ReadAsync(Session));
    }

    [Fact]
    public async Task Denying_a_session_keeps_its_generation_and_the_later_end()
    {
        var refreshed = (await Store.AdvanceAsync(
            NewAdvance(Session, 2) with { GraceRun = 1, ExpiresAt = Now + Life + TimeSpan.FromDays(1) }, Cancel)).Item;
        await Store.NoteGraceAsync(Session, 3, Cancel);

        var denied = await DenyAsync(Session);

        Assert.True(denied is { IsDenied: true, IsFed: false, Watermark: 0, Generation: 3, GraceUsed: true, GraceRun: 1 });
        Assert.Equal(refreshed.RotatedAt, denied.RotatedAt);
        Assert.Equal(refreshed.ExpiresAt, denied.ExpiresAt);
    }

    [Fact]
    public async Task An_advance_whose_answer_was_lost_succeeds_again_and_changes_nothing()
    {
        var advance = NewAdvance(Session, 0);
        var first = await Store.AdvanceAsync(advance, Cancel);
        Time.Advance(TimeSpan.FromSeconds(1));
        await ReopenAsync();

        var again = await Store.AdvanceAsync(advance with { At = Now }, Cancel);

        Assert.True(again.IsAdvanced);
        Assert.Equal(first.Item, again.Item);
    }

    [Fact]
    public async Task An_advance_whose_answer_was_lost_fails_when_the_session_was_denied_since()
    {
        var advance = NewAdvance(Session, 0);
        await Store.AdvanceAsync(advance, Cancel);
        var denied = await DenyAsync(Session);

        var again = await Store.AdvanceAsync(advance, Cancel);

        Assert.False(again.IsAdvanced);
        Assert.Equal(denied, again.Item);
    }

    [Fact]
    public async Task An_advance_whose_answer_was_lost_fails_when_the_same_request_denied_the_session_since()
    {
        var advance = NewAdvance(Session, 0);
        await Store.AdvanceAsync(advance, Cancel);
        await Store.DenyAsync(NewDenial(Session) with { RequestId = advance.RequestId }, Cancel);

        Assert.False((await Store.AdvanceAsync(advance, Cancel)).IsAdvanced);
    }

    [Fact]
    public async Task An_advance_whose_answer_was_lost_fails_when_another_request_advanced_the_session_since()
    {
        var advance = NewAdvance(Session, 0);
        await Store.AdvanceAsync(advance, Cancel);
        var other = await Store.AdvanceAsync(NewAdvance(Session, 1), Cancel);

        var again = await Store.AdvanceAsync(advance, Cancel);

        Assert.False(again.IsAdvanced);
        Assert.Equal(other.Item, again.Item);
    }

    [Fact]
    public async Task A_request_that_spends_another_generation_than_its_earlier_attempt_fails()
    {
        var advance = NewAdvance(Session, 0);
        await Store.AdvanceAsync(advance, Cancel);

        Assert.False((await Store.AdvanceAsync(advance with { Spent = 1 }, Cancel)).IsAdvanced);
    }

    [Fact]
    public async Task Of_many_that_spend_one_generation_at_once_exactly_one_advances()
    {
        for (var generation = 0; generation < 5; generation++)
        {
            var spent = generation;
            var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(
                _ => Task.Run(() => Store.AdvanceAsync(NewAdvance(Session, spent), Cancel), Cancel)));

            var winner = Assert.Single(answers, answer => answer.IsAdvanced);
            Assert.All(answers, answer => Assert.Equal(winner.Item, answer.Item));
            Assert.Equal(generation + 1, winner.Item.Generation);
        }
    }

    [Fact]
    public async Task Of_a_refresh_and_a_revocation_at_once_the_revocation_always_stands()
    {
        for (var i = 0; i < 50; i++)
        {
            var session = Key(RuleKind.Session, $"s{i}");
            var advance = Task.Run(() => Store.AdvanceAsync(NewAdvance(session, 0), Cancel), Cancel);
            var denied = await Task.Run(() => DenyAsync(session), Cancel);
            var advanced = await advance;

            Assert.True((await ReadAsync(session))!.IsDenied);
            if (advanced.IsAdvanced)
            {
                Assert.Equal(1, denied.Generation); // Never past each other. Not the other way round: the answer may have been lost.
            }
        }
    }

    [Fact]
    public async Task The_grace_is_noted_once_for_each_generation()
    {
        await Store.AdvanceAsync(NewAdvance(Session, 0), Cancel);

        Assert.False(await Store.NoteGraceAsync(Session, 0, Cancel)); // No longer the session's.
        Assert.False(await Store.NoteGraceAsync(Session, 2, Cancel)); // Not yet.
        Assert.True(await Store.NoteGraceAsync(Session, 1, Cancel));
        Assert.False(await Store.NoteGraceAsync(Session, 1, Cancel));
        await ReopenAsync();
        Assert.False(await Store.NoteGraceAsync(Session, 1, Cancel));
        Assert.True((await ReadAsync(Session))!.GraceUsed);

        var next = await Store.AdvanceAsync(NewAdvance(Session, 1) with { GraceRun = 1 }, Cancel);
        Assert.Equal((false, 1), (next.Item.GraceUsed, next.Item.GraceRun));
        Assert.True(await Store.NoteGraceAsync(Session, 2, Cancel));
    }

    [Fact]
    public async Task Of_many_that_note_the_grace_at_once_exactly_one_does()
    {
        await Store.AdvanceAsync(NewAdvance(Session, 0), Cancel);

        var noted = await Task.WhenAll(Enumerable.Range(0, 50).Select(
            _ => Task.Run(() => Store.NoteGraceAsync(Session, 1, Cancel), Cancel)));

        Assert.Single(noted, isNoted => isNoted);
    }

    [Fact]
    public async Task The_grace_of_a_session_without_an_item_cannot_be_noted()
    {
        Assert.False(await Store.NoteGraceAsync(Session, 0, Cancel));
        Assert.Null(await ReadAsync(Session));
    }

    [Fact]
    public async Task An_advance_whose_answer_was_lost_succeeds_again_after_the_grace_was_noted()
    {
        var advance = NewAdvance(Session, 0);
        await Store.AdvanceAsync(advance, Cancel);
        await Store.NoteGraceAsync(Session, 1, Cancel);

        var again = await Store.AdvanceAsync(advance, Cancel);

        Assert.True(again is { IsAdvanced: true, Item.GraceUsed: true });
    }

    [Theory]
    [InlineData(-1, false)]
    [InlineData(0, true)]
    public async Task A_session_that_has_reached_its_end_counts_as_absent(int millisecondsAfterEnd, bool isAbsent)
    {
        await Store.AdvanceAsync(NewAdvance(Session, 5), Cancel);
        Time.Advance(Life + TimeSpan.FromMilliseconds(millisecondsAfterEnd));

        Assert.Equal(isAbsent, await ReadAsync(Session) is null);
        Assert.Equal(!isAbsent, await Store.NoteGraceAsync(Session, 6, Cancel));
        Assert.Equal(isAbsent, (await Store.AdvanceAsync(NewAdvance(Session, 0), Cancel)).IsAdvanced);
    }

    [Fact]
    public async Task Times_are_cut_off_to_milliseconds()
    {
        Time.Advance(TimeSpan.FromTicks(19_999));
        var advanced = await Store.AdvanceAsync(NewAdvance(Session, 0), Cancel);

        var whole = Now - TimeSpan.FromTicks(9_999);
        Assert.Equal((whole, whole + Life), (advanced.Item.RotatedAt, advanced.Item.ExpiresAt));
        await ReopenAsync();
        Assert.Equal(advanced.Item, await ReadAsync(Session));
    }

    private SessionAdvance NewAdvance(AuthorityKey key, int spent) => new(key, spent, Now, 0, Now + Life, NextRequest());
}
