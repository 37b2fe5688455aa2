using TokenSessions.Validation.Keys;

namespace TokenSessions.Issuing.Keys;

/// <summary>A feed key of a ring file. It holds the ring only while it signs, so that a reload need not wait for it.</summary>
internal sealed class LeasedFeedKey(KeyRingFile file, KeyRingEntry entry) : ISigningKey
{
    public VerificationKey VerificationKey { get; } = entry.VerificationKey!;

    public async ValueTask<byte[]> SignAsync(ReadOnlyMemory<byte> signingInput, CancellationToken cancellationToken)
    {
        using var lease = Lease();
        var current = lease.Ring.Entries.FirstOrDefault(candidate => candidate.KeyId == entry.KeyId && candidate.Purpose == KeyPurpose.Feed)
            ?? throw new SigningKeyUnavailableException($"The feed key {entry.KeyId} has left the key ring.");
        return await current.SigningKey.SignAsync(signingInput, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Documents are made on the pool, so one may still be wanted while the host stops.</summary>
    private KeyRingLease Lease()
    {
        try
        {
            return file.Lease();
        }
        catch (ObjectDisposedException e)
        {
            throw new SigningKeyUnavailableException("The key ring has been closed.", e);
        }
    }
}
