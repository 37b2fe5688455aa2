using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Validation.Keys;

/// <summary>The published half of a signing key: one <c>kid</c>, one algorithm (RFC 7517 §4, RFC 8725 §3.1).</summary>
/// <remarks>One instance serves all threads: concurrent checks share the platform's key without a lock.</remarks>
public sealed class VerificationKey
{
    /// <summary>The longest <c>kid</c> accepted, in characters.</summary>
    public const int MaxKeyIdLength = 128;

    private const int MinRsaBits = 2048;
    private const int MaxRsaBits = 8192; // Beyond this a forged set could make every check cost milliseconds.
    private const int MaxExponentLength = 4;

    private readonly ECDsa? _ecdsa;
    private readonly RSA? _rsa;
    private readonly byte[] _first;  // x or n
    private readonly byte[] _second; // y or e
    private readonly byte[] _utf8KeyId;

    private VerificationKey(string keyId, SignatureAlgorithm algorithm, ECDsa? ecdsa, RSA? rsa, byte[] first, byte[] second)
    {
        (KeyId, Algorithm, _ecdsa, _rsa, _first, _second) = (keyId, algorithm, ecdsa, rsa, first, second);
        _utf8KeyId = Encoding.UTF8.GetBytes(keyId);
    }

    /// <summary>The <c>kid</c>.</summary>
    public string KeyId { get; }

    /// <summary>The only algorithm this key is good for.</summary>
    public SignatureAlgorithm Algorithm { get; }

    /// <summary>Bytes of its signatures: r‖s (RFC 7518 §3.4), or as long as the modulus (RFC 8017 §8).</summary>
    internal int SignatureLength => _ecdsa is not null ? 2 * Algorithm.CoordinateLength : _first.Length;

    /// <summary>The <c>kid</c> in UTF-8.</summary>
    internal ReadOnlySpan<byte> Utf8KeyId => _utf8KeyId;

    /// <summary>The public half of an EC key; its <c>kid</c> is its thumbprint.</summary>
    /// <param name="key">A key on the algorithm's curve. Not kept: the caller goes on owning it.</param>
    /// <param name="algorithm">An ECDSA algorithm.</param>
    /// <exception cref="ArgumentException">The key does not fit the algorithm.</exception>
    public static VerificationKey From(ECDsa key, SignatureAlgorithm algorithm)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(algorithm);
        var parameters = key.ExportParameters(includePrivateParameters: false);
        return Create(null, algorithm, parameters.Q.X ?? [], parameters.Q.Y ?? [], out var problem)
            ?? throw new ArgumentException(problem, nameof(key));
    }

    /// <summary>The public half of an RSA key; its <c>kid</c> is its thumbprint.</summary>
    /// <param name="key">A key of 2,048 to 8,192 bits. Not kept: the caller goes on owning it.</param>
    /// <param name="algorithm">An RSA algorithm.</param>
    /// <exception cref="ArgumentException">The key does not fit the algorithm.</exception>
    public static VerificationKey From(RSA key, SignatureAlgorithm algorithm)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(algorithm);
        var parameters = key.ExportParameters(includePrivateParameters: false);
        return Create(null, algorithm, parameters.Modulus ?? [], parameters.Exponent ?? [], out var problem)
            ?? throw new ArgumentException(problem, nameof(key));
    }

    /// <summary>Reads one JWK (RFC 7517 §4, RFC 7518 §6). <c>alg</c> and <c>kid</c> must be present.</summary>
    /// <param name="jwk">A JSON object.</param>
    /// <param name="problem">Why there is no key, naming the member; empty if there is one.</param>
    /// <returns>The key, or null if it is not one that this library can and may use.</returns>
    public static VerificationKey? FromJwk(JsonElement jwk, out string problem)
    {
        if (jwk.ValueKind != JsonValueKind.Object)
        {
            problem = "a key is not a JSON object.";
            return null;
        }

        var keyId = Text(jwk, "kid");
        if (string.IsNullOrEmpty(keyId) || keyId.Length > MaxKeyIdLength)
        {
            problem = $"kid must be a string of 1 to {MaxKeyIdLength} characters.";
            return null;
        }

        var algorithm = SignatureAlgorithm.Find(Text(jwk, "alg"));
        if (algorithm is null)
        {
            problem = $"alg must be one of {string.Join(", ", SignatureAlgorithm.All)}.";
            return null;
        }

        if (jwk.TryGetProperty("d", out _))
        {
            problem = "d is present: that is a private key, and it has been published.";
            return null;
        }

        if (jwk.TryGetProperty("use", out _) && Text(jwk, "use") != "sig")
        {
            problem = "use is not sig.";
            return null;
        }

        if (jwk.TryGetProperty("key_ops", out var operations) && !AllowsVerify(operations))
        {
            problem = "key_ops must be an array of strings, one of them verify.";
            return null;
        }

        if (Text(jwk, "kty") != algorithm.KeyType)
        {
            problem = $"kty must be {algorithm.KeyType} for {algorithm}.";
            return null;
        }

        if (algorithm.IsEllipticCurve && Text(jwk, "crv") != algorithm.CurveName)
        {
            problem = $"crv must be {algorithm.CurveName} for {algorithm}.";
            return null;
        }

        var (first, second) = algorithm.IsEllipticCurve ? ("x", "y") : ("n", "e");
        if (Bytes(jwk, first) is not { } a || Bytes(jwk, second) is not { } b)
        {
            problem = $"{first} and {second} must be base64url without padding.";
            return null;
        }

        return Create(keyId, algorithm, a, b, out problem);
    }

    /// <summary>Whether <paramref name="signature"/> is this key's over <paramref name="signingInput"/>.</summary>
    /// <param name="signingInput">The first two segments with their dot, as ASCII (RFC 7515 §5.2).</param>
    /// <param name="signature">The decoded third segment. Any other length than the algorithm's is simply no match.</param>
    public bool Verify(ReadOnlySpan<byte> signingInput, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != SignatureLength)
        {
            return false;
        }

        // Without naming the format, r‖s of fixed length is meant (IEEE P1363), and the platform allocates 144 bytes less.
        return _ecdsa is not null
            ? _ecdsa.VerifyData(signingInput, signature, Algorithm.Hash)
            : _rsa!.VerifyData(signingInput, signature, Algorithm.Hash, Algorithm.Padding!);
    }

    /// <summary>Whether both are the same public key, whatever object holds it, for the same algorithm and under the same <c>kid</c>.</summary>
    internal bool IsSameAs(VerificationKey other) => this == other
        || (KeyId == other.KeyId && Algorithm == other.Algorithm
            && _first.AsSpan().SequenceEqual(other._first) && _second.AsSpan().SequenceEqual(other._second));

    /// <summary>Writes the JWK: exactly <c>kty use alg kid</c> and the key's own members.</summary>
    /// <param name="writer">Where one JSON object is written.</param>
    public void WriteJwk(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject();
        writer.WriteString("kty", Algorithm.KeyType);
        writer.WriteString("use", "sig");
        writer.WriteString("alg", Algorithm.Name);
        writer.WriteString("kid", KeyId);
        if (Algorithm.IsEllipticCurve)
        {
            writer.WriteString("crv", Algorithm.CurveName);
        }

        writer.WriteString(Algorithm.IsEllipticCurve ? "x" : "n", StrictBase64Url.Encode(_first));
        writer.WriteString(Algorithm.IsEllipticCurve ? "y" : "e", StrictBase64Url.Encode(_second));
        writer.WriteEndObject();
    }

    /// <summary>The SHA-256 thumbprint of the key (RFC 7638): 43 characters of base64url.</summary>
    public string Thumbprint()
    {
        var (first, second) = (StrictBase64Url.Encode(_first), StrictBase64Url.Encode(_second));
        // RFC 7638 §3.2 and §3.3: required members only, in lexicographic order, no white space.
        var canonical = Algorithm.IsEllipticCurve
            ? $$"""{"crv":"{{Algorithm.CurveName}}","kty":"EC","x":"{{first}}","y":"{{second}}"}"""
            : $$"""{"e":"{{second}}","kty":"RSA","n":"{{first}}"}""";
        return StrictBase64Url.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(canonical)));
    }

    private static VerificationKey? Create(
        string? keyId, SignatureAlgorithm algorithm, byte[] first, byte[] second, out string problem)
    {
        problem = algorithm.IsEllipticCurve ? EllipticCurveProblem(algorithm, first, second) : RsaProblem(first, second);
        if (problem.Length > 0)
        {
            return null;
        }

        try
        {
            var key = algorithm.IsEllipticCurve
                ? new VerificationKey(keyId ?? "", algorithm, ImportEllipticCurve(algorithm, first, second), null, first, second)
                : new VerificationKey(keyId ?? "", algorithm, null, ImportRsa(first, second), first, second);
            return keyId is not null
                ? key
                : new VerificationKey(key.Thumbprint(), algorithm, key._ecdsa, key._rsa, first, second);
        }
        catch (CryptographicException)
        {
            problem = $"the platform refuses this {algorithm.KeyType} key (a point off the curve, or a broken modulus).";
            return null;
        }
    }

    private static string EllipticCurveProblem(SignatureAlgorithm algorithm, byte[] x, byte[] y) =>
        x.Length != algorithm.CoordinateLength || y.Length != algorithm.CoordinateLength
            ? $"x and y must have {algorithm.CoordinateLength} bytes each for {algorithm}." // RFC 7518 §6.2.1.2
            : "";

    private static string RsaProblem(byte[] modulus, byte[] exponent)
    {
        if (modulus.Length == 0 || modulus[0] == 0 || exponent.Length == 0 || exponent[0] == 0)
        {
            return "n and e must be the shortest big-endian form."; // RFC 7518 §6.3.1.1
        }

        var bits = (modulus.Length * 8) - System.Numerics.BitOperations.LeadingZeroCount((uint)modulus[0] << 24);
        if (bits is < MinRsaBits or > MaxRsaBits)
        {
            return $"n must have {MinRsaBits} to {MaxRsaBits} bits, but has {bits}.";
        }

        var isOddAndAboveOne = (exponent[^1] & 1) == 1 && (exponent.Length > 1 || exponent[0] >= 3);
        if ((modulus[^1] & 1) == 0 || exponent.Length > MaxExponentLength || !isOddAndAboveOne)
        {
            return $"n must be odd, and e odd, above 1 and of at most {MaxExponentLength} bytes.";
        }

        return "";
    }

    private static ECDsa ImportEllipticCurve(SignatureAlgorithm algorithm, byte[] x, byte[] y) =>
        ECDsa.Create(new ECParameters { Curve = algorithm.Curve, Q = new() { X = x, Y = y } });

    private static RSA ImportRsa(byte[] modulus, byte[] exponent) =>
        RSA.Create(new RSAParameters { Modulus = modulus, Exponent = exponent });

    private static bool AllowsVerify(JsonElement operations) => operations.ValueKind == JsonValueKind.Array
        && operations.EnumerateArray().All(operation => operation.ValueKind == JsonValueKind.String) // RFC 7517 §4.3
        && operations.EnumerateArray().Any(operation => operation.ValueEquals("verify"));

    private static string? Text(JsonElement jwk, string name) =>
        jwk.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static byte[]? Bytes(JsonElement jwk, string name) =>
        Text(jwk, name) is { } text ? StrictBase64Url.Decode(text) : null;
}
