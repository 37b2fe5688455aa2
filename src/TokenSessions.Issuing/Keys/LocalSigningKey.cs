using System.Security.Cryptography;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Issuing.Keys;

/// <summary>A signing key held in this process. One instance serves all threads.</summary>
/// <remarks>
/// So does its one platform key: nothing of it changes while it signs. On two threads it signs 1.96 times as much as on one
/// (<c>tests/TokenSessions.Benchmarks -- signing</c>); a key for each thread would be more copies of the private half.
/// </remarks>
internal sealed class LocalSigningKey : ISigningKey, IDisposable
{
    /// <summary>The longest signature, in bytes: an RSA key of 8,192 bits.</summary>
    public const int MaxSignatureLength = 1024;

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
        Span<byte> signature = stackalloc byte[MaxSignatureLength];
        return new(signature[..Sign(signingInput.Span, signature)].ToArray());
    }

    /// <summary>Signs at once, into <paramref name="signature"/>.</summary>
    /// <param name="signingInput">As for <see cref="SignAsync"/>.</param>
    /// <param name="signature">At least <see cref="MaxSignatureLength"/> bytes.</param>
    /// <returns>How many bytes the signature has.</returns>
    /// <exception cref="SigningKeyUnavailableException">The key did not sign.</exception>
    public int Sign(ReadOnlySpan<byte> signingInput, Span<byte> signature)
    {
        try
        {
            return SignOrThrow(signingInput, signature);
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
            Span<byte> signature = stackalloc byte[MaxSignatureLength];
            return VerificationKey.Verify(challenge, signature[..SignOrThrow(challenge, signature)]);
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
        catch (PlatformNotSupportedException e)
        {
            key.Dispose();
            throw new CryptographicException("The platform does not know its curve.", e);
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    private int SignOrThrow(ReadOnlySpan<byte> input, Span<byte> signature)
    {
        var algorithm = VerificationKey.Algorithm;
        // The overload without a format writes r‖s, as JWS wants it, and allocates nothing; the one with it allocates.
        var isWritten = _ecdsa is not null
            ? _ecdsa.TrySignData(input, signature, algorithm.Hash, out var length)
            : _rsa!.TrySignData(input, signature, algorithm.Hash, algorithm.Padding!, out length);
        return isWritten ? length : throw new CryptographicException($"Its signatures have more than {signature.Length} bytes.");
    }
}
