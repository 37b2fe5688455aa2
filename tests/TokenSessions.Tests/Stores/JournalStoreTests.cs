using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Stores;

/// <summary>The journal as a store: who waits for what, and what one flush carries.</summary>
public sealed class JournalStoreTests : JournalTests
{
    [Fact]
    public async Task A_first_start_makes_an_empty_journal_and_says_so()
    {
        await using var store = Open();

        Assert.Equal(new OpenOutcome(JournalPath, IsNew: true, Items: 0, Length: 0, TornBytes: 0), store.Outcome);
        Assert.Equal(HeaderLength, new FileInfo(JournalPath).Length);
    }

    [Fact]
    public async Task A_later_start_finds_what_was_written_and_says_how_much()
    {
        await using (var store = Open())
        {
            await DenyAsync(store, Token(1));
            await DenyAsync(store, Token(2));
            await store.MarkFedAsync(Token(2), 0, Cancel);
            await store.WriteFeedAsync(new(Token(2).RuleKey, 1, 0, false), Time.GetUtcNow() + TimeSpan.FromMinutes(1), Cancel);
            await store.RaiseHeadAsync(new() { Window = TimeSpan.FromMinutes(66) }, Time.GetUtcNow(), Cancel);
        }

        Time.Advance(TimeSpan.FromMinutes(1)); // The feed item's end: it is held, and counts as absent.
        var length = new FileInfo(JournalPath).Length;
        await using var reopened = Open();

        Assert.Equal(new OpenOutcome(JournalPath, IsNew: false, Items: 4, length, TornBytes: 0), reopened.Outcome);
    }

    [Fact]
    public async Task A_start_while_the_clock_is_ahead_forgets_no_rule()
    {
        var stampedAt = Time.GetUtcNow();
        var rule = new DenylistRule(Token(1).RuleKey, stampedAt.ToUnixTimeMilliseconds(), 0, false);
        await using (var store = Open())
        {
            await store.RaiseHeadAsync(new() { Window = TimeSpan.FromMinutes(16) }, stampedAt, Cancel);
            await DenyAsync(store, Token(1));
            await store.WriteFeedAsync(rule, stampedAt + TimeSpan.FromMinutes(16), Cancel);
        }

        var ahead = TimeSpan.FromDays(3650); // A machine that starts before its time server was asked may be wrong by anything.
        Time.StepWallClock(ahead);
        await using var reopened = Open();
        Time.StepWallClock(-ahead);

        Assert.Equal([1], await DeniedTokensAsync(reopened));
        Assert.Equal(rule, Assert.Single((await ((IDenylistFeed)reopened).ReadAsync(null, Cancel)).Rules));
    }

    [Fact]
    public async Task An_answer_that_tells_of_a_change_comes_after_the_change_is_in_the_file()
    {
        await using var store = Open();
        await store.RaiseHeadAsync(new(), Time.GetUtcNow(), Cancel);
        var session = new AuthorityKey(Issuer, RuleKind.Session, "s1");
        for (var i = 0; i < 50; i++)
        {
            var before = new FileInfo(JournalPath).Length;
            var token = NewDenial(Token(i));
            var change = (i % 6) switch
            {
                0 or 1 or 2 => (Task)store.DenyAsync(token, Cancel),
                3 => store.AdvanceAsync(new(session, i, Time.GetUtcNow(), 0, Time.GetUtcNow() + TimeSpan.FromDays(1), $"advance-{i}"), Cancel),
                4 => store.RaiseHeadAsync(new() { Window = TimeSpan.FromMinutes(i) }, Time.GetUtcNow(), Cancel),
                _ => store.WriteFeedAsync(new(Token(i).RuleKey, i, 0, false), Time.GetUtcNow() + TimeSpan.FromDays(1), Cancel),
            };

            await ((i % 6) switch
            {
                0 => store.ReadAsync([Token(i)], Cancel),
                1 => store.DenyAsync(NewDenial(Token(i)), Cancel), // Leaves the item, and still waits for it.
                2 => store.ListAsync(Issuer, null, 100, Cancel),
                3 => store.AdvanceAsync(new(session, 0, Time.GetUtcNow(), 0, Time.GetUtcNow(), "loses"), Cancel),
                4 => store.ReadHeadAsync(Cancel),
                _ => (Task)((IDenylistFeed)store).ReadAsync(null, Cancel),
            });

            Assert.True(new FileInfo(JournalPath).Length > before, $"Answer {i % 6} came before the change was in the file.");
            await change;
        }
    }

    [Fact]
    public async Task Changes_that_arrive_during_a_flush_share_the_next_one_and_each_is_kept()
    {
        await using (var store = Open())
        {
            // From one thread, faster than any disk: nobody waits while they gather.
            await Task.WhenAll(Enumerable.Range(0, 500).Select(i => DenyAsync(store, Token(i))));
        }

        var records = Records(await File.ReadAllBytesAsync(JournalPath, Cancel));
        var writes = records.Select(record => record.WriteStart).Distinct().Count();
        Assert.Equal(500, records.Count);
        Assert.InRange(writes, 1, 250);
        await using var reopened = Open();
        Assert.Equal(Enumerable.Range(0, 500), await DeniedTokensAsync(reopened));
    }

    [Fact]
    public async Task Sixty_four_writers_lose_nothing_and_mix_nothing_up()
    {
        await using (var store = Open())
        {
            await Task.WhenAll(Enumerable.Range(0, 64).Select(writer => Task.Run(async () =>
            {
                var session = new AuthorityKey(Issuer, RuleKind.Session, $"s{writer}");
                for (var i = 0; i < 25; i++)
                {
                    await DenyAsync(store, Token((writer * 25) + i), $"{writer}/{i}");
                    var advanced = await store.AdvanceAsync(
                        new(session, i, Time.GetUtcNow(), 0, Time.GetUtcNow() + TimeSpan.FromDays(1), $"{writer}/{i}"), Cancel);
                    Assert.True(advanced.IsAdvanced);
                    Assert.Equal($"{writer}/{i}", (await ReadAsync(store, Token((writer * 25) + i)))!.Reason);
                }
            })));
        }

        await using var reopened = Open();
        Assert.Equal(Enumerable.Range(0, 64 * 25), await DeniedTokensAsync(reopened));
        for (var writer = 0; writer < 64; writer++)
        {
            Assert.Equal(25, (await ReadAsync(reopened, new(Issuer, RuleKind.Session, $"s{writer}")))!.Generation);
        }
    }

    [Fact]
    public async Task A_disk_that_does_not_keep_up_makes_further_changes_fail_and_no_earlier_one()
    {
        var reason = new string('r', StoreLimits.ReasonBytes);
        var accepted = new List<Task>();
        await using (var store = Open())
        {
            Task<AuthorityItem> last;
            do
            {
                last = DenyAsync(store, Token(accepted.Count), reason);
                accepted.Add(last);
            }
            while (!last.IsFaulted && accepted.Count < 100_000);

            var refused = await Assert.ThrowsAsync<SessionStoreUnavailableException>(() => last);
            Assert.Contains("does not keep up", refused.Message, StringComparison.Ordinal);
            accepted.RemoveAt(accepted.Count - 1);

            await Task.WhenAll(accepted);
            await DenyAsync(store, Token(accepted.Count)); // The store goes on.
        }

        await using var reopened = Open();
        Assert.Equal(Enumerable.Range(0, accepted.Count + 1), await DeniedTokensAsync(reopened));
    }

    [Fact]
    public async Task A_caller_who_gives_up_harms_nobody_else()
    {
        await using var store = Open();
        using var impatient = new CancellationTokenSource();
        var abandoned = store.DenyAsync(NewDenial(Token(1)), impatient.Token);
        var other = DenyAsync(store, Token(2));
        await impatient.CancelAsync();

        await other;
        await Task.WhenAny(abandoned);
        Assert.Equal([1, 2], await DeniedTokensAsync(store)); // What was begun may be found done.
    }

    [Fact]
    public async Task Closing_finishes_what_was_begun_and_refuses_what_comes_later()
    {
        var store = Open();
        var begun = Enumerable.Range(0, 100).Select(i => DenyAsync(store, Token(i))).ToArray();
        await store.DisposeAsync();
        await store.DisposeAsync();

        await Task.WhenAll(begun);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => DenyAsync(store, Token(1)));
        await Assert.ThrowsAsync<DenylistUnavailableException>(() => ((IDenylistFeed)store).ReadAsync(null, Cancel)); // Its readers may outlive it.
        await using var reopened = Open();
        Assert.Equal(Enumerable.Range(0, 100), await DeniedTokensAsync(reopened));
    }

    [Theory]
    [InlineData(-1, 3)]
    [InlineData(0, 3)] // Stamped at that time.
    [InlineData(1, 1)]
    public async Task A_feed_read_leaves_out_what_was_stamped_before(int millisecondsAfterStamp, int rules)
    {
        await using var store = Open();
        var now = Time.GetUtcNow();
        await store.RaiseHeadAsync(new() { Window = TimeSpan.FromMinutes(66) }, now, Cancel);
        await store.WriteFeedAsync(new(Token(1).RuleKey, now.ToUnixTimeMilliseconds(), 0, false), now + TimeSpan.FromHours(1), Cancel);
        await store.WriteFeedAsync(new(Token(2).RuleKey, now.ToUnixTimeMilliseconds(), 0, false), now + TimeSpan.FromHours(1), Cancel);
        await store.WriteFeedAsync(new(Token(3).RuleKey, now.ToUnixTimeMilliseconds() - 100, 0, false), now + TimeSpan.FromHours(1), Cancel);
        await store.WriteFeedAsync(new(Token(4).RuleKey, now.ToUnixTimeMilliseconds() - 100, 0, true), null, Cancel);

        var changes = await ((IDenylistFeed)store).ReadAsync(now + TimeSpan.FromMilliseconds(millisecondsAfterStamp), Cancel);

        Assert.Equal(rules, changes.Rules.Count);
        Assert.False(changes.IsWholeWindow);
    }
}
