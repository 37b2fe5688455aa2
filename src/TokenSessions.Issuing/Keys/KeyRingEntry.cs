using TokenSessions.Validation.Keys;

namespace TokenSessions.Issuing.Keys;

/// <summary>One key of the ring.</summary>
public sealed class KeyRingEntry
{
    private readonly ISigningKey? _signingKey;
    private readonly SealingKey? _sealingKey;

    internal KeyRingEntry(KeyPurpose purpose, string source, DateTimeOffset startsAt, ISigningKey key)
    {
        (Purpose, Source, StartsAt, _signingKey) = (purpose, source, startsAt, key);
        (KeyId, Algorithm) = (key.VerificationKey.KeyId, key.VerificationKey.Algorithm.Name);
    }

    internal KeyRingEntry(string source, DateTimeOffset startsAt, DateTimeOffset sealsUntil, SealingKey key)
    {
        (Purpose, Source, StartsAt, SealsUntil, _sealingKey) = (KeyPurpose.Seal, source, startsAt, sealsUntil, key);
        (KeyId, Algorithm) = (key.KeyId, SealingKey.Algorithm);
    }

    /// <summary>The <c>kid</c>: the RFC 7638 thumbprint of a signing key, 16 random bytes in base64url of a sealing key.</summary>
    public string KeyId { get; }

    /// <summary>What it is for.</summary>
    public KeyPurpose Purpose { get; }

    /// <summary>The <c>alg</c> of a signing key, or <c>A256GCM</c>.</summary>
    public string Algorithm { get; }

    /// <summary>Where its private half is: <c>file</c>, or the name of an <see cref="IKeySource"/>.</summary>
    public string Source { get; }

    /// <summary>When it takes over, UTC.</summary>
    public DateTimeOffset StartsAt { get; }

    /// <summary>When a sealing key stops sealing, UTC; null for others.</summary>
    public DateTimeOffset? SealsUntil { get; }

    /// <summary>The published half; null for a sealing key.</summary>
    public VerificationKey? VerificationKey => _signingKey?.VerificationKey;

    internal ISigningKey SigningKey => _signingKey ?? throw new InvalidOperationException("A sealing key signs nothing.");

    internal SealingKey SealingKey => _sealingKey ?? throw new InvalidOperationException("A signing key seals nothing.");

    internal void DropPrivateHalf()
    {
        (_signingKey as IDisposable)?.Dispose();
        _sealingKey?.Dispose();
    }
}
