using System.Security.Cryptography;
using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;
using TokenSessions.Issuing.Keys;
using TokenSessions.Validation.Jose;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Aws.Keys;

/// <summary>Makes keys in KMS or under it, and describes the ring entries that name them. Nothing is written to a ring here.</summary>
/// <param name="clients">Calls KMS. Not owned.</param>
public sealed class KmsKeys(KmsClients clients)
{
    private const int SealingKeyIdBytes = 16;

    /// <summary>Makes a token key in KMS: one for ES256, ES384, or an RSA key of 3,072 bits.</summary>
    /// <param name="algorithm">What it signs with.</param>
    /// <param name="settings">Where, and what it is called.</param>
    /// <param name="cancellationToken">Gives up; the key may then have been made or not.</param>
    /// <returns>The entry. Its <c>kms_key</c> is the ARN.</returns>
    /// <exception cref="KeyRingException">KMS did not make it. If it made it and then failed, the message names the ARN.</exception>
    public async Task<NewKeyRingEntry> CreateAsync(SignatureAlgorithm algorithm, NewKmsKey settings, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(algorithm);
        ArgumentNullException.ThrowIfNull(settings);
        var region = settings.Region ?? clients.FindDefaultRegion() ?? "";
        if (!KmsKeyName.IsRegion(region))
        {
            throw new KeyRingException("No region is known for the new KMS key: name one, or set AWS_REGION.");
        }

        string arn;
        try
        {
            // Once only: a second request whose first one was answered into the void would make a second key.
            var made = await clients.Calls.SendOnceAsync(region, "kms:CreateKey",
                (client, token) => client.CreateKeyAsync(Request(algorithm, settings), token), cancellationToken).ConfigureAwait(false);
            arn = made.KeyMetadata?.Arn ?? throw new KmsException($"KMS in {region}: the answer to kms:CreateKey names no key.");
        }
        catch (KmsException e)
        {
            throw new KeyRingException(e.Message);
        }

        try
        {
            return await DescribeAsync(algorithm, arn, null, cancellationToken).ConfigureAwait(false);
        }
        catch (KeyRingException e)
        {
            throw new KeyRingException($"{arn} was made, but stands in no ring: add it by this name, or schedule its deletion. {e.Message}");
        }
    }

    /// <summary>Describes the entry of a token key that is in KMS already, with its published half, which is pinned so.</summary>
    /// <param name="algorithm">What it is to sign with.</param>
    /// <param name="kmsKey">The key id or key ARN; no alias.</param>
    /// <param name="regions">Where it is to be asked; null for the region of the ARN, or the default one.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="KeyRingException">There is no such key, or it is not one for this algorithm.</exception>
    public async Task<NewKeyRingEntry> DescribeAsync(
        SignatureAlgorithm algorithm, string kmsKey, IReadOnlyList<string>? regions = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(algorithm);
        var name = Name(kmsKey, regions);
        try
        {
            var (arn, key) = await KmsPublicKey.GetAsync(clients, name, algorithm, cancellationToken).ConfigureAwait(false);
            return new(key.KeyId, KeyPurpose.Sign, KmsKeySource.SourceName, algorithm.Name, key, KmsEntry.Members(arn, name.Regions));
        }
        catch (KmsException e)
        {
            throw new KeyRingException(e.Message);
        }
    }

    /// <summary>Makes a signing key pair under a symmetric KMS key. Its private half is never in the clear here.</summary>
    /// <param name="purpose">Tokens, or the feed (ES256 only).</param>
    /// <param name="algorithm">What it signs with.</param>
    /// <param name="issuer">The issuer URL; the key opens for no other.</param>
    /// <param name="kmsKey">The symmetric key's id or ARN; no alias.</param>
    /// <param name="regions">Where it is to be asked; null for the region of the ARN, or the default one.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="KeyRingException">KMS did not make it.</exception>
    public async Task<NewKeyRingEntry> CreateWrappedSigningKeyAsync(
        KeyPurpose purpose, SignatureAlgorithm algorithm, string issuer, string kmsKey, IReadOnlyList<string>? regions = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(algorithm);
        ArgumentException.ThrowIfNullOrEmpty(issuer);
        if (purpose is not (KeyPurpose.Sign or KeyPurpose.Feed) || (purpose == KeyPurpose.Feed && algorithm != SignatureAlgorithm.ES256))
        {
            throw new ArgumentException("A key pair signs tokens, or, with ES256, the feed.", nameof(purpose));
        }

        var name = Name(kmsKey, regions);
        try
        {
            var pair = await clients.Calls.SendAsync(KmsCalls.Unhurried, name, "kms:GenerateDataKeyPairWithoutPlaintext",
                (client, keyId, token) => client.GenerateDataKeyPairWithoutPlaintextAsync(
                    new() { KeyId = keyId, KeyPairSpec = KmsAlgorithm.KeyPairSpec(algorithm), EncryptionContext = KmsEntry.Context(issuer) }, token),
                cancellationToken).ConfigureAwait(false);
            var key = PublishedHalf.Read(pair.PublicKey?.ToArray() ?? [], algorithm, out var problem)
                ?? throw new KmsException($"{name}: {problem}.");

            // The kid, which the final context names, is known only now.
            var wrapped = await clients.Calls.SendAsync(KmsCalls.Unhurried, name, "kms:ReEncryptFrom and kms:ReEncryptTo",
                (client, keyId, token) => client.ReEncryptAsync(ToFinalContext(keyId, pair.PrivateKeyCiphertextBlob, issuer, key.KeyId), token),
                cancellationToken).ConfigureAwait(false);
            return Wrapped(key.KeyId, purpose, algorithm.Name, key, name, wrapped.KeyId, wrapped.CiphertextBlob);
        }
        catch (KmsException e)
        {
            throw new KeyRingException(e.Message);
        }
    }

    /// <summary>Makes a sealing key under a symmetric KMS key. It is never in the clear here.</summary>
    /// <inheritdoc cref="CreateWrappedSigningKeyAsync"/>
    public async Task<NewKeyRingEntry> CreateWrappedSealingKeyAsync(
        string issuer, string kmsKey, IReadOnlyList<string>? regions = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(issuer);
        var name = Name(kmsKey, regions);
        var kid = StrictBase64Url.Encode(RandomNumberGenerator.GetBytes(SealingKeyIdBytes));
        try
        {
            var made = await clients.Calls.SendAsync(KmsCalls.Unhurried, name, "kms:GenerateDataKeyWithoutPlaintext",
                (client, keyId, token) => client.GenerateDataKeyWithoutPlaintextAsync(
                    new() { KeyId = keyId, KeySpec = DataKeySpec.AES_256, EncryptionContext = KmsEntry.Context(issuer, kid) }, token),
                cancellationToken).ConfigureAwait(false);
            return Wrapped(kid, KeyPurpose.Seal, "A256GCM", null, name, made.KeyId, made.CiphertextBlob);
        }
        catch (KmsException e)
        {
            throw new KeyRingException(e.Message);
        }
    }

    private static CreateKeyRequest Request(SignatureAlgorithm algorithm, NewKmsKey settings) => new()
    {
        KeySpec = KmsAlgorithm.KeySpec(algorithm),
        KeyUsage = KeyUsageType.SIGN_VERIFY,
        MultiRegion = settings.MultiRegion,
        Description = settings.Description,
        Tags = [.. settings.Tags.Select(tag => new Tag { TagKey = tag.Key, TagValue = tag.Value })],
    };

    private static ReEncryptRequest ToFinalContext(string keyId, MemoryStream? ciphertext, string issuer, string kid) => new()
    {
        SourceKeyId = keyId,
        DestinationKeyId = keyId,
        CiphertextBlob = new MemoryStream(ciphertext?.ToArray() ?? [], writable: false),
        SourceEncryptionContext = KmsEntry.Context(issuer),
        DestinationEncryptionContext = KmsEntry.Context(issuer, kid),
    };

    private static NewKeyRingEntry Wrapped(
        string kid, KeyPurpose purpose, string algorithm, VerificationKey? key, KmsKeyName name, string? arn, MemoryStream? ciphertext)
    {
        var bytes = ciphertext?.ToArray() is { Length: > 0 } some
            ? some
            : throw new KmsException($"{name}: KMS answered without a ciphertext.");
        var members = KmsEntry.Members(Answered(name, arn), name.Regions);
        members.Add(new(KmsEntry.Wrapped, KmsEntry.Json(StrictBase64Url.Encode(bytes))));
        return new(kid, purpose, KmsWrappedKeySource.SourceName, algorithm, key, members);
    }

    private static string Answered(KmsKeyName name, string? arn) =>
        name.IsAnsweredBy(arn) ? arn! : throw new KmsException($"{name}: KMS answered for another key.");

    private KmsKeyName Name(string kmsKey, IReadOnlyList<string>? regions)
    {
        ArgumentException.ThrowIfNullOrEmpty(kmsKey);
        return KmsKeyName.TryParse(kmsKey, regions, clients.FindDefaultRegion, out var name, out var problem)
            ? name
            : throw new KeyRingException($"{kmsKey}: {problem}");
    }
}

/// <summary>A KMS key to be made.</summary>
public sealed record NewKmsKey
{
    /// <summary>Where; null, the default, for the default region.</summary>
    public string? Region { get; set; }

    /// <summary>Whether it can be replicated into other regions. Default false; it cannot be changed later.</summary>
    public bool MultiRegion { get; set; }

    /// <summary>For people, at most 8,192 characters. No secret: whoever may describe the key reads it.</summary>
    public string Description { get; set; } = "TokenSessions: signs access tokens";

    /// <summary>Tags, at most 50. None by default.</summary>
    public IReadOnlyCollection<KeyValuePair<string, string>> Tags { get; set; } = [];
}
