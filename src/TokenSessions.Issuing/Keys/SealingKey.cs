using System.Security.Cryptography;

namespace TokenSessions.Issuing.Keys;

/// <summary>A key that seals what only the issuer may read: AES-256 in GCM (RFC 7518 §5.3).</summary>
internal sealed class SealingKey : IDisposable
{
    /// <summary>The <c>enc</c> value.</summary>
    public const string Algorithm = "A256GCM";

    /// <summary>Bytes of the key.</summary>
    public const int Length = 32;

    /// <summary>Bytes of the nonce: random, which is safe for 2^32 messages of a key (NIST SP 800-38D §8.3).</summary>
    public const int NonceLength = 12;

    /// <summary>Bytes of the tag.</summary>
    public const int TagLength = 16;

    private readonly byte[] _key = GC.AllocateArray<byte>(Length, pinned: true); // Pinned: the collector leaves no copies behind.

    /// <summary>A key of these bytes.</summary>
    /// <param name="keyId">The <c>kid</c>.</param>
    /// <param name="key">32 bytes. Copied; the caller clears its own.</param>
    public SealingKey(string keyId, ReadOnlySpan<byte> key)
    {
        KeyId = keyId;
        key.CopyTo(_key);
    }

    public string KeyId { get; }

    /// <summary>Encrypts under a fresh nonce.</summary>
    public void Seal(
        ReadOnlySpan<byte> plaintext, ReadOnlySpan<byte> associated, Span<byte> nonce, Span<byte> ciphertext, Span<byte> tag)
    {
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(_key, TagLength); // One for each message: an instance must not be shared between threads.
        aes.Encrypt(nonce, plaintext, ciphertext, tag, associated);
    }

    /// <summary>Decrypts; false, and nothing of the plaintext, unless every byte is as it was sealed.</summary>
    public bool TryOpen(
        ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> associated, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> tag, Span<byte> plaintext)
    {
        try
        {
            using var aes = new AesGcm(_key, TagLength);
            aes.Decrypt(nonce, ciphertext, tag, plaintext, associated);
            return true;
        }
        catch (AuthenticationTagMismatchException) // The platform has no other way to say it.
        {
            return false;
        }
    }

    /// <summary>Whether the other is the same key, whatever it is called.</summary>
    public bool HasBytesOf(SealingKey other) => CryptographicOperations.FixedTimeEquals(_key, other._key);

    /// <summary>Clears the key. Only when nobody uses it any more: cleared bytes would still seal.</summary>
    public void Dispose() => CryptographicOperations.ZeroMemory(_key);
}
