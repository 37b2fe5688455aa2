using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Tests.Issuing;

/// <summary>Seals anything as a refresh token (RFC 7516 §5.1), as whoever has the key could, and opens what was sealed.</summary>
/// <param name="keyId">The <c>kid</c>.</param>
/// <param name="key">32 bytes.</param>
internal sealed class RefreshSeal(string keyId, byte[] key)
{
    private const int TagLength = 16;
    private const int NonceLength = 12;

    public string KeyId => keyId;

    /// <summary>The only header that is opened.</summary>
    public string Header { get; } = $$"""{"alg":"dir","enc":"A256GCM","kid":"{{keyId}}","typ":"rt+jwt"}""";

    /// <summary>With a sealing key of the issuer's ring.</summary>
    public static RefreshSeal Of(IssuerUnderTest issuer, int index = 0)
    {
        var entry = issuer.Ring.Of("seal")[index];
        return new((string)entry["kid"]!, StrictBase64Url.Decode(File.ReadAllText(issuer.Ring.FileOf(entry)))!);
    }

    public string Seal(JsonObject content) => Seal(content.ToJsonString());

    public string Seal(string content) => Seal(Encoding.UTF8.GetBytes(content));

    public string Seal(byte[] content) => Seal(Encoding.UTF8.GetBytes(Header), content);

    /// <summary>Behind another header, which is authenticated as it is.</summary>
    public string Seal(byte[] header, byte[] content)
    {
        var (encoded, nonce) = (StrictBase64Url.Encode(header), RandomNumberGenerator.GetBytes(NonceLength));
        var (ciphertext, tag) = Encrypt(key, nonce, Encoding.ASCII.GetBytes(encoded), content);
        return $"{encoded}..{StrictBase64Url.Encode(nonce)}.{StrictBase64Url.Encode(ciphertext)}.{StrictBase64Url.Encode(tag)}";
    }

    public byte[] Open(string token)
    {
        using var aes = new AesGcm(key, TagLength);
        var segments = token.Split('.');
        var ciphertext = StrictBase64Url.Decode(segments[3])!;
        var content = new byte[ciphertext.Length];
        aes.Decrypt(
            StrictBase64Url.Decode(segments[2])!, ciphertext, StrictBase64Url.Decode(segments[4])!, content, Encoding.ASCII.GetBytes(segments[0]));
        return content;
    }

    public JsonObject OpenJson(string token) => JsonNode.Parse(Open(token))!.AsObject();

    /// <summary>AES in GCM with a tag of 16 bytes (RFC 7518 §5.3).</summary>
    public static (byte[] Ciphertext, byte[] Tag) Encrypt(byte[] key, byte[] nonce, byte[] associated, byte[] content)
    {
        using var aes = new AesGcm(key, TagLength);
        var (ciphertext, tag) = (new byte[content.Length], new byte[TagLength]);
        aes.Encrypt(nonce, content, ciphertext, tag, associated);
        return (ciphertext, tag);
    }
}
