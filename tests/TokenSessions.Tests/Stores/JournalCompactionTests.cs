using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Stores;

/// <summary>The journal grows with what is live, not with what has happened.</summary>
public sealed class JournalCompactionTests : JournalTests
{
    private const long LeastCompactedLength = 4 * 1024 * 1024;

    [Theory]
    [InlineData(0, 6)]
    [InlineData(-1, 206)] // A clock that is ahead by less than a day forgets nothing.
    public async Task Compaction_keeps_every_live_item_and_drops_what_ended_a_day_ago(int milliseconds, int items)
    {
        var passed = TimeSpan.FromHours(25) + TimeSpan.FromMilliseconds(milliseconds);
        AuthorityItem subject;
        AuthorityItem kept;
        AuthorityItem session;
        StoredHead head;
        var now = Time.GetUtcNow();
        await using (var store = Open())
        {
            head = await store.RaiseHeadAsync(new() { Window = TimeSpan.FromMinutes(66) }, now, Cancel);
            kept = await DenyAsync(store, Token(1), "kept");
            session = (await store.AdvanceAsync(
                new(new(Issuer, RuleKind.Session, "s1"), 4, now, 2, now + TimeSpan.FromDays(2), "advance"), Cancel)).Item;
            await store.WriteFeedAsync(new(kept.Key.RuleKey, 1, 0, false), now + TimeSpan.FromDays(2), Cancel);
            await store.WriteFeedAsync(new(kept.Key.RuleKey, 2, 0, true), null, Cancel);
            for (var i = 100; i < 200; i++)
            {
                await store.DenyAsync(NewDenial(Token(i)) with { ExpiresAt = now + TimeSpan.FromHours(1) }, Cancel);
                await store.WriteFeedAsync(new(Token(i).RuleKey, i, 0, false), now + TimeSpan.FromHours(1), Cancel);
            }

            Time.Advance(passed);
            subject = await CompactAsync(store);

            Assert.Equal([1], await DeniedTokensAsync(store));
            Assert.Equal(kept, await ReadAsync(store, kept.Key));
        }

        await using var reopened = Open();

        Assert.Equal(items, reopened.Outcome.Items);
        Assert.Equal(kept, await ReadAsync(reopened, kept.Key));
        Assert.Equal(session, await ReadAsync(reopened, session.Key));
        Assert.Equal(subject, await ReadAsync(reopened, subject.Key));
        Assert.Equal(head, await reopened.ReadHeadAsync(Cancel));
        Assert.Equal([1L, 2L], (await ((IDenylistFeed)reopened).ReadAsync(null, Cancel)).Rules.Select(rule => rule.StampedAt).Order());
    }

    [Fact]
    public async Task A_journal_that_changes_for_long_stays_small()
    {
        await using var store = Open();
        for (var round = 0; round < 4; round++)
        {
            await CompactAsync(store);
        }

        Assert.InRange(new FileInfo(JournalPath).Length, HeaderLength, LeastCompactedLength);
    }

    [Fact]
    public async Task Changes_during_a_compaction_are_kept()
    {
        await using (var store = Open())
        {
            using var compacted = new CancellationTokenSource();
            var writer = Task.Run(async () =>
            {
                var count = 0;
                for (; !compacted.IsCancellationRequested; count++)
                {
                    await DenyAsync(store, Token(count));
                }

                return count;
            });
            await CompactAsync(store);
            await CompactAsync(store);
            await compacted.CancelAsync();
            var written = await writer;

            await store.DisposeAsync();
            await using var reopened = Open();
            Assert.Equal(Enumerable.Range(0, written), await DeniedTokensAsync(reopened));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1000)]
    public async Task A_new_journal_that_a_crash_left_unfinished_is_removed_and_the_old_one_used(int length)
    {
        await using (var store = Open())
        {
            await DenyAsync(store, Token(1));
        }

        await File.WriteAllBytesAsync(UnfinishedPath, new byte[length], Cancel);
        await using var reopened = Open();

        Assert.False(File.Exists(UnfinishedPath));
        Assert.Equal([1], await DeniedTokensAsync(reopened));
    }

    [Fact]
    public async Task A_first_start_that_a_crash_left_unfinished_is_begun_again()
    {
        await Open().DisposeAsync();
        File.Move(JournalPath, UnfinishedPath);

        await using var store = Open();

        Assert.True(store.Outcome.IsNew);
        Assert.False(File.Exists(UnfinishedPath));
    }

    [Fact]
    public async Task A_compaction_that_fails_makes_every_later_call_fail_and_loses_nothing()
    {
        var subject = new AuthorityKey(Issuer, RuleKind.Subject, "alice");
        var acknowledged = 0L;
        await using (var store = Open())
        {
            await store.RaiseHeadAsync(new(), Time.GetUtcNow(), Cancel);
            Directory.CreateDirectory(UnfinishedPath); // Where the new journal would be written.
            var failed = await Assert.ThrowsAsync<SessionStoreUnavailableException>(async () =>
            {
                for (var i = 0; i < 5000; i++) // Far more than 4 MB.
                {
                    acknowledged = (await DenyAsync(store, subject, new string('r', StoreLimits.ReasonBytes))).Watermark;
                }
            });

            Assert.Contains("until it is opened again", failed.Message, StringComparison.Ordinal);
            await Assert.ThrowsAsync<SessionStoreUnavailableException>(() => ReadAsync(store, subject));
            await Assert.ThrowsAsync<SessionStoreUnavailableException>(() => DenyAsync(store, Token(1)));
            await Assert.ThrowsAsync<DenylistUnavailableException>(() => ((IDenylistFeed)store).ReadAsync(null, Cancel));
        }

        Directory.Delete(UnfinishedPath);
        await using var reopened = Open();
        Assert.Equal(acknowledged, (await ReadAsync(reopened, subject))!.Watermark);
    }
}
