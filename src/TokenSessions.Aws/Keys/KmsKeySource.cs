using TokenSessions.Issuing.Keys;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Aws.Keys;

/// <summary>Ring entries with <c>source: kms</c>: token keys that sign inside KMS. Their members are <c>kms_key</c> and <c>regions</c>.</summary>
/// <param name="clients">Calls KMS. Not owned.</param>
public sealed class KmsKeySource(KmsClients clients) : IKeySource
{
    internal const string SourceName = "kms";

    /// <inheritdoc/>
    public string Name => SourceName;

    /// <inheritdoc/>
    public IReadOnlyCollection<string> Members { get; } = [KmsEntry.KmsKey, KmsEntry.Regions];

    /// <inheritdoc/>
    /// <remarks>Calls KMS only where the published half is not pinned.</remarks>
    public async Task<OpenedKey> OpenAsync(KeyRingItem item, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(item);
        if (item.Purpose != KeyPurpose.Sign)
        {
            throw new KeyRingException($"{item.Where}: a key in KMS signs tokens only. A feed must stay signable and tokens readable while"
                + " KMS is down: use source kms-wrapped for feed and sealing keys.");
        }

        var name = KmsEntry.Name(item, clients);
        if (item.VerificationKey is { } pinned)
        {
            return OpenedKey.Of(new KmsSigningKey(pinned, name, clients));
        }

        var algorithm = SignatureAlgorithm.Find(item.Algorithm)
            ?? throw new KeyRingException($"{item.Where}: alg must be one of {string.Join(", ", SignatureAlgorithm.All)}.");
        try
        {
            var (_, found) = await KmsPublicKey.GetAsync(clients, name, algorithm, cancellationToken).ConfigureAwait(false);
            return found.KeyId == item.KeyId
                ? OpenedKey.Of(new KmsSigningKey(found, name, clients))
                : throw new KeyRingException($"{item.Where}: {name} is another key, whose thumbprint is {found.KeyId}: that must be the kid.");
        }
        catch (KmsException e)
        {
            throw new KeyRingException($"{item.Where}: {e.Message}");
        }
    }
}
