using System.Security.Cryptography;
using System.Text;
using TokenSessions.Tests.Issuing;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Tests.Fuzzing;

/// <summary>Seals anything as a refresh token (RFC 7516 §5.1), as whoever has the key could.</summary>
internal sealed class RefreshSeal
{
    private const int TagLength = 16;
    private const int NonceLength = 12;

    private readonly byte[] _key;
    private readonly string _header;

    public RefreshSeal(IssuerUnderTest issuer)
    {
        var entry = issuer.Ring.Of("seal")[0];
        _key = StrictBase64Url.Decode(File.ReadAllText(issuer.Ring.FileOf(entry)))!;
        _header = StrictBase64Url.Encode(Encoding.ASCII.GetBytes($$"""{"alg":"dir","enc":"A256GCM","kid":"{{(string)entry["kid"]!}}","typ":"rt+jwt"}"""));
    }

    public string Seal(byte[] plaintext)
    {
        using var aes = new AesGcm(_key, TagLength);
        var (nonce, tag, ciphertext) = (RandomNumberGenerator.GetBytes(NonceLength), new byte[TagLength], new byte[plaintext.Length]);
        aes.Encrypt(nonce, plaintext, ciphertext, tag, Encoding.ASCII.GetBytes(_header));
        return $"{_header}..{StrictBase64Url.Encode(nonce)}.{StrictBase64Url.Encode(ciphertext)}.{StrictBase64Url.Encode(tag)}";
    }

    public byte[] Open(string token)
    {
        using var aes = new AesGcm(_key, TagLength);
        var segments = token.Split('.');
        var ciphertext = StrictBase64Url.Decode(segments[3])!;
        var plaintext = new byte[ciphertext.Length];
        aes.Decrypt(
            StrictBase64Url.Decode(segments[2])!, ciphertext, StrictBase64Url.Decode(segments[4])!, plaintext, Encoding.ASCII.GetBytes(segments[0]));
        return plaintext;
    }
}
