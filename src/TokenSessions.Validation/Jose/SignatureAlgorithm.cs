using System.Security.Cryptography;
using System.Text;

namespace TokenSessions.Validation.Jose;

/// <summary>Everything known about a signature algorithm (RFC 7518 §3). What is not in this table does not exist here.</summary>
/// <remarks>HS* and <c>none</c> are absent on purpose: a verifier must hold nothing that could sign (RFC 8725 §3.1).</remarks>
public sealed class SignatureAlgorithm
{
    /// <summary>ECDSA with P-256 and SHA-256: the default, 128-bit strength, 64-byte signatures.</summary>
    public static readonly SignatureAlgorithm ES256 = new("ES256", HashAlgorithmName.SHA256, ECCurve.NamedCurves.nistP256, "P-256", 32);

    /// <summary>ECDSA with P-384 and SHA-384, 96-byte signatures.</summary>
    public static readonly SignatureAlgorithm ES384 = new("ES384", HashAlgorithmName.SHA384, ECCurve.NamedCurves.nistP384, "P-384", 48);

    /// <summary>RSA PKCS#1 v1.5 with SHA-256: for verifiers at the edge that know nothing else.</summary>
    public static readonly SignatureAlgorithm RS256 = new("RS256", HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);

    /// <summary>RSA PSS with SHA-256 and a salt as long as the hash.</summary>
    public static readonly SignatureAlgorithm PS256 = new("PS256", HashAlgorithmName.SHA256, RSASignaturePadding.Pss);

    private static readonly SignatureAlgorithm[] Table = [ES256, ES384, RS256, PS256];

    private readonly byte[] _utf8Name;

    private SignatureAlgorithm(string name, HashAlgorithmName hash, ECCurve curve, string curveName, int coordinateLength)
    {
        (Name, Hash, Curve, CurveName, CoordinateLength) = (name, hash, curve, curveName, coordinateLength);
        _utf8Name = Encoding.UTF8.GetBytes(name);
    }

    private SignatureAlgorithm(string name, HashAlgorithmName hash, RSASignaturePadding padding)
    {
        (Name, Hash, Padding) = (name, hash, padding);
        _utf8Name = Encoding.UTF8.GetBytes(name);
    }

    /// <summary>Every algorithm, in the order of preference.</summary>
    public static IReadOnlyList<SignatureAlgorithm> All => Table;

    /// <summary>The <c>alg</c> value, case-sensitive (RFC 7515 §4.1.1).</summary>
    public string Name { get; }

    /// <summary>The hash of the signing input.</summary>
    public HashAlgorithmName Hash { get; }

    /// <summary>True for ECDSA, false for RSA.</summary>
    public bool IsEllipticCurve => CurveName is not null;

    /// <summary>The <c>kty</c> of its keys (RFC 7518 §6.1).</summary>
    public string KeyType => IsEllipticCurve ? "EC" : "RSA";

    /// <summary>The only curve its keys may lie on, as the JWK says it; null for RSA.</summary>
    public string? CurveName { get; }

    /// <summary>Bytes of one coordinate and of each half of the signature r‖s (RFC 7518 §3.4); 0 for RSA.</summary>
    public int CoordinateLength { get; }

    /// <summary>The only curve its keys may lie on; without a name for RSA.</summary>
    public ECCurve Curve { get; }

    /// <summary>The padding of its signatures; null for ECDSA.</summary>
    public RSASignaturePadding? Padding { get; }

    /// <summary>The algorithm of this exact name, or null.</summary>
    /// <param name="name">An <c>alg</c> value.</param>
    public static SignatureAlgorithm? Find(string? name) => Find(Encoding.UTF8.GetBytes(name ?? ""));

    /// <inheritdoc cref="Find(string)"/>
    internal static SignatureAlgorithm? Find(ReadOnlySpan<byte> name)
    {
        foreach (var algorithm in Table)
        {
            if (name.SequenceEqual(algorithm._utf8Name))
            {
                return algorithm;
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
