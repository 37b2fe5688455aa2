using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace TokenSessions.Aws.Tests.Servers.Kms;

/// <summary>A key with its material. A multi-Region key is one key in every region, with a state of its own in each.</summary>
internal sealed class KmsKey
{
    private readonly ConcurrentDictionary<string, string> _states = new();

    public required string Id { get; init; }

    /// <summary>Where it was created.</summary>
    public required string Region { get; init; }

    public required string Spec { get; init; }

    public required string Usage { get; init; }

    public required string Description { get; init; }

    public required bool IsMultiRegion { get; init; }

    public DateTimeOffset CreatedAt { get; } = DateTimeOffset.UtcNow;

    /// <summary>An <see cref="ECDsa"/> or an <see cref="RSA"/>; null for a symmetric key.</summary>
    public AsymmetricAlgorithm? Pair { get; init; }

    /// <summary>The 32 bytes of a symmetric key; null for a key pair.</summary>
    public byte[]? Secret { get; init; }

    /// <summary>What it may be used with.</summary>
    public string[] Algorithms => Spec switch
    {
        "ECC_NIST_P256" => ["ECDSA_SHA_256"],
        "ECC_NIST_P384" => ["ECDSA_SHA_384"],
        "SYMMETRIC_DEFAULT" => ["SYMMETRIC_DEFAULT"],
        _ when Usage == "ENCRYPT_DECRYPT" => ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"],
        _ => [
            "RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PKCS1_V1_5_SHA_384", "RSASSA_PKCS1_V1_5_SHA_512",
            "RSASSA_PSS_SHA_256", "RSASSA_PSS_SHA_384", "RSASSA_PSS_SHA_512"],
    };

    public string Arn(string region) => ArnOf(region, Id);

    public static string ArnOf(string region, string id) => $"arn:aws:kms:{region}:{KmsKeys.Account}:key/{id}";

    public string State(string region) => _states.GetValueOrDefault(region, "Enabled");

    public void SetState(string region, string state) => _states[region] = state;

    public static HashAlgorithmName HashOf(string algorithm) => algorithm[^3..] switch
    {
        "256" => HashAlgorithmName.SHA256,
        "384" => HashAlgorithmName.SHA384,
        _ => HashAlgorithmName.SHA512,
    };

    /// <summary>Signs a digest; ECDSA as DER, as KMS answers it.</summary>
    public byte[] Sign(string algorithm, byte[] digest) => Pair switch
    {
        ECDsa curve => curve.SignHash(digest, DSASignatureFormat.Rfc3279DerSequence),
        RSA rsa => rsa.SignHash(digest, HashOf(algorithm), PaddingOf(algorithm)),
        _ => throw new InvalidOperationException("A symmetric key signs nothing."),
    };

    private static RSASignaturePadding PaddingOf(string algorithm) =>
        algorithm.StartsWith("RSASSA_PSS", StringComparison.Ordinal) ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1;
}
