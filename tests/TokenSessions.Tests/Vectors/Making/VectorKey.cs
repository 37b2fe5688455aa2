using System.Numerics;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Tests.Vectors.Making;

/// <summary>A private key for tests, from <c>Keys/private-test-keys.json</c>, whose signatures come out the same in every run.</summary>
/// <remarks>
/// The platform signs with chance in it (ECDSA's nonce, the salt of PSS), and then no vector could be made again byte by byte. So
/// the nonce is that of RFC 6979, and the salt is a hash of what is signed. No protection against side channels: test keys only.
/// </remarks>
internal sealed class VectorKey
{
    private static readonly JsonObject All = JsonNode.Parse(File.ReadAllText(VectorFolder.PathOf("Keys/private-test-keys.json")))!.AsObject();

    private readonly JsonObject _jwk;

    private VectorKey(JsonObject jwk) => _jwk = jwk;

    /// <summary>The issuer's key unless a description says otherwise.</summary>
    public static VectorKey Es256 { get; } = Of("es256");

    public static VectorKey Es256Next { get; } = Of("es256-next");

    public static VectorKey Es384 { get; } = Of("es384");

    public static VectorKey Rs256 { get; } = Of("rs256");

    public static VectorKey Ps256 { get; } = Of("ps256");

    /// <summary>Another issuer's: good, but not in our issuer's key set.</summary>
    public static VectorKey OtherIssuer { get; } = Of("other-issuer");

    /// <summary>The attacker's.</summary>
    public static VectorKey Stranger { get; } = Of("stranger");

    /// <summary>The attacker's, RSA.</summary>
    public static VectorKey StrangerRsa { get; } = Of("stranger-rsa");

    /// <summary>RSA of 1,024 bits.</summary>
    public static VectorKey WeakRsa { get; } = Of("weak-rsa");

    public string KeyId => (string)_jwk["kid"]!;

    public string Algorithm => (string)_jwk["alg"]!;

    /// <summary>The order n of the curve, or the modulus n.</summary>
    public BigInteger N => IsEllipticCurve ? Order(Algorithm) : Number(Bytes("n"));

    /// <summary>Bytes of half a signature of ECDSA, or of a whole one of RSA.</summary>
    public int Length => IsEllipticCurve ? SignatureAlgorithm.Find(Algorithm)!.CoordinateLength : Bytes("n").Length;

    private bool IsEllipticCurve => (string)_jwk["kty"]! == "EC";

    /// <summary>The JWK without its private members.</summary>
    public JsonObject Public(string? algorithm = null)
    {
        var jwk = Private();
        foreach (var secret in (string[])["d", "p", "q", "dp", "dq", "qi"])
        {
            jwk.Remove(secret);
        }

        jwk["use"] = "sig";
        jwk["alg"] = algorithm ?? Algorithm;
        return jwk;
    }

    /// <summary>The JWK with its private members.</summary>
    public JsonObject Private() => _jwk.DeepClone().AsObject();

    /// <summary>The public key as a file would hold it (RFC 7468 §13).</summary>
    public string Pem()
    {
        using AsymmetricAlgorithm key = IsEllipticCurve ? Ecdsa(Bytes("d")) : Rsa();
        return key.ExportSubjectPublicKeyInfoPem();
    }

    /// <summary>A signature of this key.</summary>
    /// <param name="input">What to sign.</param>
    /// <param name="algorithm">Another algorithm than the key's own; RS1 is RSA with SHA-1.</param>
    public byte[] Sign(byte[] input, string? algorithm = null) => (algorithm ?? Algorithm) switch
    {
        "ES256" or "ES384" or "ES512" => SignEcdsa(input, algorithm ?? Algorithm),
        "PS256" => SignPss(input),
        "RS1" => SignPkcs1(input, HashAlgorithmName.SHA1),
        "RS384" => SignPkcs1(input, HashAlgorithmName.SHA384),
        _ => SignPkcs1(input, HashAlgorithmName.SHA256),
    };

    /// <summary>EMSA-PSS (RFC 8017 §9.1.1) with SHA-256 and a salt that follows from the input.</summary>
    /// <param name="input">What to sign.</param>
    /// <param name="saltLength">In bytes; RFC 7518 §3.5 wants as many as the hash has.</param>
    public byte[] SignPss(byte[] input, int saltLength = SHA256.HashSizeInBytes)
    {
        var digest = SHA256.HashData(input);
        byte[] salt = [.. Enumerable.Range(0, saltLength).Select(i => SHA256.HashData([.. digest, (byte)(i / digest.Length)])[i % digest.Length])];
        var h = SHA256.HashData([.. new byte[8], .. digest, .. salt]);
        var block = new byte[Length - h.Length - 1];
        salt.CopyTo(block, block.Length - salt.Length);
        block[^(salt.Length + 1)] = 1;
        for (var i = 0; i < block.Length; i++)
        {
            block[i] ^= SHA256.HashData([.. h, 0, 0, 0, (byte)(i / h.Length)])[i % h.Length];
        }

        block[0] &= 0x7F; // The modulus has a whole number of bytes, the encoded message one bit less.
        return Raise([.. block, .. h, 0xBC]);
    }

    public static BigInteger Number(ReadOnlySpan<byte> bytes) => new(bytes, isUnsigned: true, isBigEndian: true);

    /// <summary>Big-endian, with zeros before it up to a length.</summary>
    public static byte[] Padded(BigInteger number, int length)
    {
        var bytes = number.ToByteArray(isUnsigned: true, isBigEndian: true);
        return [.. new byte[length - bytes.Length], .. bytes];
    }

    private static VectorKey Of(string name) => new(All[name]!.AsObject());

    /// <summary>RFC 6979 §3.2 for the nonce k; r is the x of k·G, which the platform computes as the public key that belongs to k.</summary>
    private byte[] SignEcdsa(byte[] input, string algorithm)
    {
        var (hash, length, n) = (Hash(algorithm), Length, N);
        var digest = CryptographicOperations.HashData(hash, input);
        var h = Number(digest.AsSpan(0, Math.Min(digest.Length, length))) % n;
        byte[] seed = [.. Bytes("d"), .. Padded(h, length)];

        byte[] v = [.. Enumerable.Repeat((byte)1, digest.Length)], key = new byte[digest.Length];
        foreach (byte step in (byte[])[0, 1])
        {
            key = Mac(hash, key, [.. v, step, .. seed]);
            v = Mac(hash, key, v);
        }

        while (true)
        {
            byte[] candidate = [];
            while (candidate.Length < length)
            {
                v = Mac(hash, key, v);
                candidate = [.. candidate, .. v];
            }

            var k = Number(candidate.AsSpan(0, length));
            if (!k.IsZero && k < n)
            {
                using var point = Ecdsa(Padded(k, length));
                var r = Number(point.ExportParameters(includePrivateParameters: false).Q.X) % n;
                var s = BigInteger.ModPow(k, n - 2, n) * (h + (r * Number(Bytes("d")))) % n;
                return [.. Padded(r, length), .. Padded(s, length)];
            }

            key = Mac(hash, key, [.. v, 0]);
            v = Mac(hash, key, v);
        }
    }

    private byte[] SignPkcs1(byte[] input, HashAlgorithmName hash)
    {
        using var rsa = Rsa();
        return rsa.SignData(input, hash, RSASignaturePadding.Pkcs1);
    }

    /// <summary>RSASP1 (RFC 8017 §5.2.1).</summary>
    private byte[] Raise(byte[] message) => Padded(BigInteger.ModPow(Number(message), Number(Bytes("d")), N), Length);

    private ECDsa Ecdsa(byte[] d) => ECDsa.Create(new ECParameters { Curve = SignatureAlgorithm.Find(Algorithm)!.Curve, D = d });

    private RSA Rsa() => RSA.Create(new RSAParameters
    {
        Modulus = Bytes("n"),
        Exponent = Bytes("e"),
        D = Bytes("d"),
        P = Bytes("p"),
        Q = Bytes("q"),
        DP = Bytes("dp"),
        DQ = Bytes("dq"),
        InverseQ = Bytes("qi"),
    });

    private byte[] Bytes(string member) => StrictBase64Url.Decode((string)_jwk[member]!)!;

    private static byte[] Mac(HashAlgorithmName hash, byte[] key, byte[] data) => CryptographicOperations.HmacData(hash, key, data);

    private static HashAlgorithmName Hash(string algorithm) => algorithm switch
    {
        "ES384" => HashAlgorithmName.SHA384,
        "ES512" => HashAlgorithmName.SHA512,
        _ => HashAlgorithmName.SHA256,
    };

    private static BigInteger Order(string algorithm) => Number(Convert.FromHexString(algorithm == "ES384"
        ? "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973"
        : "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551")); // SEC 2 §2.4.2 and §2.5.1.
}
