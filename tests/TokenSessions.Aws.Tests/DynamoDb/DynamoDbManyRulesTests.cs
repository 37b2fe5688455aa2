using TokenSessions.Aws.Tests.Servers.Faults;
using TokenSessions.Tests;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Aws.Tests.DynamoDb;

/// <summary>A long denylist arrives whole at every validator, however its pages are cut.</summary>
public sealed class DynamoDbManyRulesTests
{
    private const int Rules = 30_000;
    private const int Standing = 100;
    private static readonly DenylistHead Head = new() { Shards = 4, Window = TimeSpan.FromMinutes(66), LongestAccessTokenLifetime = TimeSpan.FromHours(1) };

    private readonly FakeClock _clock = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Thirty_thousand_rules_are_complete_at_both_validators_in_spite_of_cut_and_empty_pages()
    {
        await using var table = await TableUnderTest.CreateAsync(_clock);
        var store = table.NewStore();
        await store.RaiseHeadAsync(Head, _clock.GetUtcNow(), Cancel);
        var started = _clock.GetUtcNow();
        await Parallel.ForAsync(0, Rules, new ParallelOptions { MaxDegreeOfParallelism = 32, CancellationToken = Cancel }, async (i, cancel) =>
        {
            var isStanding = i < Standing;
            var stampedAt = started.AddMilliseconds(-i * 130); // Over the whole window.
            await store.WriteFeedAsync(
                new(KeyOf(i), stampedAt.ToUnixTimeMilliseconds(), 0, isStanding), isStanding ? null : stampedAt + Head.Window, cancel);
        });

        var faults = new[] { NewFaults(1), NewFaults(2) };
        using var firstClient = table.NewClient(faults[0]);
        using var secondClient = table.NewClient(faults[1]);
        var validators = new[] { new DenylistSync(table.NewFeed(firstClient), _clock), new DenylistSync(table.NewFeed(secondClient), _clock) };
        await AssertKnowAsync(validators, Rules);
        Assert.All(faults, it => Assert.InRange(it.Calls("Query"), Rules / 500, int.MaxValue));

        _clock.Advance(DenylistSync.PollInterval);
        for (var i = Rules; i < Rules + 10; i++)
        {
            var now = _clock.GetUtcNow();
            await store.WriteFeedAsync(new(KeyOf(i), now.ToUnixTimeMilliseconds(), 0, IsStanding: false), now + Head.Window, Cancel);
        }

        await AssertKnowAsync(validators, Rules + 10);
    }

    private static RuleKey KeyOf(int i) => RuleKey.For("https://issuer.example", i < Standing ? RuleKind.Key : RuleKind.Token, $"t{i}");

    private static FaultyHandler NewFaults(int seed) => new()
    {
        Decide = new RandomFaults(seed, oneIn: 2, Fault.EmptyPage, Fault.PageCut(1), Fault.PageCut(500)).Decide,
    };

    private static async Task AssertKnowAsync(DenylistSync[] validators, int count)
    {
        var outcomes = await Task.WhenAll(validators.Select(validator => validator.SyncAsync(Cancel)));
        Assert.All(outcomes, outcome => Assert.True(outcome.IsComplete, outcome.Problem));
        Assert.All(validators, validator =>
        {
            Assert.True(validator.TryGetSnapshot(out var snapshot, out _));
            Assert.All(Enumerable.Range(0, count), i => Assert.True(snapshot.Denies(KeyOf(i))));
            Assert.Equal(count, snapshot.Rules.Count);
        });
    }
}
