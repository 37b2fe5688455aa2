using System.Text;
using TokenSessions.Tests.Denylist;
using TokenSessions.Tests.Validation;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Jose;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Tests.Fuzzing;

/// <summary>A reader of the signed feed who is answered one document, whatever is asked for.</summary>
internal sealed class FeedReader : IDisposable
{
    private readonly FakeClock _clock = new();
    private readonly FeedHost _host = new();
    private readonly HttpClient _http;
    private readonly KeySetCache _keys;
    private readonly FeedKey _key = new();

    private FeedReader()
    {
        _http = new(_host);
        _keys = new(new FakeKeySetSource(_key.VerificationKey), _clock);
        Content = Encoding.UTF8.GetBytes(
            $$"""
            {"iss":"{{TimedFeed.Issuer}}","as_of":{{_clock.GetUtcNow().ToUnixTimeMilliseconds()}},"cursor":"c1","whole":true,
            "head":{"shards":2,"regions":1,"window":960,"longest_access_token_lifetime":600,"longest_refresh_life":2592000},
            "rules":[["dZQOY2RnkJhyxtG5DvpFmg",1763640000000],["_eIL1BxfekOYDu_Q0I0Spg",1763640000001,1763640000002]],
            "standing":[["BehRjXMwBimtZFa-3uoEWg",1763640000003]]}
            """);
    }

    /// <summary>A good payload.</summary>
    public byte[] Content { get; }

    public static async Task<FeedReader> BeginAsync()
    {
        var reader = new FeedReader();
        await reader._keys.ReloadAsync(CancellationToken.None);
        return reader;
    }

    public async Task<byte[]> SignAsync(byte[] payload)
    {
        var input = Encoding.ASCII.GetBytes(
            $"{StrictBase64Url.Encode(Encoding.UTF8.GetBytes(_key.Header().ToJsonString()))}.{StrictBase64Url.Encode(payload)}");
        return [.. input, (byte)'.', .. Encoding.ASCII.GetBytes(StrictBase64Url.Encode(await _key.SignAsync(input, CancellationToken.None)))];
    }

    /// <summary>What a validator that has read nothing yet makes of the document.</summary>
    /// <returns>Null if it is refused.</returns>
    public async Task<DenylistChanges?> ReadAsync(byte[] document)
    {
        _host.Asked.Clear();
        _host.Answer = _ => Task.FromResult<byte[]?>(document);
        try
        {
            return await NewFeed().ReadAsync(null, CancellationToken.None);
        }
        catch (DenylistUnavailableException)
        {
            return null;
        }
    }

    /// <summary>Whether a validator that synced with the document knows the denylist then.</summary>
    public async Task<bool> SyncAsync(byte[] document)
    {
        _host.Answer = _ => Task.FromResult<byte[]?>(document);
        var sync = new DenylistSync(NewFeed(), _clock);
        var first = await sync.SyncAsync(CancellationToken.None);
        _clock.Advance(TimeSpan.FromSeconds(2));
        await sync.SyncAsync(CancellationToken.None);
        _clock.Advance(TimeSpan.FromSeconds(-2));
        return first.IsComplete;
    }

    public void Dispose() => _http.Dispose();

    private HttpDenylistFeed NewFeed() =>
        new(_http, new("https://issuer.example/denylist/"), TimedFeed.Issuer, _keys, _clock, TimeSpan.FromSeconds(30));
}
