using System.Security.Cryptography;
using System.Text;

namespace TokenSessions.Aws.Tests.Servers.Kms;

/// <summary>Ciphertext that names its key: length and id, nonce, tag, AES-256-GCM text bound to id and encryption context.</summary>
internal static class KmsBlob
{
    private const int NonceLength = 12;
    private const int TagLength = 16;

    public static byte[] Seal(KmsKey key, SortedDictionary<string, string> context, ReadOnlySpan<byte> plaintext)
    {
        var id = Encoding.ASCII.GetBytes(key.Id);
        var blob = new byte[1 + id.Length + NonceLength + TagLength + plaintext.Length];
        blob[0] = (byte)id.Length;
        id.CopyTo(blob, 1);
        var rest = blob.AsSpan(1 + id.Length);
        var nonce = rest[..NonceLength];
        var tag = rest.Slice(NonceLength, TagLength);
        var text = rest[(NonceLength + TagLength)..];
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(key.Secret!, TagLength);
        aes.Encrypt(nonce, plaintext, text, tag, Bound(key.Id, context));
        return blob;
    }

    /// <summary>The id of the key that opens a blob.</summary>
    public static string KeyId(byte[] blob) => blob.Length > 1 + blob[0] + NonceLength + TagLength
        ? Encoding.ASCII.GetString(blob, 1, blob[0])
        : throw Invalid();

    public static byte[] Open(KmsKey key, SortedDictionary<string, string> context, byte[] blob)
    {
        var rest = blob.AsSpan(1 + blob[0]);
        var plaintext = new byte[rest.Length - NonceLength - TagLength];
        using var aes = new AesGcm(key.Secret!, TagLength);
        try
        {
            var nonce = rest[..NonceLength];
            var tag = rest.Slice(NonceLength, TagLength);
            aes.Decrypt(nonce, rest[(NonceLength + TagLength)..], tag, plaintext, Bound(key.Id, context));
        }
        catch (AuthenticationTagMismatchException)
        {
            throw Invalid();
        }

        return plaintext;
    }

    public static KmsException Invalid() => new("InvalidCiphertextException", "The ciphertext or its encryption context is not valid.");

    private static byte[] Bound(string id, SortedDictionary<string, string> context)
    {
        var bound = new StringBuilder(id);
        foreach (var (name, value) in context)
        {
            bound.Append('\0').Append(name.Length).Append('\0').Append(name).Append('\0').Append(value);
        }

        return Encoding.UTF8.GetBytes(bound.ToString());
    }
}
