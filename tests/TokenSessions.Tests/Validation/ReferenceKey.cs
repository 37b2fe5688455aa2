using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Tests.Validation;

/// <summary>A key pair as the reference sees it: names in plain text, and the platform's own signature check.</summary>
internal sealed class ReferenceKey
{
    private readonly ECDsa? _ecdsa;
    private readonly RSA? _rsa;

    /// <param name="algorithm">ES256, ES384, RS256 or PS256.</param>
    /// <param name="keyId">The <c>kid</c>: any text, no thumbprint.</param>
    public ReferenceKey(string algorithm, string keyId)
    {
        (Algorithm, KeyId) = (algorithm, keyId);
        var jwk = new JsonObject { ["alg"] = algorithm, ["kid"] = keyId, ["use"] = "sig" };
        if (algorithm is "ES256" or "ES384")
        {
            _ecdsa = ECDsa.Create(algorithm == "ES256" ? ECCurve.NamedCurves.nistP256 : ECCurve.NamedCurves.nistP384);
            var point = _ecdsa.ExportParameters(includePrivateParameters: false).Q;
            (jwk["kty"], jwk["crv"]) = ("EC", algorithm == "ES256" ? "P-256" : "P-384");
            (jwk["x"], jwk["y"]) = (ReferenceBase64Url.Encode(point.X!), ReferenceBase64Url.Encode(point.Y!));
        }
        else
        {
            _rsa = RSA.Create(2048);
            var numbers = _rsa.ExportParameters(includePrivateParameters: false);
            jwk["kty"] = "RSA";
            (jwk["n"], jwk["e"]) = (ReferenceBase64Url.Encode(numbers.Modulus!), ReferenceBase64Url.Encode(numbers.Exponent!));
        }

        Published = VerificationKey.FromJwk(JsonSerializer.SerializeToElement(jwk), out var problem)
            ?? throw new InvalidOperationException(problem);
    }

    public string Algorithm { get; }

    public string KeyId { get; }

    /// <summary>The same key for the validator under test.</summary>
    public VerificationKey Published { get; }

    private HashAlgorithmName Hash => Algorithm == "ES384" ? HashAlgorithmName.SHA384 : HashAlgorithmName.SHA256;

    private RSASignaturePadding Padding => Algorithm == "PS256" ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1;

    public byte[] Sign(byte[] input) => _ecdsa?.SignData(input, Hash) ?? _rsa!.SignData(input, Hash, Padding);

    public bool Verify(byte[] input, byte[] signature) =>
        _ecdsa?.VerifyData(input, signature, Hash) ?? _rsa!.VerifyData(input, signature, Hash, Padding);

    /// <summary>The compact token of any two byte strings, JSON or not.</summary>
    public string SignToken(byte[] header, byte[] claims)
    {
        var input = $"{ReferenceBase64Url.Encode(header)}.{ReferenceBase64Url.Encode(claims)}";
        return $"{input}.{ReferenceBase64Url.Encode(Sign(System.Text.Encoding.ASCII.GetBytes(input)))}";
    }
}
