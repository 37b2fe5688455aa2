using TokenSessions.Validation;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Tests.Simulation;

/// <summary>An API: it accepts tokens of one audience, and syncs with the feed of its region.</summary>
internal sealed class ValidatorNode
{
    /// <summary>The default of <see cref="TokenValidationOptions.MaxStaleness"/>.</summary>
    public static readonly TimeSpan MaxStaleness = TimeSpan.FromSeconds(30);

    /// <summary>The default of <see cref="TokenValidationOptions.ClockSkew"/>.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(30);

    private readonly World _world;
    private readonly Func<KeySet> _publishedKeys;

    public ValidatorNode(World world, int region, int number, string audience, Func<KeySet> publishedKeys)
    {
        (_world, Region, Name, Audience, _publishedKeys) = (world, region, $"validator {number}", audience, publishedKeys);
        Start();
    }

    public string Name { get; }

    public int Region { get; }

    public string Audience { get; }

    public NodeClock Clock { get; private set; } = null!;

    public TokenValidator Tokens { get; private set; } = null!;

    public DenylistSync Sync { get; private set; } = null!;

    public KeySetCache Keys { get; private set; } = null!;

    /// <summary>When the last complete sync was sent, in true time; null if there was none.</summary>
    public TimeSpan? SyncedAt { get; set; }

    /// <summary>Everything in memory is new.</summary>
    public void Start()
    {
        SyncedAt = null;
        Clock = new(_world.Time) { Offset = Clock?.Offset ?? TimeSpan.Zero };
        Sync = new(new SimulatedFeed(_world, Clock, Region), Clock, _world.Meters);
        Keys = new(new SimulatedKeySet(_publishedKeys), Clock);
        Tokens = new(
            new() { Issuer = IssuerNode.Issuer, Audiences = [Audience], MaxRememberedTokens = 50 }, Keys, Sync, Clock, _world.Meters);
    }

    public void Kill()
    {
        _world.Kill(this, Clock);
        Start();
    }
}

/// <summary>The published keys, fetched over the network.</summary>
internal sealed class SimulatedKeySet(Func<KeySet> publishedKeys) : IKeySetSource
{
    public Task<KeySet> FetchAsync(CancellationToken cancellationToken) => World.CallAsync(
        CallKind.KeySet, "key set", _ => publishedKeys(), answer => answer, problem => new KeySetUnavailableException(problem), cancellationToken);
}

/// <summary>The feed as one node reads it: two pages, each a request of its own.</summary>
internal sealed class SimulatedFeed(World world, NodeClock clock, int region) : IDenylistFeed
{
    /// <summary>The longest an eventually consistent read lags behind.</summary>
    public static readonly TimeSpan MaxLag = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan Ahead = TimeSpan.FromMinutes(1);

    public async Task<DenylistChanges> ReadAsync(DateTimeOffset? since, CancellationToken cancellationToken)
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
                answers.Made();
                var lag = call.Twist is Fault.Stale ? MaxLag : TimeSpan.Zero;
                return world.Table.Regions[region].ReadPage(since, asOf + Ahead, world.Time.GetUtcNow() - lag, isSecond);
            },
            answer => answers.FindProblem() is { } problem ? throw new DenylistUnavailableException(problem) : answer,
            problem => new DenylistUnavailableException(problem),
            cancellationToken);
    }
}
