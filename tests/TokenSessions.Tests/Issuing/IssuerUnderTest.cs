using System.Text;
using System.Text.Json.Nodes;
using TokenSessions.Issuing;
using TokenSessions.Issuing.Keys;
using TokenSessions.Issuing.Stores;
using TokenSessions.Tests.Issuing.Keys;
using TokenSessions.Tests.Stores;
using TokenSessions.Validation;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Jose;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Tests.Issuing;

/// <summary>An issuer with everything around it real but the clock, the subjects, and the faults of its store.</summary>
internal sealed class IssuerUnderTest : IAsyncDisposable
{
    public const string Issuer = "https://issuer.example";
    public const string Audience = "https://api.example";
    public const string Subject = "ada";

    private readonly ScratchDirectory _scratch = new();
    private readonly JournalStore _journal;
    private readonly DenylistSync _sync;

    public IssuerUnderTest(Action<SessionIssuerOptions>? configure = null, params SignatureAlgorithm[] algorithms)
    {
        Ring = new(Time, algorithms);
        Keys = Ring.Load(Time);
        _journal = JournalStore.Open(_scratch.Path, Time);
        Store = new(_journal);
        _sync = new(_journal, Time);
        configure?.Invoke(Options);
        Sessions = NewIssuer(Options);
        Revoker = new(Options, Store, Time);
        Subjects[Subject] = new() { Scopes = ["reports.read", "reports.write"], Roles = ["clerk"] };
    }

    public FakeClock Time { get; } = new();

    public RingDirectory Ring { get; }

    public KeyRingFile Keys { get; }

    public FaultyStore Store { get; }

    public FakeSubjects Subjects { get; } = new();

    public SessionIssuerOptions Options { get; } = new() { Issuer = Issuer, DefaultAudience = Audience };

    public SessionIssuer Sessions { get; }

    public SessionRevoker Revoker { get; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static JsonObject ReadSegment(string token, int index) =>
        JsonNode.Parse(Encoding.UTF8.GetString(StrictBase64Url.Decode(token.Split('.')[index])!))!.AsObject();

    public static JsonObject Claims(IssuedTokens tokens) => ReadSegment(tokens.AccessToken, 1);

    public SessionIssuer NewIssuer(SessionIssuerOptions options, TimeProvider? time = null) => new(options, Keys, Store, Subjects, time ?? Time);

    /// <summary>The wall clock is set once, while the next request is under way: after it has read the authority.</summary>
    public void SetClockAfterRead(int seconds) => Store.After = method =>
    {
        if (method == nameof(ISessionStore.ReadAsync))
        {
            Store.After = _ => { };
            Time.StepWallClock(TimeSpan.FromSeconds(seconds));
        }
    };

    public async Task<IssuedTokens> StartAsync(string subject = Subject, string? audience = null)
    {
        var result = await Sessions.StartAsync(new() { Subject = subject, Audience = audience }, Cancellation);
        Assert.True(result.IsIssued, result.ToString());
        return result.Tokens;
    }

    public Task<SessionResult> RefreshAsync(IssuedTokens tokens) => RefreshAsync(tokens.RefreshToken);

    public Task<SessionResult> RefreshAsync(string refreshToken) => Sessions.RefreshAsync(new() { RefreshToken = refreshToken }, Cancellation);

    public async Task<IssuedTokens> RefreshedAsync(IssuedTokens tokens)
    {
        var result = await RefreshAsync(tokens);
        Assert.True(result.IsIssued, result.ToString());
        return result.Tokens;
    }

    public Task<Revocation> RevokeAsync(RuleKind kind, string value) => Revoker.RevokeAsync(kind, value, "a test", "admin", Cancellation);

    public async Task<AuthorityItem?> ItemAsync(RuleKind kind, string value)
    {
        var key = new AuthorityKey(Issuer, kind, value);
        return (await _journal.ReadAsync([key], Cancellation)).GetValueOrDefault(key);
    }

    /// <summary>What the store has written, byte by byte.</summary>
    public string Stored() => string.Concat(Directory.EnumerateFiles(_scratch.Path, "sessions.journal*").Select(path =>
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete); // Its owner has it open.
        using var reader = new StreamReader(file, Encoding.Latin1);
        return reader.ReadToEnd();
    }));

    /// <summary>What an API decides that has just synced, and that knows the keys published now.</summary>
    public async Task<string> ValidateAsync(IssuedTokens tokens, string audience = Audience, string type = "at+jwt")
    {
        var published = new KeySetCache(new StaticKeySetSource(Keys.Current.PublishedKeys(Time.GetUtcNow(), _ => false)), Time);
        var validator = new TokenValidator(
            new() { Issuer = Issuer, Audiences = [audience], Types = [type], MaxTokenLifetime = TimeSpan.FromHours(24) }, published, _sync, Time);
        var outcome = await _sync.SyncAsync(Cancellation);
        Assert.True(outcome.IsComplete, outcome.Problem);
        return (await validator.ValidateAsync(tokens.AccessToken, Cancellation)).ToString();
    }

    public async ValueTask DisposeAsync()
    {
        Keys.Dispose();
        await _journal.DisposeAsync();
        _scratch.Dispose();
        Ring.Dispose();
    }
}
