using TokenSessions.Validation;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Tests.Validation;

/// <summary>The validator under test and the reference, told the same of clock, keys and denylist at every moment.</summary>
internal sealed class DifferentialWorld
{
    private readonly TokenValidationOptions _options;
    private readonly FakeClock _clock = new();
    private readonly FakeKeySetSource _source;
    private readonly KeySetCache _keys;
    private readonly FakeDenylistFeed _feed;
    private readonly DenylistSync? _denylist;
    private readonly TokenValidator _validator;
    private readonly List<ReferenceRule> _rules = [];

    private IReadOnlyList<ReferenceKey> _published;
    private bool _areKeysTooOld;
    private ReferenceSnapshot? _snapshot;

    private DifferentialWorld(TokenValidationOptions options, IReadOnlyList<ReferenceKey> keys)
    {
        (_options, _published) = (options, keys);
        _source = new([.. keys.Select(key => key.Published)]);
        _keys = new(_source, _clock);
        _feed = new(_clock);
        _denylist = options.AcceptTokensWithoutDenylist ? null : new(_feed, _clock);
        _validator = new(options, _keys, _denylist, _clock);
    }

    /// <summary>When every world begins, in seconds since 1970.</summary>
    public static long Start { get; } = new FakeClock().GetUtcNow().ToUnixTimeSeconds();

    /// <summary>A world whose key set has been fetched and, where it has a denylist, whose rules have been read.</summary>
    public static async Task<DifferentialWorld> BeginAsync(
        TokenValidationOptions options, IReadOnlyList<ReferenceKey> keys, DenylistHead? head, params IEnumerable<ReferenceRule> rules)
    {
        var world = new DifferentialWorld(options, keys);
        world._feed.Head = head ?? world._feed.Head;
        await world._keys.ReloadAsync(TestContext.Current.CancellationToken);
        foreach (var rule in rules)
        {
            world.Deny(rule);
        }

        await world.SyncAsync();
        return world;
    }

    public void Advance(TimeSpan by) => _clock.Advance(by);

    public void StepWallClock(TimeSpan by) => _clock.StepWallClock(by);

    /// <summary>Long enough for a key set that cannot be fetched again to become too old.</summary>
    public async Task SleepForADayAsync()
    {
        _clock.Advance(KeySetCache.MaxAge + TimeSpan.FromHours(1));
        _areKeysTooOld |= _source.IsDown;
        await _keys.ReloadAsync(TestContext.Current.CancellationToken);
    }

    public async Task PublishAsync(IReadOnlyList<ReferenceKey> keys)
    {
        (_published, _areKeysTooOld, _source.IsDown) = (keys, false, false);
        _source.Keys = new([.. keys.Select(key => key.Published)]);
        await _keys.ReloadAsync(TestContext.Current.CancellationToken);
    }

    public async Task LoseKeySetAsync()
    {
        _source.IsDown = true;
        await _keys.ReloadAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Writes a rule; the validator learns of it with the next sync.</summary>
    public void Deny(ReferenceRule rule)
    {
        _rules.Add(rule);
        _feed.Rules.Add(new(
            RuleKey.For(rule.Issuer, rule.Kind, rule.Value, rule.Region), _clock.GetUtcNow().ToUnixTimeMilliseconds(), rule.Watermark,
            rule.Kind.IsStanding()));
    }

    public async Task SyncAsync()
    {
        if (_denylist is not null)
        {
            await _denylist.SyncAsync(TestContext.Current.CancellationToken);
            _snapshot = new([.. _rules], _feed.Head.Regions, _feed.Head.LongestAccessTokenLifetime, _clock.GetUtcNow(), Elapsed);
        }
    }

    /// <summary>Null if both say the same of the token now; else what each says.</summary>
    /// <param name="token">Any text.</param>
    /// <param name="times">How often to ask the validator; every answer must be the same.</param>
    /// <param name="acceptWhileDenylistIsDown">Of this call.</param>
    public async Task<(string? Disagreement, string Verdict)> CompareAsync(
        string token, int times = 1, TimeSpan? acceptWhileDenylistIsDown = null)
    {
        var outage = acceptWhileDenylistIsDown ?? TimeSpan.MaxValue;
        var expected = ReferenceValidator.Decide(token, outage, State());
        for (var time = 1; time <= times; time++)
        {
            string? difference;
            try
            {
                var received = new string(token).AsMemory(); // As from another request: never the same object again.
                var actual = await _validator.ValidateAsync(received, outage, TestContext.Current.CancellationToken);
                difference = DifferentialComparison.Find(expected, actual);
            }
            catch (Exception e) when (e is not OperationCanceledException) // Nothing in a token may throw, so this is a finding, too.
            {
                difference = $"the validator threw {e}";
            }

            if (difference is not null)
            {
                return ($"answer {time}: {difference}", "");
            }
        }

        return (null, expected.Rejection?.ToString() ?? "Accepted");
    }

    private TimeSpan Elapsed => TimeSpan.FromTicks(_clock.GetTimestamp());

    private ReferenceState State() => new()
    {
        Options = _options,
        Now = _clock.GetUtcNow(),
        Elapsed = Elapsed,
        Keys = _published,
        AreKeysDown = _source.IsDown,
        AreKeysTooOld = _areKeysTooOld,
        HasDenylist = _denylist is not null,
        Snapshot = _snapshot,
    };
}
