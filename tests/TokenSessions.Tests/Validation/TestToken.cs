using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using TokenSessions.Validation.Jose;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Tests.Validation;

/// <summary>Makes tokens member by member, good ones and bad ones, without any code of the issuer under test.</summary>
internal sealed class TestToken
{
    public const string Issuer = "https://issuer.example";
    public const string Audience = "https://api.example";

    private static readonly ECDsa SigningKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    /// <summary>The published half of the key that signs unless another is given.</summary>
    public static VerificationKey Key { get; } = VerificationKey.From(SigningKey, SignatureAlgorithm.ES256);

    public JsonObject Header { get; } = new() { ["alg"] = "ES256", ["kid"] = Key.KeyId, ["typ"] = "at+jwt" };

    public JsonObject Claims { get; }

    public TestToken(DateTimeOffset now)
    {
        var second = now.ToUnixTimeSeconds();
        Claims = new()
        {
            ["iss"] = Issuer,
            ["sub"] = "alice",
            ["aud"] = Audience,
            ["client_id"] = "default",
            ["iat"] = second,
            ["exp"] = second + 600,
            ["jti"] = "Jti-0123456789abcdefgh",
            ["sid"] = "Sid-0123456789abcdefgh",
        };
    }

    public TestToken With(string claim, JsonNode? value)
    {
        Claims[claim] = value;
        return this;
    }

    public TestToken Without(string claim)
    {
        Claims.Remove(claim);
        return this;
    }

    public TestToken WithHeader(string member, JsonNode? value)
    {
        Header[member] = value;
        return this;
    }

    public TestToken WithoutHeader(string member)
    {
        Header.Remove(member);
        return this;
    }

    public string Sign() => Sign(Header.ToJsonString(), Claims.ToJsonString());

    /// <summary>Signs any two texts, JSON or not.</summary>
    public static string Sign(string header, string payload) => Sign(Encoding.UTF8.GetBytes(header), Encoding.UTF8.GetBytes(payload));

    public static string Sign(byte[] header, byte[] payload)
    {
        var input = $"{StrictBase64Url.Encode(header)}.{StrictBase64Url.Encode(payload)}";
        return $"{input}.{StrictBase64Url.Encode(SigningKey.SignData(Encoding.ASCII.GetBytes(input), HashAlgorithmName.SHA256))}";
    }

    public string SignWith(Func<byte[], byte[]> sign)
    {
        var input = $"{Encode(Header)}.{Encode(Claims)}";
        return $"{input}.{StrictBase64Url.Encode(sign(Encoding.ASCII.GetBytes(input)))}";
    }

    private static string Encode(JsonObject json) => StrictBase64Url.Encode(JsonSerializer.SerializeToUtf8Bytes(json));
}
