using System.Security.Cryptography;
using System.Text;
using TokenSessions.Validation.Jose;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Issuing.Keys;

/// <summary>Files that hold keys: read only if nobody else can read them, and cleared from memory after use.</summary>
internal static class KeyFile
{
    /// <summary>0600.</summary>
    public const UnixFileMode PrivateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private const int MaxKeyLength = 16 * 1024;
    private const string Pkcs8Label = "PRIVATE KEY"; // RFC 7468 §10

    private const UnixFileMode Writable = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    private const UnixFileMode Shared = Writable | UnixFileMode.GroupRead | UnixFileMode.OtherRead
        | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>Reads a whole file. A private one must be ours alone, any other must at least not be writable by others.</summary>
    public static byte[] Read(string path, int maxLength, bool isPrivate)
    {
        try
        {
            using var handle = File.OpenHandle(path);
            if (!OperatingSystem.IsWindows())
            {
                // Asked of the open file, so that it cannot be another one by the time it is read.
                RefuseSharing(path, File.GetUnixFileMode(handle), isPrivate);
            }

            var length = RandomAccess.GetLength(handle);
            if (length > maxLength)
            {
                throw new KeyRingException($"{path} has {length} bytes; at most {maxLength} are read.");
            }

            var content = new byte[length];
            var read = 0;
            while (read < content.Length && RandomAccess.Read(handle, content.AsSpan(read), read) is > 0 and var more)
            {
                read += more;
            }

            return read == content.Length ? content : throw new KeyRingException($"{path} changed while it was read.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new KeyRingException($"{path} cannot be read: {e.Message}", e);
        }
    }

    public static SealingKey ReadSealingKey(string path, string keyId, string where)
    {
        var content = ReadPrivate(path, where);
        Span<byte> key = stackalloc byte[SealingKey.Length];
        try
        {
            var text = content.AsSpan().TrimEnd("\r\n"u8);
            return StrictBase64Url.DecodedLength(text.Length) == SealingKey.Length
                && StrictBase64Url.TryDecode(text, key, out var written) && written == SealingKey.Length
                ? new(keyId, key)
                : throw new KeyRingException($"{where}: {path} must hold {SealingKey.Length} bytes in base64url: 43 characters.");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
            CryptographicOperations.ZeroMemory(content);
        }
    }

    public static LocalSigningKey ReadSigningKey(string path, VerificationKey verificationKey, string where)
    {
        var content = ReadPrivate(path, where);
        var text = new char[content.Length];
        var der = new byte[content.Length];
        try
        {
            // PEM is ASCII; any other byte is no part of it and is refused below.
            Encoding.Latin1.GetChars(content, text);
            if (!PemEncoding.TryFind(text, out var pem) || !text.AsSpan(pem.Label).SequenceEqual(Pkcs8Label)
                || !Convert.TryFromBase64Chars(text.AsSpan(pem.Base64Data), der, out var length))
            {
                throw new KeyRingException($"{where}: {path} must hold a PKCS#8 key in PEM: -----BEGIN {Pkcs8Label}-----.");
            }

            return Import(der.AsSpan(0, length), verificationKey);
        }
        catch (CryptographicException e)
        {
            throw new KeyRingException($"{where}: {path} does not hold a usable {verificationKey.Algorithm.KeyType} key.", e);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
            CryptographicOperations.ZeroMemory(der);
            Array.Clear(text);
        }
    }

    private static byte[] ReadPrivate(string path, string where)
    {
        try
        {
            return Read(path, MaxKeyLength, isPrivate: true);
        }
        catch (KeyRingException e)
        {
            throw new KeyRingException($"{where}: file {e.Message}", e);
        }
    }

    private static void RefuseSharing(string path, UnixFileMode mode, bool isPrivate)
    {
        if ((mode & (isPrivate ? Shared : Writable)) != 0)
        {
            throw new KeyRingException(isPrivate
                ? $"{path} can be used by others: chmod 600 it."
                : $"{path} can be written by others: chmod go-w it.");
        }
    }

    private static LocalSigningKey Import(ReadOnlySpan<byte> pkcs8, VerificationKey verificationKey)
    {
        if (verificationKey.Algorithm.IsEllipticCurve)
        {
            var ecdsa = ECDsa.Create();
            return Imported(ecdsa, pkcs8, () => new LocalSigningKey(ecdsa, verificationKey));
        }

        var rsa = RSA.Create();
        return Imported(rsa, pkcs8, () => new LocalSigningKey(rsa, verificationKey));
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
}
