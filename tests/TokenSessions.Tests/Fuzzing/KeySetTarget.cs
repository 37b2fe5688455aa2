using TokenSessions.Tests.Denylist;
using TokenSessions.Tests.Vectors.Making;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Tests.Fuzzing;

/// <summary>A key set (RFC 7517 §5) as it comes over HTTP.</summary>
internal sealed class KeySetTarget : IFuzzTarget
{
    private const int LongestMessage = 16 * 1024;

    private readonly FeedHost _host = new();
    private readonly HttpClient _http;
    private readonly HttpKeySetSource _source;
    private readonly byte[][] _documents;

    public KeySetTarget()
    {
        _http = new(_host);
        _source = HttpKeySetSource.At(_http, new("https://issuer.example/jwks.json"));
        _documents = [Document(VectorKey.Es256, VectorKey.Es384, VectorKey.Rs256, VectorKey.Ps256), Document(VectorKey.Es256), Document(VectorKey.Rs256)];
    }

    /// <summary>Values of a JWK worth a try: other keys', broken ones, and the limits of what is read.</summary>
    public static Dictionary<string, string[]> Values { get; } = new()
    {
        ["keys"] = ["[]", "{}", "null", "[null]", "[[]]"],
        ["kty"] = ["\"EC\"", "\"RSA\"", "\"oct\"", "\"OKP\"", "\"ec\"", "null", "1"],
        ["alg"] = ["\"ES256\"", "\"ES384\"", "\"RS256\"", "\"PS256\"", "\"HS256\"", "\"none\"", "null", "\"\""],
        ["crv"] = ["\"P-256\"", "\"P-384\"", "\"P-521\"", "\"secp256k1\"", "null"],
        ["kid"] = ["\"\"", "\"a\"", "null", $"\"{new string('k', 128)}\"", $"\"{new string('k', 129)}\"", "\"\\ud800\"", "\"\\u0000\""],
        ["use"] = ["\"sig\"", "\"enc\"", "null", "[]"],
        ["key_ops"] = ["[]", "[\"verify\"]", "[\"sign\"]", "[1]", "null", "\"verify\"", "[\"\\ud800\",\"verify\"]"],
        ["x"] = ["\"\"", "\"AA\"", $"\"{new string('A', 43)}\"", $"\"{new string('_', 42)}8\"", "\"A=\"", "null", $"\"{new string('A', 64)}\""],
        ["y"] = ["\"\"", $"\"{new string('A', 43)}\"", $"\"{new string('_', 42)}8\"", $"\"{new string('A', 64)}\"", "1"],
        ["n"] = ["\"\"", "\"AQ\"", $"\"{new string('_', 342)}\"", $"\"{new string('_', 1365)}8\"", $"\"{new string('_', 1368)}\"", $"\"gA{new string('A', 340)}\"", "null"],
        ["e"] = ["\"AQAB\"", "\"AQ\"", "\"Aw\"", "\"AAEAAQ\"", "\"_____w\"", "\"_______8\"", "\"\"", "null", "\"Ag\""],
        ["d"] = ["\"AA\"", "null"],
        ["jwks_uri"] = ["\"https://issuer.example/jwks.json\""],
    };

    private readonly DocumentMutator _mutator = new(Values);

    public FuzzInput Next(Random random) => random.Next(50) == 0
        ? FuzzInput.Of(_documents[random.Next(_documents.Length)])
        : FuzzInput.Of(_mutator.Mutate(random, _documents[random.Next(_documents.Length)]));

    public async Task<bool> RunAsync(FuzzInput input)
    {
        _host.Answer = _ => Task.FromResult<byte[]?>(input.Bytes);
        _host.Asked.Clear();
        KeySet keys;
        try
        {
            keys = await _source.FetchAsync(CancellationToken.None);
        }
        catch (KeySetUnavailableException e)
        {
            FuzzFindingException.ThrowUnless(e.Message.Length <= LongestMessage, $"The refusal has {e.Message.Length} characters.");
            return false;
        }

        Check(keys);
        return true;
    }

    public ValueTask DisposeAsync()
    {
        _http.Dispose();
        return default;
    }

    private static byte[] Document(params VectorKey[] keys) =>
        System.Text.Encoding.UTF8.GetBytes($$"""{"keys":[{{string.Join(',', keys.Select(key => key.Public().ToJsonString()))}}]}""");

    private static void Check(KeySet keys)
    {
        FuzzFindingException.ThrowUnless(keys.Keys.Count is >= 1 and <= KeySet.MaxKeys, "It has no key or too many.");
        var written = keys.ToJson();
        var again = KeySet.Parse(written);
        FuzzFindingException.ThrowUnless(
            again.Ignored.Count == 0 && again.ToJson().AsSpan().SequenceEqual(written)
                && again.Keys.Select(key => key.Thumbprint()).SequenceEqual(keys.Keys.Select(key => key.Thumbprint())),
            "It is not the same when it was written and read again.");
        FuzzFindingException.ThrowUnless(
            keys.Keys.All(key => !key.Verify("a.b"u8, new byte[64]) && !key.Verify("a.b"u8, new byte[256])), "A key takes zeros for a signature.");
    }
}
