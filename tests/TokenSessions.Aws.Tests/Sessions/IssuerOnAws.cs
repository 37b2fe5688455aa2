using TokenSessions.Aws.Keys;
using TokenSessions.Aws.Tests.DynamoDb;
using TokenSessions.Aws.Tests.Keys;
using TokenSessions.Issuing;
using TokenSessions.Issuing.Keys;
using TokenSessions.Service.Tests.Leaks;
using TokenSessions.Tests;
using TokenSessions.Tests.Issuing;
using TokenSessions.Validation;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Jose;
using TokenSessions.Validation.Keys;
using KmsKeys = TokenSessions.Aws.Keys.KmsKeys;

namespace TokenSessions.Aws.Tests.Sessions;

/// <summary>An issuer as in production: rules and sessions in a table, token keys in KMS or wrapped by it, and a validator beside it.</summary>
internal sealed class IssuerOnAws : IAsyncDisposable
{
    private const string Audience = "https://api.example";

    private readonly DirectoryInfo _directory;
    private readonly KmsClients _clients;
    private readonly KeyRingFile _ring;

    private IssuerOnAws(TableUnderTest table, TestKms kms, KmsClients clients, KeyRingFile ring, DirectoryInfo directory)
    {
        Telemetry.Listen();
        (Table, Kms, _clients, _ring, _directory) = (table, kms, clients, ring, directory);
        var options = new SessionIssuerOptions { Issuer = TestKms.Issuer, DefaultAudience = Audience };
        var store = table.NewStore();
        Sessions = new(options, ring, store, new FakeSubjects { ["ada"] = new() { Scopes = ["reports.read"] } }, table.Time);
        Revoker = new(options, store, table.Time);
        Denylist = new(table.NewFeed(), table.Clock);
        var published = new StaticKeySetSource(ring.Current.PublishedKeys(table.Clock.GetUtcNow(), _ => false));
        Validator = new(new() { Issuer = TestKms.Issuer, Audiences = [Audience] }, new KeySetCache(published, table.Clock), Denylist, table.Clock);
    }

    public TableUnderTest Table { get; }

    public TestKms Kms { get; }

    public SessionIssuer Sessions { get; }

    public SessionRevoker Revoker { get; }

    public DenylistSync Denylist { get; }

    public TokenValidator Validator { get; }

    /// <summary>The tokens that were issued.</summary>
    public Secrets Secrets { get; } = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <param name="isWrapped">True for token keys wrapped by KMS, false for token keys in it.</param>
    /// <param name="limits">How KMS is called; null for the defaults on a clock that stands still.</param>
    public static async Task<IssuerOnAws> CreateAsync(bool isWrapped = false, KmsOptions? limits = null)
    {
        var clock = new FakeClock();
        var (table, kms) = (await TableUnderTest.CreateAsync(clock), await TestKms.StartAsync());
        var directory = Directory.CreateTempSubdirectory("tokensessions-aws-");
        var path = Path.Combine(directory.FullName, "keys.json");
        var clients = kms.Clients(clock, limits);
        IKeySource[] sources = [new KmsKeySource(clients), new KmsWrappedKeySource(TestKms.Issuer, clients)];
        var (keys, wrapping) = (new KmsKeys(clients), await kms.MakeSymmetricAsync());
        var entries = new List<NewKeyRingEntry>();
        for (var i = 0; i < 2; i++) // In use, and standby.
        {
            entries.Add(isWrapped
                ? await keys.CreateWrappedSigningKeyAsync(KeyPurpose.Sign, SignatureAlgorithm.ES256, TestKms.Issuer, wrapping, null, Cancel)
                : await kms.MakeAsync());
            entries.Add(await keys.CreateWrappedSealingKeyAsync(TestKms.Issuer, wrapping, null, Cancel));
        }

        await KeyRingWriter.AddAsync(path, entries, null, new(), clock, sources, Cancel);
        var ring = await KeyRingFile.OpenAsync(path, new(), clock, sources, Cancel);
        return new(table, kms, clients, ring, directory);
    }

    public async Task<IssuedTokens> StartAsync()
    {
        var result = await Sessions.StartAsync(new() { Subject = "ada" }, Cancel);
        return Learn(result);
    }

    public async Task<IssuedTokens> RefreshAsync(IssuedTokens tokens)
    {
        var result = await Sessions.RefreshAsync(new() { RefreshToken = tokens.RefreshToken }, Cancel);
        return Learn(result);
    }

    public async Task AssertValidAsync(IssuedTokens tokens) =>
        Assert.Equal("Accepted", (await Validator.ValidateAsync(tokens.AccessToken, Cancel)).ToString());

    public async ValueTask DisposeAsync()
    {
        _ring.Dispose();
        _clients.Dispose();
        await Kms.DisposeAsync();
        await Table.DisposeAsync();
        _directory.Delete(recursive: true);
        Telemetry.Observe();
        Secrets.AssertNoneTold(Telemetry.PlacesOf(Secrets));
    }

    private IssuedTokens Learn(SessionResult result)
    {
        Assert.True(result.IsIssued, result.ToString());
        Secrets.Add(result.Tokens.AccessToken);
        Secrets.Add(result.Tokens.RefreshToken);
        return result.Tokens;
    }
}
