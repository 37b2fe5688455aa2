using System.Security.Cryptography;
using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;
using TokenSessions.Issuing.Keys;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Aws.Keys;

/// <summary>
/// Ring entries with <c>source: kms-wrapped</c>: keys of any purpose that are used in this process and lie in the ring file
/// encrypted under a KMS key. Their members are <c>kms_key</c>, <c>wrapped</c> (base64url) and <c>regions</c>.
/// </summary>
/// <remarks>
/// One <c>Decrypt</c> per key whenever a ring is loaded, with an encryption context that names issuer and kid: the ciphertext
/// opens for no other. The SDK parses the answer from text that the collector reclaims in its own time; every copy that can be
/// reached is cleared.
/// </remarks>
/// <param name="issuer">The issuer URL, as tokens carry it.</param>
/// <param name="clients">Calls KMS. Not owned.</param>
public sealed class KmsWrappedKeySource(string issuer, KmsClients clients) : IKeySource
{
    internal const string SourceName = "kms-wrapped";

    private const int SealingKeyLength = 32;
    private const int MaxCiphertextLength = 6144; // The most that Decrypt takes.

    private readonly string _issuer = issuer is { Length: > 0 } ? issuer : throw new ArgumentException("The issuer is empty.", nameof(issuer));

    /// <inheritdoc/>
    public string Name => SourceName;

    /// <inheritdoc/>
    public IReadOnlyCollection<string> Members { get; } = [KmsEntry.KmsKey, KmsEntry.Wrapped, KmsEntry.Regions];

    /// <inheritdoc/>
    public async Task<OpenedKey> OpenAsync(KeyRingItem item, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(item);
        if (item.Purpose != KeyPurpose.Seal && item.VerificationKey is null)
        {
            throw new KeyRingException($"{item.Where}: public must be there for a wrapped signing key: it says whose private half is wrapped.");
        }

        var name = KmsEntry.Name(item, clients);
        var ciphertext = StrictBase64Url.Decode(item.Text(KmsEntry.Wrapped)) is { Length: <= MaxCiphertextLength } bytes
            ? bytes
            : throw new KeyRingException($"{item.Where}: {KmsEntry.Wrapped} must be base64url without padding, of at most {MaxCiphertextLength} bytes.");
        string? answeredBy;
        byte[] plaintext;
        try
        {
            (answeredBy, plaintext) = await clients.Calls.SendAsync(KmsCalls.Unhurried, name, "kms:Decrypt",
                (client, keyId, token) => DecryptAsync(client, keyId, ciphertext, KmsEntry.Context(_issuer, item.KeyId), token),
                cancellationToken).ConfigureAwait(false);
        }
        catch (KmsException e)
        {
            throw new KeyRingException($"{item.Where}: {e.Message}");
        }

        if (!name.IsAnsweredBy(answeredBy))
        {
            CryptographicOperations.ZeroMemory(plaintext);
            throw new KeyRingException($"{item.Where}: {name}: KMS answered for another key.");
        }

        if (plaintext.Length == 0 || (item.Purpose == KeyPurpose.Seal && plaintext.Length != SealingKeyLength))
        {
            CryptographicOperations.ZeroMemory(plaintext);
            var expected = item.Purpose == KeyPurpose.Seal ? $"{SealingKeyLength} bytes" : "a key";
            throw new KeyRingException($"{item.Where}: {KmsEntry.Wrapped} does not hold {expected}.");
        }

        return OpenedKey.Of(plaintext);
    }

    private static async Task<(string? KeyId, byte[] Plaintext)> DecryptAsync(
        IAmazonKeyManagementService client, string keyId, byte[] ciphertext, Dictionary<string, string> context, CancellationToken cancellationToken)
    {
        var request = new DecryptRequest
        {
            KeyId = keyId,
            CiphertextBlob = new MemoryStream(ciphertext, writable: false),
            EncryptionContext = context,
            EncryptionAlgorithm = EncryptionAlgorithmSpec.SYMMETRIC_DEFAULT,
        };
        var answer = await client.DecryptAsync(request, cancellationToken).ConfigureAwait(false);
        try
        {
            cancellationToken.ThrowIfCancellationRequested(); // Nobody waits for it any more, so nobody would clear the copy.
            return (answer.KeyId, answer.Plaintext?.ToArray() ?? []);
        }
        finally
        {
            Clear(answer.Plaintext);
        }
    }

    /// <summary>Overwrites the SDK's own copy. By writing, because its buffer need not be exposed.</summary>
    private static void Clear(MemoryStream? plaintext)
    {
        if (plaintext is { CanWrite: true })
        {
            plaintext.Position = 0;
            plaintext.Write(new byte[plaintext.Length]);
        }
    }
}
