using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using TokenSessions.Validation.Jose;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Tests.Keys;

public sealed class VerificationKeyTests
{
    /// <summary>RFC 7638 §3.1.</summary>
    private const string Rfc7638Key = """
        {"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}
        """;

    /// <summary>RFC 7515 Appendix A.3.1, with the alg and kid that a key set must have.</summary>
    private const string Rfc7515Key = """
        {"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","alg":"ES256","kid":"a"}
        """;

    [Fact]
    public void Computes_the_thumbprint_of_RFC_7638() =>
        Assert.Equal("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", Read(Rfc7638Key).Thumbprint());

    [Fact]
    public void Verifies_the_ES256_example_of_RFC_7515()
    {
        const string Input = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        var signature = StrictBase64Url.Decode("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q")!;
        var key = Read(Rfc7515Key);

        Assert.True(key.Verify(Encoding.ASCII.GetBytes(Input), signature));
        signature[10] ^= 1;
        Assert.False(key.Verify(Encoding.ASCII.GetBytes(Input), signature));
    }

    [Fact]
    public void Names_a_key_made_here_by_its_thumbprint()
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var key = VerificationKey.From(ecdsa, SignatureAlgorithm.ES256);

        Assert.Equal(43, key.KeyId.Length);
        Assert.Equal(key.Thumbprint(), key.KeyId);
    }

    [Fact]
    public void Publishes_exactly_what_other_verifiers_need()
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var rsa = RSA.Create(3072);
        var set = new KeySet([VerificationKey.From(ecdsa, SignatureAlgorithm.ES384), VerificationKey.From(rsa, SignatureAlgorithm.RS256)]);

        var published = JsonNode.Parse(set.ToJson())!["keys"]!.AsArray();

        Assert.Equal(["kty", "use", "alg", "kid", "crv", "x", "y"], published[0]!.AsObject().Select(member => member.Key));
        Assert.Equal(["kty", "use", "alg", "kid", "n", "e"], published[1]!.AsObject().Select(member => member.Key));
        Assert.Equal(set.Keys.Select(key => key.KeyId), KeySet.Parse(set.ToJson()).Keys.Select(key => key.KeyId));
    }

    [Theory]
    [InlineData("kid", null, "kid")]
    [InlineData("kid", "\"\"", "kid")]
    [InlineData("kid", "5", "kid")]
    [InlineData("alg", null, "alg")]
    [InlineData("alg", "\"none\"", "alg")]
    [InlineData("alg", "\"HS256\"", "alg")]
    [InlineData("alg", "\"ES384\"", "crv")]
    [InlineData("alg", "\"RS256\"", "kty")]
    [InlineData("kty", "\"oct\"", "kty")]
    [InlineData("crv", "\"P-384\"", "crv")]
    [InlineData("crv", "\"secp256k1\"", "crv")]
    [InlineData("use", "\"enc\"", "use")]
    [InlineData("use", "null", "use")]
    [InlineData("key_ops", "[\"sign\"]", "key_ops")]
    [InlineData("key_ops", "\"verify\"", "key_ops")]
    [InlineData("key_ops", "[0,\"verify\"]", "key_ops")]
    [InlineData("key_ops", "[\"verify\",null]", "key_ops")]
    [InlineData("d", "\"AAAA\"", "private")]
    [InlineData("x", null, "x and y")]
    [InlineData("x", "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU=\"", "x and y")]
    [InlineData("x", "\"AA\"", "32 bytes")]
    [InlineData("x", "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"", "curve")]
    public void Refuses_a_key_and_names_the_member(string member, string? value, string named)
    {
        var jwk = JsonNode.Parse(Rfc7515Key)!.AsObject();
        jwk.Remove(member);
        if (value is not null)
        {
            jwk[member] = JsonNode.Parse(value);
        }

        using var document = JsonDocument.Parse(jwk.ToJsonString());

        Assert.Null(VerificationKey.FromJwk(document.RootElement, out var problem));
        Assert.Contains(named, problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(128, true)]
    [InlineData(129, false)]
    public void Reads_key_ids_of_at_most_128_characters(int length, bool isRead)
    {
        var jwk = JsonNode.Parse(Rfc7515Key)!.AsObject();
        jwk["kid"] = new string('k', length);
        using var document = JsonDocument.Parse(jwk.ToJsonString());

        Assert.Equal(isRead, VerificationKey.FromJwk(document.RootElement, out _) is not null);
    }

    [Theory]
    [InlineData(2047, false)]
    [InlineData(2048, true)]
    [InlineData(8192, true)]
    [InlineData(8193, false)]
    public void Reads_RSA_keys_of_2048_to_8192_bits(int bits, bool isRead)
    {
        var modulus = new byte[(bits + 7) / 8]; // Only its size and oddness matter to a reader.
        modulus[0] = (byte)(1 << ((bits - 1) % 8));
        modulus[^1] |= 1;

        Assert.Equal(isRead, ReadRsa(modulus, [1, 0, 1], out var problem));
        Assert.Equal(isRead, !problem.Contains("bits", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(new byte[] { 3 }, true)]
    [InlineData(new byte[] { 1 }, false)]
    [InlineData(new byte[] { 2 }, false)]
    [InlineData(new byte[] { 1, 0, 0 }, false)]
    [InlineData(new byte[] { 0, 1, 0, 1 }, false)]
    [InlineData(new byte[] { 1, 0, 0, 1 }, true)]
    [InlineData(new byte[] { 1, 0, 0, 0, 1 }, false)]
    public void Reads_odd_exponents_of_at_most_four_bytes(byte[] exponent, bool isRead)
    {
        var modulus = new byte[256];
        (modulus[0], modulus[^1]) = (0x80, 1);

        Assert.Equal(isRead, ReadRsa(modulus, exponent, out _));
    }

    [Fact]
    public void Refuses_an_even_modulus()
    {
        var modulus = new byte[256];
        modulus[0] = 0x80;

        Assert.False(ReadRsa(modulus, [1, 0, 1], out var problem));
        Assert.Contains("odd", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Verifies_on_many_threads_at_once()
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var key = VerificationKey.From(ecdsa, SignatureAlgorithm.ES256);
        var signature = ecdsa.SignData("input"u8, HashAlgorithmName.SHA256);

        Parallel.For(0, 2000, i => Assert.Equal(i % 2 == 0, key.Verify(i % 2 == 0 ? "input"u8 : "other"u8, signature)));
    }

    private static bool ReadRsa(byte[] modulus, byte[] exponent, out string problem)
    {
        var jwk = new JsonObject
        {
            ["kty"] = "RSA",
            ["alg"] = "RS256",
            ["kid"] = "a",
            ["n"] = StrictBase64Url.Encode(modulus),
            ["e"] = StrictBase64Url.Encode(exponent),
        };
        using var document = JsonDocument.Parse(jwk.ToJsonString());
        return VerificationKey.FromJwk(document.RootElement, out problem) is not null;
    }

    private static VerificationKey Read(string jwk)
    {
        using var document = JsonDocument.Parse(jwk);
        return VerificationKey.FromJwk(document.RootElement, out var problem) ?? throw new InvalidOperationException(problem);
    }
}
