using TokenSessions.Tests.Validation;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Simulation;

/// <summary>A feed as one node reads it. What a sync reads after its poll is a request of its own: nobody waits for it.</summary>
internal abstract class FeedOfANode : IDenylistFeed
{
    public Task<DenylistChanges> ReadAsync(DateTimeOffset? since, CancellationToken cancellationToken)
    {
        var asked = Request.Current!;
        if (asked.HasReadFeed)
        {
            return World.BeginBeside(asked, Part.Reread, "re-read", () => ReadOnceAsync(since, cancellationToken));
        }

        asked.HasReadFeed = true;
        return ReadOnceAsync(since, cancellationToken);
    }

    protected abstract Task<DenylistChanges> ReadOnceAsync(DateTimeOffset? since, CancellationToken cancellationToken);
}

/// <summary>The signed feed, read by the product's own reader.</summary>
internal sealed class SignedFeedReader(HttpClient host, World world, NodeClock clock) : FeedOfANode
{
    private readonly HttpDenylistFeed _feed = new(
        host, new("https://issuer.example/denylist/"), IssuerNode.Issuer,
        new(new FakeKeySetSource(world.Keys.FeedKey.VerificationKey), clock), clock, ValidatorNode.MaxStaleness);

    protected override Task<DenylistChanges> ReadOnceAsync(DateTimeOffset? since, CancellationToken cancellationToken) =>
        _feed.ReadAsync(since, cancellationToken);
}

/// <summary>The table, read in two pages, each a call of its own.</summary>
internal sealed class SimulatedFeed(World world, NodeClock clock, int region) : FeedOfANode
{
    /// <summary>The longest an eventually consistent read lags behind.</summary>
    public static readonly TimeSpan MaxLag = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan Ahead = TimeSpan.FromMinutes(1);

    protected override async Task<DenylistChanges> ReadOnceAsync(DateTimeOffset? since, CancellationToken cancellationToken)
    {
        var asOf = clock.GetUtcNow();
        var first = await ReadPageAsync(since, asOf, isSecond: false, cancellationToken).ConfigureAwait(false);
        var second = await ReadPageAsync(since, asOf, isSecond: true, cancellationToken).ConfigureAwait(false);
        var head = first.Head ?? throw new DenylistUnavailableException("There is no head yet.");
        return new(asOf, head, [.. first.Rules, .. second.Rules], since is null);
    }

    private Task<(DenylistHead? Head, IReadOnlyList<DenylistRule> Rules)> ReadPageAsync(
        DateTimeOffset? since, DateTimeOffset asOf, bool isSecond, CancellationToken cancellationToken)
    {
        var answers = new AnswerDates(world, clock);
        return World.CallAsync(
            CallKind.Feed,
            isSecond ? "feed, page 2" : "feed, page 1",
            call =>
            {
                if (world.Faults.LongestRead < TimeSpan.MaxValue && !(asOf - since <= world.Faults.LongestRead))
                {
                    throw new DenylistUnavailableException("Throttled.");
                }

                answers.Made();
                var lag = call.Twist is Fault.Stale ? MaxLag : TimeSpan.Zero;
                return world.Table.Regions[region].ReadPage(since, asOf + Ahead, world.Time.GetUtcNow() - lag, isSecond);
            },
            answer => answers.FindProblem() is { } problem ? throw new DenylistUnavailableException(problem) : answer,
            problem => new DenylistUnavailableException(problem),
            cancellationToken);
    }
}
