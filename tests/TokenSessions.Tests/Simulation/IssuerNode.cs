using TokenSessions.Issuing;
using TokenSessions.Issuing.Keys;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Tests.Simulation;

/// <summary>An instance of the service: it starts, refreshes and ends sessions, makes rules, and publishes its keys.</summary>
internal sealed class IssuerNode
{
    public const string Issuer = "https://issuer.example";
    public const string FirstApi = "https://first.example";
    public const string SecondApi = "https://second.example";

    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);
    public static readonly TimeSpan AccessTokenLifetime = TimeSpan.FromMinutes(10);

    private readonly World _world;
    private KeyRingFile _keys = null!;

    public IssuerNode(World world, int region, int number)
    {
        (_world, Region, Name) = (world, region, $"issuer {number}");
        Start();
    }

    public string Name { get; }

    public int Region { get; }

    public NodeClock Clock { get; private set; } = null!;

    public SessionIssuer Sessions { get; private set; } = null!;

    public SessionRevoker Revoker { get; private set; } = null!;

    /// <summary>Everything in memory is new.</summary>
    public void Start()
    {
        Clock = new(_world.Time) { Offset = Clock?.Offset ?? TimeSpan.Zero };
        _keys = _world.Keys.Open(Clock);
        var options = new SessionIssuerOptions
        {
            Issuer = Issuer,
            DefaultAudience = FirstApi,
            Audiences = [new() { Uri = SecondApi }],
            ClientIds = ["web", "app"],
            AccessTokenLifetime = AccessTokenLifetime,
            RefreshIdleLifetime = TimeSpan.FromHours(2),
            SessionLifetime = TimeSpan.FromHours(6),
            Grace = Grace,
            Regions = _world.Regions,
            Region = Region,
        };
        var store = new SimulatedStore(_world, Clock, Region);
        Sessions = new(options, _keys, store, new SimulatedSubjects(_world), Clock, _world.Meters);
        Revoker = new(options, store, Clock, _world.Meters);
    }

    public void Kill()
    {
        _world.Kill(this, Clock);
        Start();
    }

    /// <summary>What it publishes now.</summary>
    public KeySet PublishedKeys()
    {
        var keys = _keys.Current.PublishedKeys(Clock.GetUtcNow(), keyId => _world.History.IsKeyRevoked(keyId, Region));
        NoFalseTheft.CheckPublished(_world, this, keys);
        return keys;
    }
}
