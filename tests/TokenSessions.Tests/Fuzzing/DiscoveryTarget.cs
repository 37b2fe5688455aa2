using System.Text;
using System.Text.Json;
using TokenSessions.Tests.Denylist;
using TokenSessions.Tests.Vectors.Making;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Tests.Fuzzing;

/// <summary>The issuer's discovery document (OpenID Connect Discovery §4.2), which says where the keys are.</summary>
internal sealed class DiscoveryTarget : IFuzzTarget
{
    private const string Issuer = "https://issuer.example";

    private static readonly byte[] Good = Encoding.UTF8.GetBytes(
        $$"""{"issuer":"{{Issuer}}","jwks_uri":"{{Issuer}}/.well-known/jwks.json","id_token_signing_alg_values_supported":["ES256"],"scopes_supported":[]}""");

    private static readonly DocumentMutator Mutator = new(new Dictionary<string, string[]>
    {
        ["issuer"] = [$"\"{Issuer}\"", $"\"{Issuer}/\"", "\"https://evil.example\"", "null", "[]", "\"https:\\/\\/issuer.example\"", "\"\\ud800\""],
        ["jwks_uri"] =
        [
            "\"http://issuer.example/jwks\"", "\"http://127.0.0.1/jwks\"", "\"file:///etc/passwd\"", "\"/jwks\"", "\"\"", "null", "\"https://\"", "\"https://[::1]/a\"",
            "\"https://issuer.example:99999/\"", "\"https://é.example/\"", "\"https://a/%ZZ\"", "\"javascript:1\"", "\"https://u:p@issuer.example/\"", "\"HTTPS://issuer.example/jwks\"",
            $"\"https://issuer.example/{new string('a', 70_000)}\"", "\"https://issuer.example/\\ud800\"", "\"//issuer.example/jwks\"", "\"https:issuer.example\"",
        ],
    });

    private readonly byte[] _keys = Encoding.UTF8.GetBytes($$"""{"keys":[{{VectorKey.Es256.Public().ToJsonString()}}]}""");
    private readonly FeedHost _host = new();
    private readonly HttpClient _http;
    private readonly HttpKeySetSource _source;

    public DiscoveryTarget()
    {
        _http = new(_host);
        _source = HttpKeySetSource.DiscoveredFrom(_http, Issuer);
    }

    public FuzzInput Next(Random random) => FuzzInput.Of(random.Next(50) == 0 ? Good : Mutator.Mutate(random, Good));

    public async Task<bool> RunAsync(FuzzInput input)
    {
        _host.Answer = path => Task.FromResult<byte[]?>(path == "/.well-known/openid-configuration" ? input.Bytes : _keys);
        _host.Asked.Clear();
        try
        {
            await _source.FetchAsync(CancellationToken.None);
        }
        catch (KeySetUnavailableException)
        {
            return false;
        }

        using var document = JsonDocument.Parse(input.Bytes); // As it reads with all its escapes.
        var named = new Uri(document.RootElement.GetProperty("jwks_uri").GetString()!);
        FuzzFindingException.ThrowUnless(
            named.Scheme == Uri.UriSchemeHttps && _host.Asked.Count == 2 && _host.Asked[^1] == named.PathAndQuery, "Keys were taken from nowhere that it names.");
        return true;
    }

    public ValueTask DisposeAsync()
    {
        _http.Dispose();
        return default;
    }
}
