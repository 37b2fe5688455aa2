using System.Security.Cryptography;
using TokenSessions.Validation.Jose;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Aws.Keys;

/// <summary>Public keys as KMS answers them: SubjectPublicKeyInfo (RFC 5280 §4.1) in DER.</summary>
internal static class PublishedHalf
{
    /// <summary>Reads one strictly: the algorithm's own curve, the one canonical spelling, nothing after it.</summary>
    /// <param name="subjectPublicKeyInfo">Anything.</param>
    /// <param name="algorithm">What it must be good for.</param>
    /// <param name="problem">Why there is no key.</param>
    /// <returns>The key, its <c>kid</c> its thumbprint; null if it is another kind of key, or none.</returns>
    public static VerificationKey? Read(ReadOnlySpan<byte> subjectPublicKeyInfo, SignatureAlgorithm algorithm, out string problem)
    {
        problem = $"its public key is not a canonical {(algorithm.IsEllipticCurve ? algorithm.CurveName : "RSA")} key";
        try
        {
            return algorithm.IsEllipticCurve ? ReadEllipticCurve(subjectPublicKeyInfo, algorithm) : ReadRsa(subjectPublicKeyInfo, algorithm);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or PlatformNotSupportedException) // The last: a curve unknown here.
        {
            problem = e is ArgumentException ? $"{problem}: {e.Message}" : problem;
            return null;
        }
    }

    private static VerificationKey? ReadEllipticCurve(ReadOnlySpan<byte> subjectPublicKeyInfo, SignatureAlgorithm algorithm)
    {
        using var read = ECDsa.Create();
        read.ImportSubjectPublicKeyInfo(subjectPublicKeyInfo, out _);
        using var onCurve = ECDsa.Create(new ECParameters { Curve = algorithm.Curve, Q = read.ExportParameters(includePrivateParameters: false).Q });
        // Written again it is the same, byte for byte, only if the curve is this one, by name, and nothing follows.
        return subjectPublicKeyInfo.SequenceEqual(onCurve.ExportSubjectPublicKeyInfo()) ? VerificationKey.From(onCurve, algorithm) : null;
    }

    private static VerificationKey? ReadRsa(ReadOnlySpan<byte> subjectPublicKeyInfo, SignatureAlgorithm algorithm)
    {
        using var read = RSA.Create();
        read.ImportSubjectPublicKeyInfo(subjectPublicKeyInfo, out _);
        return subjectPublicKeyInfo.SequenceEqual(read.ExportSubjectPublicKeyInfo()) ? VerificationKey.From(read, algorithm) : null;
    }
}
