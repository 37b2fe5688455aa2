using System.Security.Cryptography;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Issuing.Keys;

/// <summary>A signing key held in this process. One instance serves all threads.</summary>
internal sealed class LocalSigningKey : ISigningKey, IDisposable
{
    private readonly ECDsa? _ecdsa;
    private readonly RSA? _rsa;

    private LocalSigningKey(ECDsa key, VerificationKey verificationKey) => (_ecdsa, VerificationKey) = (key, verificationKey);

    private LocalSigningKey(RSA key, VerificationKey verificationKey) => (_rsa, VerificationKey) = (key, verificationKey);

    public VerificationKey VerificationKey { get; }

    /// <summary>A key from its PKCS#8 (RFC 5208), which the caller clears.</summary>
    /// <exception cref="CryptographicException">It is no such key, or bytes follow it.</exception>
    public static LocalSigningKey Import(ReadOnlySpan<byte> pkcs8, VerificationKey verificationKey)
    {
        if (verificationKey.Algorithm.IsEllipticCurve)
        {
            var ecdsa = ECDsa.Create();
            return Imported(ecdsa, pkcs8, () => new LocalSigningKey(ecdsa, verificationKey));
        }

        var rsa = RSA.Create();
        return Imported(rsa, pkcs8, () => new LocalSigningKey(rsa, verificationKey));
    }

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

    private static LocalSigningKey Imported(AsymmetricAlgorithm key, ReadOnlySpan<byte> pkcs8, Func<LocalSigningKey> imported)
    {
        try
        {
            key.ImportPkcs8PrivateKey(pkcs8, out var read);
            return read == pkcs8.Length ? imported() : throw new CryptographicException("Bytes follow the key.");
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    private byte[] Sign(ReadOnlySpan<byte> input)
    {
        var algorithm = VerificationKey.Algorithm;
        return _ecdsa is not null
            ? _ecdsa.SignData(input, algorithm.Hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation)
            : _rsa!.SignData(input, algorithm.Hash, algorithm.Padding!);
    }
}
