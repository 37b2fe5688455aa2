using System.Security.Cryptography;
using System.Text;
using TokenSessions.Validation.Jose;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Tests.Keys;

/// <summary>Key set documents put together from texts.</summary>
internal static class KeySetDocument
{
    public static byte[] Of(params IEnumerable<string> jwks) => Encoding.UTF8.GetBytes($$"""{"keys":[{{string.Join(',', jwks)}}]}""");

    public static string Jwk(VerificationKey key)
    {
        var document = Encoding.UTF8.GetString(new KeySet([key]).ToJson());
        return document["{\"keys\":[".Length..^"]}".Length];
    }

    public static string NewJwk()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Jwk(VerificationKey.From(key, SignatureAlgorithm.ES256));
    }

    /// <summary>The same JWK with one more member.</summary>
    public static string With(string jwk, string member) => $"{jwk[..^1]},{member}}}";

    /// <summary>White space up to a length.</summary>
    public static byte[] Padded(byte[] document, int length) => [.. document, .. Enumerable.Repeat((byte)' ', length - document.Length)];
}
