using System.Diagnostics;
using System.Security.Cryptography;
using Amazon.KeyManagementService;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Aws.Keys;

/// <summary>The names of KMS for our algorithms.</summary>
internal static class KmsAlgorithm
{
    /// <summary>What <c>Sign</c> calls it.</summary>
    public static SigningAlgorithmSpec SigningSpec(SignatureAlgorithm algorithm) => algorithm.Name switch
    {
        "ES256" => SigningAlgorithmSpec.ECDSA_SHA_256,
        "ES384" => SigningAlgorithmSpec.ECDSA_SHA_384,
        "RS256" => SigningAlgorithmSpec.RSASSA_PKCS1_V1_5_SHA_256,
        "PS256" => SigningAlgorithmSpec.RSASSA_PSS_SHA_256,
        _ => throw new UnreachableException(),
    };

    /// <summary>The keys that we make for it: of 128-bit strength or more (NIST SP 800-57 part 1, table 2).</summary>
    public static KeySpec KeySpec(SignatureAlgorithm algorithm) => algorithm.Name switch
    {
        "ES256" => Amazon.KeyManagementService.KeySpec.ECC_NIST_P256,
        "ES384" => Amazon.KeyManagementService.KeySpec.ECC_NIST_P384,
        _ => Amazon.KeyManagementService.KeySpec.RSA_3072,
    };

    /// <summary>The key pairs that we make for it.</summary>
    public static DataKeyPairSpec KeyPairSpec(SignatureAlgorithm algorithm) => algorithm.Name switch
    {
        "ES256" => DataKeyPairSpec.ECC_NIST_P256,
        "ES384" => DataKeyPairSpec.ECC_NIST_P384,
        _ => DataKeyPairSpec.RSA_3072,
    };

    /// <summary>The hash that is signed in place of the message.</summary>
    public static byte[] Digest(SignatureAlgorithm algorithm, ReadOnlySpan<byte> message) =>
        algorithm.Hash == HashAlgorithmName.SHA384 ? SHA384.HashData(message) : SHA256.HashData(message);
}
