using TokenSessions.Issuing;
using TokenSessions.Issuing.Keys;
using TokenSessions.Issuing.Stores;
using TokenSessions.Tests.Issuing.Keys;
using TokenSessions.Tests.Stores;
using TokenSessions.Validation;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Tests.Issuing.Regions;

/// <summary>One issuer in several regions: one key ring, and a replica of the table for each region.</summary>
internal sealed class RegionsUnderTest : IDisposable
{
    public const string Subject = IssuerUnderTest.Subject;

    private readonly RingDirectory _ring;
    private readonly RegionUnderTest[] _regions;

    public RegionsUnderTest(int regions = 2, int seed = 1)
    {
        _ring = new(Time);
        Keys = _ring.Load(Time);
        Table = new(Time, regions, seed);
        Subjects[Subject] = new() { Scopes = ["reports.read"] };
        _regions = [.. Enumerable.Range(0, regions).Select(region => new RegionUnderTest(this, region, regions))];
    }

    public FakeClock Time { get; } = new();

    public KeyRingFile Keys { get; }

    public ReplicatedTable Table { get; }

    public FakeSubjects Subjects { get; } = new();

    public RegionUnderTest this[int region] => _regions[region];

    public IReadOnlyList<RegionUnderTest> All => _regions;

    /// <summary>Every region has said how tokens live, and knows of the others.</summary>
    public async Task PrepareAsync()
    {
        foreach (var region in _regions)
        {
            await region.Sessions.PrepareAsync(TestContext.Current.CancellationToken);
        }

        Replicate();
    }

    /// <summary>Everything that was written arrives everywhere, except while the table is cut.</summary>
    public void Replicate() => Time.Advance(Table.MaxLag);

    public void Dispose()
    {
        Keys.Dispose();
        _ring.Dispose();
    }
}

/// <summary>What runs in one region: a service, and an API that syncs with the region's replica.</summary>
internal sealed class RegionUnderTest
{
    private readonly RegionsUnderTest _all;
    private readonly DenylistSync _sync;

    public RegionUnderTest(RegionsUnderTest all, int region, int regions)
    {
        _all = all;
        Options = new() { Issuer = IssuerUnderTest.Issuer, DefaultAudience = IssuerUnderTest.Audience, Regions = regions, Region = region };
        Store = new(all.Table.Regions[region]);
        _sync = new(all.Table.Regions[region], all.Time);
        Sessions = new(Options, all.Keys, Store, all.Subjects, all.Time);
        Revoker = new(Options, Store, all.Time);
    }

    public SessionIssuerOptions Options { get; }

    public FaultyStore Store { get; }

    public SessionIssuer Sessions { get; }

    public SessionRevoker Revoker { get; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async Task<IssuedTokens> StartAsync(string subject = RegionsUnderTest.Subject)
    {
        var result = await Sessions.StartAsync(new() { Subject = subject }, Cancellation);
        Assert.True(result.IsIssued, result.ToString());
        return result.Tokens;
    }

    public Task<SessionResult> RefreshAsync(IssuedTokens tokens) =>
        Sessions.RefreshAsync(new() { RefreshToken = tokens.RefreshToken }, Cancellation);

    public Task<Revocation> RevokeAsync(RuleKind kind, string value) => Revoker.RevokeAsync(kind, value, "a test", "admin", Cancellation);

    public Task<EndResult> EndAsync(IssuedTokens tokens, bool everywhere = false) =>
        Sessions.EndAsync(tokens.RefreshToken, everywhere, Cancellation);

    /// <summary>The item that a region has written, as this region's replica has it.</summary>
    public async Task<AuthorityItem?> ItemAsync(RuleKind kind, string value, int writtenBy)
    {
        var key = new AuthorityKey(Options.Issuer, kind, value, writtenBy);
        return (await _all.Table.Regions[Options.Region].ReadAsync([key], Cancellation)).GetValueOrDefault(key);
    }

    /// <summary>What an API of this region decides that has just synced.</summary>
    public async Task<string> ValidateAsync(IssuedTokens tokens)
    {
        await SyncAsync();
        var published = new KeySetCache(new StaticKeySetSource(_all.Keys.Current.PublishedKeys(_all.Time.GetUtcNow(), _ => false)), _all.Time);
        var validator = new TokenValidator(
            new() { Issuer = IssuerUnderTest.Issuer, Audiences = [IssuerUnderTest.Audience] }, published, _sync, _all.Time);
        return (await validator.ValidateAsync(tokens.AccessToken, Cancellation)).ToString();
    }

    public async Task SyncAsync()
    {
        var outcome = await _sync.SyncAsync(Cancellation);
        Assert.True(outcome.IsComplete, outcome.Problem);
    }
}
