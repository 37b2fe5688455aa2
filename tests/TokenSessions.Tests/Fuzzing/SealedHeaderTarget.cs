using System.Text;
using TokenSessions.Tests.Issuing;
using TokenSessions.Tests.Validation;
using TokenSessions.Tests.Vectors.Making;

namespace TokenSessions.Tests.Fuzzing;

/// <summary>The header of a refresh token, authenticated under our own key. Only the one that the issuer writes may open it.</summary>
internal sealed class SealedHeaderTarget : IFuzzTarget
{
    private const string Compressed = "over compressed content";

    private readonly IssuerUnderTest _issuer = new();
    private readonly RefreshSeal _seal;
    private readonly Dictionary<string, string[]> _values;
    private byte[] _content = [];

    private SealedHeaderTarget()
    {
        _seal = RefreshSeal.Of(_issuer);
        var standby = _issuer.Ring.KidOf("seal", 1);
        _values = new()
        {
            ["alg"] = ["\"dir\"", "\"none\"", "\"Dir\"", "\"d\\u0069r\"", "\"A256GCMKW\"", "\"A256KW\"", "\"RSA-OAEP\"", "\"RSA1_5\"", "\"ECDH-ES\"", "\"PBES2-HS256+A128KW\"", "null"],
            ["enc"] = ["\"A256GCM\"", "\"A128GCM\"", "\"A128CBC-HS256\"", "\"A256GCM\\u0000\"", "\"none\"", "null"],
            ["kid"] = [$"\"{_seal.KeyId}\"", $"\"{standby}\"", $"\"{_seal.KeyId[..^1]}\"", $"\"{_seal.KeyId}A\"", "\"AAAAAAAAAAAAAAAAAAAAAA\"", "\"AAAAAAAAAAAAAAAAAAAAAB\"", "\"\"", "null", "1"],
            ["typ"] = ["\"rt+jwt\"", "\"RT+JWT\"", "\"application/rt+jwt\"", "\"rt\\u002bjwt\"", "\"state+jwt\"", "\"at+jwt\"", "null"],
            ["zip"] = ["\"DEF\"", "\"GZ\"", "\"\"", "null"],
            ["crit"] = ["[]", "[\"exp\"]", "[\"zip\"]", "[\"b64\"]", "null"],
            ["b64"] = ["true", "false"],
            ["cty"] = ["\"JWT\"", "\"json\""],
            ["epk"] = ["{}", "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}"],
            ["p2c"] = ["1", "2147483647", "1e999"],
            ["p2s"] = ["\"AAAAAAAAAAA\""],
            ["iv"] = ["\"AAAAAAAAAAAAAAAA\""],
            ["tag"] = ["\"AAAAAAAAAAAAAAAAAAAAAA\""],
            ["jwk"] = ["{\"kty\":\"oct\"}"],
            ["pad"] = [$"\"{new string('p', 5000)}\""],
        };
    }

    public static async Task<SealedHeaderTarget> BeginAsync()
    {
        var target = new SealedHeaderTarget();
        target._content = target._seal.Open((await target._issuer.StartAsync()).RefreshToken);
        target._issuer.Store.Forget();
        return target;
    }

    public FuzzInput Next(Random random)
    {
        if (random.Next(50) == 0)
        {
            return FuzzInput.Of(_seal.Header);
        }

        List<RawMember> good =
        [
            new("\"alg\"", "\"dir\""), new("\"enc\"", "\"A256GCM\""), new("\"kid\"", $"\"{_seal.KeyId}\""), new("\"typ\"", "\"rt+jwt\""),
        ];
        return FuzzInput.Of(new JsonMutator(random, _values).Mutate(good)) with { Variant = random.Next(4) == 0 ? Compressed : "" };
    }

    public Task<bool> RunAsync(FuzzInput input)
    {
        var isGood = input.Variant != Compressed && input.Bytes.AsSpan().SequenceEqual(Encoding.UTF8.GetBytes(_seal.Header));
        var token = _seal.Seal(input.Bytes, input.Variant == Compressed ? Deflated.Stored(_content) : _content);
        return _issuer.OpensAsync(token, mustOpen: isGood);
    }

    public ValueTask DisposeAsync() => _issuer.DisposeAsync();
}
