using TokenSessions.Issuing.Feed;
using TokenSessions.Validation;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Tests.Simulation;

/// <summary>
/// An API: it accepts tokens of one audience, and syncs with the feed of its region, which is the table itself or the signed feed of
/// services there. A service is such a node too: it publishes what it reads.
/// </summary>
internal sealed class ValidatorNode
{
    /// <summary>The default of <see cref="TokenValidationOptions.MaxStaleness"/>.</summary>
    public static readonly TimeSpan MaxStaleness = TimeSpan.FromSeconds(30);

    /// <summary>The default of <see cref="TokenValidationOptions.ClockSkew"/>.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(30);

    private readonly World _world;
    private readonly Func<KeySet> _publishedKeys;
    private readonly HttpClient? _feedHost;

    private TimeSpan _offsetWhenSynced;

    /// <param name="world">Where it runs.</param>
    /// <param name="region">In which region.</param>
    /// <param name="number">For the trace.</param>
    /// <param name="audience">Whose tokens it accepts.</param>
    /// <param name="publishedKeys">The keys of those tokens.</param>
    /// <param name="services">Whose signed feed it reads; null if it reads the table.</param>
    public ValidatorNode(
        World world, int region, int number, string audience, Func<KeySet> publishedKeys, IReadOnlyList<ValidatorNode>? services = null)
    {
        (_world, Region, Name, Audience, _publishedKeys) = (world, region, $"validator {number}", audience, publishedKeys);
        _feedHost = services is null ? null : new(new SimulatedFeedHost(world, services)) { Timeout = Timeout.InfiniteTimeSpan };
        Start();
    }

    public string Name { get; }

    public int Region { get; }

    public string Audience { get; }

    public NodeClock Clock { get; private set; } = null!;

    public TokenValidator Tokens { get; private set; } = null!;

    public DenylistSync Sync { get; private set; } = null!;

    public KeySetCache Keys { get; private set; } = null!;

    /// <summary>Where it has its keys from.</summary>
    public SimulatedKeySet KeySource { get; private set; } = null!;

    /// <summary>The signed feed of what it has read.</summary>
    public SignedFeed Published { get; private set; } = null!;

    /// <summary>True if it knows only what services publish, each by its own clock.</summary>
    public bool ReadsSignedFeed => _feedHost is not null;

    /// <summary>When the last complete sync was sent, in true time; null if there was none.</summary>
    public TimeSpan? SyncedAt { get; private set; }

    /// <summary>
    /// Whether it certainly knows the denylist: it has read the table within <see cref="MaxStaleness"/>, and its clock has not been set since.
    /// </summary>
    public bool IsInStep => !ReadsSignedFeed && _world.Time.Elapsed - SyncedAt <= MaxStaleness && Clock.Offset == _offsetWhenSynced;

    /// <summary>When its denylist was read, by the clock of whoever read it.</summary>
    public TimeSpan DenylistAsOf => Sync.TryGetSnapshot(out var snapshot, out _)
        ? snapshot.AsOf - SimulatedTime.Start
        : throw new InvalidOperationException("Nothing is accepted before there is a denylist.");

    /// <summary>Everything in memory is new.</summary>
    public void Start()
    {
        SyncedAt = null;
        Clock = new(_world.Time) { Offset = Clock?.Offset ?? TimeSpan.Zero };
        Sync = new(_feedHost is null ? new SimulatedFeed(_world, Clock, Region) : new SignedFeedReader(_feedHost, _world, Clock), Clock, _world.Meters);
        Published = new(Sync, IssuerNode.Issuer, () => _world.Keys.FeedKey, Clock, MaxStaleness);
        KeySource = new(_world, _publishedKeys);
        Keys = new(KeySource, Clock);
        Tokens = new(
            new() { Issuer = IssuerNode.Issuer, Audiences = [Audience], MaxRememberedTokens = 50 }, Keys, Sync, Clock, _world.Meters);
    }

    /// <summary>A sync was complete.</summary>
    /// <param name="sentAt">When it was sent, in true time.</param>
    /// <param name="offset">How far off its clock was at that moment.</param>
    public void Synced(TimeSpan sentAt, TimeSpan offset) => (SyncedAt, _offsetWhenSynced) = (sentAt, offset);

    public void Kill()
    {
        _world.Kill(this, Clock);
        Start();
    }
}

/// <summary>The published keys, fetched over the network, and what came of it.</summary>
internal sealed class SimulatedKeySet(World world, Func<KeySet> publishedKeys) : IKeySetSource
{
    private KeySet? _received;
    private TimeSpan? _askedAt;
    private bool _isAnswered;

    public Task<KeySet> FetchAsync(CancellationToken cancellationToken)
    {
        (_askedAt, _isAnswered) = (world.Time.Elapsed, false);
        return World.CallAsync(
            CallKind.KeySet, "key set", _ => publishedKeys(), Receive, problem => new KeySetUnavailableException(problem), cancellationToken);
    }

    /// <summary>Why whoever was asked for a key at some time may not know it: it had just asked in vain. Null if it has to.</summary>
    public TokenRejection? WhyUnknown(string keyId, TimeSpan at) =>
        _received?.Find(keyId) is not null || !(at - _askedAt < Promises.KeySetCoolDown) ? null
        : _isAnswered ? TokenRejection.KeyUnknown
        : TokenRejection.KeysUnavailable;

    private KeySet Receive(KeySet keys)
    {
        (_received, _isAnswered) = (keys, true);
        return keys;
    }
}
