using System.Security.Cryptography;
using System.Text;
using TokenSessions.Validation.Jose;

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

    /// <summary>The bytes of a sealing key. The caller clears them.</summary>
    public static byte[] ReadSealingKey(string path, string where)
    {
        var content = ReadPrivate(path, where);
        var key = GC.AllocateArray<byte>(SealingKey.Length, pinned: true);
        try
        {
            var text = content.AsSpan().TrimEnd("\r\n"u8);
            return StrictBase64Url.DecodedLength(text.Length) == SealingKey.Length
                && StrictBase64Url.TryDecode(text, key, out var written) && written == SealingKey.Length
                ? key
                : throw new KeyRingException($"{where}: {path} must hold {SealingKey.Length} bytes in base64url: 43 characters.");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }

    /// <summary>The PKCS#8 of a signing key. The caller clears it.</summary>
    public static byte[] ReadSigningKey(string path, string where)
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

            return der.AsSpan(0, length).ToArray();
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
}
