using System.Security.Cryptography;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Issuing.Keys;

/// <summary>A signing key held in this process. One instance serves all threads.</summary>
internal sealed class LocalSigningKey : ISigningKey, IDisposable
{
    private readonly ECDsa? _ecdsa;
    private readonly RSA? _rsa;

    /// <summary>An EC key.</summary>
    /// <param name="key">Owned from here on.</param>
    /// <param name="verificationKey">The published half.</param>
    public LocalSigningKey(ECDsa key, VerificationKey verificationKey) => (_ecdsa, VerificationKey) = (key, verificationKey);

    /// <summary>An RSA key.</summary>
    /// <inheritdoc cref="LocalSigningKey(ECDsa, VerificationKey)"/>
    public LocalSigningKey(RSA key, VerificationKey verificationKey) => (_rsa, VerificationKey) = (key, verificationKey);

    public VerificationKey VerificationKey { get; }

    public ValueTask<byte[]> SignAsync(ReadOnlyMemory<byte> signingInput, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            return new(Sign(signingInput.Span));
        }
        catch (Exception e) when (e is CryptographicException or ObjectDisposedException)
        {
            throw new SigningKeyUnavailableException($"The signing key {VerificationKey.KeyId} did not sign: {e.Message}", e);
        }
    }

    /// <summary>Whether the private half is the one to the published half: it signs, and the other verifies.</summary>
    public bool Proves(ReadOnlySpan<byte> challenge)
    {
        try
        {
            return VerificationKey.Verify(challenge, Sign(challenge));
        }
        catch (CryptographicException) // It cannot sign this way at all: an RSA key too short for the hash, say.
        {
            return false;
        }
    }

    public void Dispose()
    {
        _ecdsa?.Dispose();
        _rsa?.Dispose();
    }

    private byte[] Sign(ReadOnlySpan<byte> input)
    {
        var algorithm = VerificationKey.Algorithm;
        return _ecdsa is not null
            ? _ecdsa.SignData(input, algorithm.Hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation)
            : _rsa!.SignData(input, algorithm.Hash, algorithm.Padding!);
    }
}
