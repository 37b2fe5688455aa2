using System.Security.Cryptography;
using System.Text.Json;

namespace TokenSessions.Aws.Tests.Servers.Kms;

/// <summary>What KMS does with cryptography; <see cref="KmsKeyOperations"/> is what it does with keys.</summary>
/// <remarks>Each method writes the members of its answer.</remarks>
internal sealed class KmsOperations(KmsKeys keys)
{
    private const int MaxPlaintext = 4096;
    private const int MaxCiphertext = 6144;

    private readonly KmsKeyOperations _keyOperations = new(keys);

    /// <summary>Does one operation.</summary>
    /// <param name="operation">The part of <c>X-Amz-Target</c> after the dot.</param>
    /// <param name="request">What was asked.</param>
    /// <param name="fault">How a <c>Sign</c> is to go wrong.</param>
    /// <param name="json">Inside the object that is the answer.</param>
    /// <exception cref="KmsException">KMS would refuse.</exception>
    public void Do(string operation, KmsRequest request, KmsFault fault, Utf8JsonWriter json)
    {
        switch (operation)
        {
            case "Sign":
                Sign(request, fault, json);
                break;
            case "Encrypt":
                Encrypt(request, json);
                break;
            case "Decrypt":
                Decrypt(request, json);
                break;
            case "ReEncrypt":
                ReEncrypt(request, json);
                break;
            case "GenerateDataKeyWithoutPlaintext":
                GenerateDataKey(request, json);
                break;
            case "GenerateDataKeyPairWithoutPlaintext":
                GenerateDataKeyPair(request, json);
                break;
            default:
                _keyOperations.Do(operation, request, json);
                break;
        }
    }

    private void Sign(KmsRequest request, KmsFault fault, Utf8JsonWriter json)
    {
        var key = keys.GetUsable(request.Region, request.Text("KeyId"), "SIGN_VERIFY");
        var algorithm = request.Text("SigningAlgorithm");
        if (!key.Algorithms.Contains(algorithm))
        {
            throw new KmsException("InvalidKeyUsageException", $"Algorithm {algorithm} is incompatible with key spec {key.Spec}.");
        }

        var message = request.Blob("Message", MaxPlaintext);
        var hash = KmsKey.HashOf(algorithm);
        var digest = request.FindText("MessageType") == "DIGEST" ? message : CryptographicOperations.HashData(hash, message);
        if (digest.Length != CryptographicOperations.HashData(hash, []).Length)
        {
            throw KmsException.Invalid($"Digest is invalid length for algorithm {algorithm}.");
        }

        json.WriteString("KeyId", key.Arn(request.Region) + (fault == KmsFault.OtherKeyId ? "0" : ""));
        json.WriteString("SigningAlgorithm", fault == KmsFault.OtherAlgorithm ? "ECDSA_SHA_512" : algorithm);
        if (KmsSignatureFaults.Apply(fault, key, algorithm, digest) is { } signature)
        {
            json.WriteBase64String("Signature", signature);
        }
    }

    private void Encrypt(KmsRequest request, Utf8JsonWriter json)
    {
        var key = Symmetric(request, request.Text("KeyId"));

        json.WriteString("KeyId", key.Arn(request.Region));
        json.WriteString("EncryptionAlgorithm", key.Spec);
        json.WriteBase64String(
            "CiphertextBlob", KmsBlob.Seal(key, request.Map("EncryptionContext"), request.Blob("Plaintext", MaxPlaintext)));
    }

    private void Decrypt(KmsRequest request, Utf8JsonWriter json)
    {
        var (key, plaintext) = Open(request, request.FindText("KeyId"), "EncryptionContext");

        json.WriteString("KeyId", key.Arn(request.Region));
        json.WriteString("EncryptionAlgorithm", key.Spec);
        json.WriteBase64String("Plaintext", plaintext);
    }

    private void ReEncrypt(KmsRequest request, Utf8JsonWriter json)
    {
        var (source, plaintext) = Open(request, request.FindText("SourceKeyId"), "SourceEncryptionContext");
        var destination = Symmetric(request, request.Text("DestinationKeyId"));

        json.WriteString("SourceKeyId", source.Arn(request.Region));
        json.WriteString("KeyId", destination.Arn(request.Region));
        json.WriteString("SourceEncryptionAlgorithm", source.Spec);
        json.WriteString("DestinationEncryptionAlgorithm", destination.Spec);
        json.WriteBase64String("CiphertextBlob", KmsBlob.Seal(destination, request.Map("DestinationEncryptionContext"), plaintext));
    }

    private void GenerateDataKey(KmsRequest request, Utf8JsonWriter json)
    {
        var key = Symmetric(request, request.Text("KeyId"));
        var length = request.FindText("KeySpec") switch
        {
            "AES_256" => 32,
            "AES_128" => 16,
            _ => request.Number("NumberOfBytes", 0),
        };
        if (length is < 1 or > 1024)
        {
            throw KmsException.Invalid("Please specify either number of bytes or key spec.");
        }

        json.WriteString("KeyId", key.Arn(request.Region));
        json.WriteBase64String(
            "CiphertextBlob", KmsBlob.Seal(key, request.Map("EncryptionContext"), RandomNumberGenerator.GetBytes(length)));
    }

    private void GenerateDataKeyPair(KmsRequest request, Utf8JsonWriter json)
    {
        var key = Symmetric(request, request.Text("KeyId"));
        var spec = request.Text("KeyPairSpec");
        var pair = keys.NewPair(spec);

        json.WriteString("KeyId", key.Arn(request.Region));
        json.WriteString("KeyPairSpec", spec);
        json.WriteBase64String("PublicKey", pair.ExportSubjectPublicKeyInfo());
        json.WriteBase64String(
            "PrivateKeyCiphertextBlob", KmsBlob.Seal(key, request.Map("EncryptionContext"), pair.ExportPkcs8PrivateKey()));
    }

    private (KmsKey Key, byte[] Plaintext) Open(KmsRequest request, string? keyId, string contextName)
    {
        var blob = request.Blob("CiphertextBlob", MaxCiphertext);
        var ownId = KmsBlob.KeyId(blob);
        var key = Symmetric(request, keyId ?? ownId);
        return key.Id == ownId
            ? (key, KmsBlob.Open(key, request.Map(contextName), blob))
            : throw new KmsException("IncorrectKeyException", "The key ID in the request is not that of the ciphertext.");
    }

    private KmsKey Symmetric(KmsRequest request, string keyId)
    {
        var key = keys.GetUsable(request.Region, keyId, "ENCRYPT_DECRYPT");
        return key.Secret is not null
            ? key
            : throw new KmsException("UnsupportedOperationException", "The stand-in encrypts with symmetric keys only.");
    }
}
