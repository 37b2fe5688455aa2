using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using TokenSessions.Tests.Issuing;
using TokenSessions.Validation.Jose;
using static TokenSessions.Issuing.SessionRejection;
using static TokenSessions.Tests.Vectors.Making.SealedToken;

namespace TokenSessions.Tests.Vectors.Making;

/// <summary>Refresh tokens sealed under our own key in every way but ours: a reader of JWE that does as its header says would open them.</summary>
internal static class RefreshVectors
{
    private const string Ours = "It is sealed under our key with this header authenticated, but the issuer opens only what it would have written itself.";

    private static readonly string[] Algorithms =
    [
        "RSA1_5", "RSA-OAEP", "RSA-OAEP-256", "A128KW", "A256KW", "A256GCMKW", "ECDH-ES", "ECDH-ES+A256KW", "PBES2-HS256+A128KW", "none", "HS256",
        "ES256", "DIR", "dir ", "",
    ];

    private static readonly string[] Counts = ["1", "1000", "2147483647", "9007199254740991", "1e999", "-1"];

    public static IReadOnlyList<VectorDescription> All { get; } = [Header, Seal];

    private static VectorDescription Header => new(
        "refresh-header", "A refresh token under our own key with another header than ours: compressed, critical, wrapped, costly, in another order or spelling",
        "RFC 7516 §4 and §5.2, RFC 7518 §4 and §5, RFC 8725 §2.5, §3.1, §3.6 and §3.11; CVE-2023-50967, CVE-2024-21319, CVE-2024-28176, CVE-2024-28180, CVE-2024-33664")
    {
        { "as the issuer seals it", Accepted, Token },
        { "its key named as one that is not in the ring", SealingKeyUnknown, Token.Header("kid", "AAAAAAAAAAAAAAAAAAAAAA"), "Another instance may have the key already: 503, not 400." },
        { "zip {0} over what is not compressed", ["DEF", "GZ", "none", ""], RefreshTokenInvalid, zip => Token.Header("zip", zip), Ours },
        { "zip DEF over compressed content", RefreshTokenInvalid, Token.Header("zip", "DEF").ContentBytes(Deflated.Stored), Ours },
        { "zip null over compressed content", RefreshTokenInvalid, Token.Header("zip", null).ContentBytes(Deflated.Stored) },
        { "compressed content, of which the header says nothing", RefreshTokenInvalid, Token.ContentBytes(Deflated.Stored), "It is opened, and is no session." },
        { "a bomb: 774,001 spaces in 6,504 characters", RefreshTokenInvalid, Token.Header("zip", "DEF").ContentBytes(_ => Deflated.Spaces(3_000)), "Refused for its header: nothing is inflated." },
        { "cty {0}", ["JWT", "json", ""], RefreshTokenInvalid, cty => Token.Header("cty", cty), Ours },
        { "crit {0}", ["[]", "[\"alg\"]", "[\"exp\"]", "[\"zip\"]", "null"], RefreshTokenInvalid, crit => Token.HeaderMember($"\"crit\":{crit}"), Ours },
        { "crit exp, and exp", RefreshTokenInvalid, Token.HeaderMember("\"crit\":[\"exp\"],\"exp\":1"), Ours },
        { "b64 {0}", ["true", "false"], RefreshTokenInvalid, b64 => Token.HeaderMember($"\"crit\":[\"b64\"],\"b64\":{b64}"), Ours },
        { "one more member", RefreshTokenInvalid, Token.Header("x", 1), Ours },
        { "one more member, before all others", RefreshTokenInvalid, Token.HeaderText(text => $"{{\"x\":1,{text[1..]}"), Ours },
        { "one more member, within", RefreshTokenInvalid, Token.HeaderText(text => text.Replace(",\"kid\"", ",\"x\":1,\"kid\"")), Ours },
        { "one more member, between kid and typ", RefreshTokenInvalid, Token.HeaderText(text => text.Replace("\",\"typ\"", "\",\"x\":\"y\",\"typ\"")), "It begins and ends as ours does." },
        { "{0} in the header", ["jwk", "k"], RefreshTokenInvalid, member => Token.Header(member, new JsonObject { ["kty"] = "oct", ["k"] = StrictBase64Url.Encode(SealingKey) }), Ours },
        { "{0} in the header, an address", ["jku", "x5u"], RefreshTokenInvalid, member => Token.Header(member, "https://evil.example/jwks"), Ours },
        { "claims in the header", RefreshTokenInvalid, Token.Header("iss", IssuerUnderTest.Issuer).Header("sub", "root"), "RFC 7519 §5.3 allows it; the issuer does not write it." },
        { "members in the order {0}", ["enc alg kid typ", "alg kid enc typ", "kid alg enc typ", "typ alg enc kid", "alg enc typ kid", "typ kid enc alg"], RefreshTokenInvalid, Reordered, Ours },
        { "{0} twice, alike", ["alg", "enc", "kid", "typ"], RefreshTokenInvalid, member => Token.HeaderText(text => Twice(text, member, (string)JsonNode.Parse(text)![member]!)), Ours },
        { "{0} twice, first another", ["alg", "enc", "kid", "typ"], RefreshTokenInvalid, member => Token.HeaderText(text => Twice(text, member, "none")), Ours },
        { "{0} twice, then another", ["alg", "enc", "kid", "typ"], RefreshTokenInvalid, member => Token.HeaderMember($"\"{member}\":\"none\""), Ours },
        { "without {0}", ["alg", "enc", "kid", "typ"], RefreshTokenInvalid, member => Token.WithoutHeader(member), Ours },
        { "{0} null", ["alg", "enc", "kid", "typ"], RefreshTokenInvalid, member => Token.Header(member, null) },
        { "{0} in an array", ["alg", "enc", "kid", "typ"], RefreshTokenInvalid, member => Token.HeaderText(text => { var header = JsonNode.Parse(text)!; header[member] = new JsonArray((string)header[member]!); return header.ToJsonString(VectorFolder.Compact); }) },
        { "a name with an escape", RefreshTokenInvalid, Token.HeaderText(text => text.Replace("\"alg\"", "\"\\u0061lg\"")), Ours },
        { "a value with an escape", RefreshTokenInvalid, Token.HeaderText(text => text.Replace("\"dir\"", "\"\\u0064ir\"")), Ours },
        { "typ with an escape", RefreshTokenInvalid, Token.HeaderText(text => text.Replace("rt+jwt", "rt\\u002Bjwt")), Ours },
        { "kid with an escape", RefreshTokenInvalid, Token.HeaderText(text => text.Replace(KeyId, $"\\u{(int)KeyId[0]:x4}{KeyId[1..]}")), Ours },
        { "white space {0}", ["before", "after", "within"], RefreshTokenInvalid, where => Token.HeaderText(text => where switch { "before" => " " + text, "after" => text + "\n", _ => text.Replace(",", ", ") }), Ours },
        { "a byte order mark", RefreshTokenInvalid, Token.HeaderBytes(bytes => [0xEF, 0xBB, 0xBF, .. bytes]), Ours },
        { "a byte that is no UTF-8", RefreshTokenInvalid, Token.HeaderBytes(bytes => [.. bytes[..^2], 0xFF, .. bytes[^2..]]) },
        { "the header {0}", ["", "{}", "[]", "null", "1", "{"], RefreshTokenInvalid, header => Token.HeaderText(_ => header) },
        { "{0} after the header", ["{}", "x", "\0"], RefreshTokenInvalid, tail => Token.HeaderText(text => text + tail) },
        { "typ {0}", ["RT+JWT", "application/rt+jwt", "at+jwt", "state+jwt", "JWT", ""], RefreshTokenInvalid, type => Token.Header("typ", type), Ours },
        { "kid {0}", ["", "../../etc/passwd", "' or 1=1", "AAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAB"], RefreshTokenInvalid, keyId => Token.Header("kid", keyId), "The shape of a kid is checked before anything is looked up." },
        { "alg {0}, though the key is ours", Algorithms, RefreshTokenInvalid, algorithm => Token.Header("alg", algorithm), Ours },
        { "alg {0} with an encrypted key", Algorithms, RefreshTokenInvalid, algorithm => Token.Header("alg", algorithm).Parts(parts => parts with { Key = new byte[40] }) },
        { "A256GCMKW: a key of its own, wrapped under ours", RefreshTokenInvalid, Wrapped(), "Good in every way (RFC 7518 §4.7), but not ours." },
        { "PBES2 with p2c {0}", Counts, RefreshTokenInvalid, count => Token.Header("alg", "PBES2-HS512+A256KW").HeaderMember($"\"p2s\":\"AAAAAAAAAAA\",\"p2c\":{count}").Parts(parts => parts with { Key = new byte[40] }), "No iteration is computed." },
        { "p2c {0} beside dir", Counts, RefreshTokenInvalid, count => Token.HeaderMember($"\"p2s\":\"AAAAAAAAAAA\",\"p2c\":{count}"), Ours },
        { "{0} with epk", ["ECDH-ES", "ECDH-ES+A256KW", "dir"], RefreshTokenInvalid, algorithm => Token.Header("alg", algorithm).Header("epk", VectorKey.Stranger.Public()) },
        { "ECDH-ES with a point off the curve (epk)", RefreshTokenInvalid, Token.Header("alg", "ECDH-ES").Header("epk", new JsonObject { ["kty"] = "EC", ["crv"] = "P-256", ["x"] = "gTxS0PJhBE0XQqLsCcQFSB7Fw-QhX7hzwA9GLOmZ5hg", ["y"] = "AA" }) },
        { "enc {0}, though it is A256GCM", ["A128GCM", "A192GCM", "A128CBC-HS256", "A256CBC-HS512", "A256CTR", "none", "a256gcm", ""], RefreshTokenInvalid, enc => Token.Header("enc", enc), Ours },
        { "enc A128GCM, under the first half of our key", RefreshTokenInvalid, Token.Header("enc", "A128GCM").Encrypted((nonce, associated, content) => RefreshSeal.Encrypt(SealingKey[..16], nonce, associated, content)) },
        { "enc A192GCM, under the first 24 bytes of our key", RefreshTokenInvalid, Token.Header("enc", "A192GCM").Encrypted((nonce, associated, content) => RefreshSeal.Encrypt(SealingKey[..24], nonce, associated, content)) },
        { "enc A128CBC-HS256, under our key", RefreshTokenInvalid, Token.Header("enc", "A128CBC-HS256").Encrypted(EncryptCbc).Parts(parts => parts with { Nonce = [.. parts.Nonce, 0, 0, 0, 0] }), "Good in every way (RFC 7518 §5.2.3), and of the key's length, but not ours." },
    };

    private static VectorDescription Seal => new(
        "refresh-seal", "A refresh token with our own header whose key, nonce, tag, spelling or content is not what we write",
        "RFC 7516 §5.2 and §7.1, RFC 7518 §4.5 and §5.3, RFC 7515 §2, RFC 8725 §3.3 and §3.12; CVE-2018-1000539, CVE-2022-3102, CVE-2023-37464, CVE-2025-54887")
    {
        { "as the issuer seals it", Accepted, Token },
        { "with a claim of a later version", Accepted, Token.ContentText(text => $"{text[..^1]},\"x\":1}}") },
        { "an encrypted key of {0} bytes beside dir", ["1", "16", "32", "40", "256"], RefreshTokenInvalid, length => Token.Parts(parts => parts with { Key = new byte[int.Parse(length, null)] }), "Empty with dir (RFC 7516 §5.2, step 10)." },
        { "the first {0} bytes of the tag", ["0", "1", "4", "8", "12", "13", "14", "15"], RefreshTokenInvalid, length => Token.Parts(parts => parts with { Tag = parts.Tag[..int.Parse(length, null)] }), "A cut tag can be guessed: 16 bytes, no fewer (RFC 7518 §5.3)." },
        { "a byte behind the tag", RefreshTokenInvalid, Token.Parts(parts => parts with { Tag = [.. parts.Tag, 0] }) },
        { "a tag of zeros", RefreshTokenInvalid, Token.Parts(parts => parts with { Tag = new byte[16] }) },
        { "the last bit of the tag changed", RefreshTokenInvalid, Token.Parts(parts => parts with { Tag = [.. parts.Tag[..^1], (byte)(parts.Tag[^1] ^ 1)] }) },
        { "the first {0} bytes of the nonce", ["0", "8", "11"], RefreshTokenInvalid, length => Token.Parts(parts => parts with { Nonce = parts.Nonce[..int.Parse(length, null)] }) },
        { "{0} bytes behind the nonce", ["1", "4"], RefreshTokenInvalid, count => Token.Parts(parts => parts with { Nonce = [.. parts.Nonce, .. new byte[int.Parse(count, null)]] }) },
        { "another nonce", RefreshTokenInvalid, Token.Parts(parts => parts with { Nonce = new byte[12] }) },
        { "no ciphertext", RefreshTokenInvalid, Token.ContentBytes(_ => []), "Its tag holds, of nothing." },
        { "the first bit of the ciphertext changed", RefreshTokenInvalid, Token.Parts(parts => parts with { Ciphertext = [(byte)(parts.Ciphertext[0] ^ 0x80), .. parts.Ciphertext[1..]] }) },
        { "a byte behind the ciphertext", RefreshTokenInvalid, Token.Parts(parts => parts with { Ciphertext = [.. parts.Ciphertext, 0] }) },
        { "without the last byte of the ciphertext", RefreshTokenInvalid, Token.Parts(parts => parts with { Ciphertext = parts.Ciphertext[..^1] }) },
        { "not encrypted", RefreshTokenInvalid, Token.Encrypted((_, _, content) => (content, new byte[16])) },
        { "under a key of zeros", RefreshTokenInvalid, Token.Encrypted((nonce, associated, content) => RefreshSeal.Encrypt(new byte[32], nonce, associated, content)) },
        { "nothing authenticated beside the content", RefreshTokenInvalid, Token.Associated(_ => []), "The header is part of what the tag is over (RFC 7516 §5.1, step 14)." },
        { "the decoded header authenticated", RefreshTokenInvalid, Token.Associated(header => StrictBase64Url.Decode(Encoding.ASCII.GetString(header))!) },
        { "padding behind the {0}", ["ciphertext", "tag"], RefreshTokenInvalid, part => Uneven(part, segment => segment + "=="), "Base64url without padding (RFC 7515 §2). Header and nonce have none: 3 divides their lengths." },
        { "= alone behind the {0}", ["header", "encrypted key", "nonce", "ciphertext", "tag"], RefreshTokenInvalid, part => Changed(part, segment => segment + "=") },
        { "spare bits in the {0}", ["ciphertext", "tag"], RefreshTokenInvalid, part => Uneven(part, segment => segment[..^1] + (char)(segment[^1] + 1)), "One spelling for each token, else it would have twins." },
        { "a line feed behind the {0}", ["header", "encrypted key", "nonce", "ciphertext", "tag"], RefreshTokenInvalid, part => Changed(part, segment => segment + "\n") },
        { "a space within the {0}", ["header", "nonce", "ciphertext", "tag"], RefreshTokenInvalid, part => Changed(part, segment => segment.Insert(4, " ")) },
        { "%3D behind the {0}", ["header", "ciphertext", "tag"], RefreshTokenInvalid, part => Changed(part, segment => segment + "%3D") },
        { "the other alphabet", RefreshTokenInvalid, Token.Text(text => text.Replace('-', '+').Replace('_', '/')) },
        { "{0} behind it", [".", ".AAAA", "\n", " ", "\0", ",", "="], RefreshTokenInvalid, tail => Token.Text(text => text + tail) },
        { "{0} before it", ["Bearer ", " ", ".", "\uFEFF", "\""], RefreshTokenInvalid, head => Token.Text(text => head + text) },
        { "without the segment of the encrypted key", RefreshTokenInvalid, Token.Text(text => text.Replace("..", ".")) },
        { "one empty segment more", RefreshTokenInvalid, Token.Text(text => text.Replace("..", "...")) },
        { "twice", RefreshTokenInvalid, Token.Text(text => text + text) },
        { "twice, with a comma between", RefreshTokenInvalid, Token.Text(text => $"{text},{text}") },
        { "the flattened JSON serialization", RefreshTokenInvalid, Json((header, parts) => $"{{\"protected\":\"{header}\",{parts}}}"), "Only the compact serialization is a token (RFC 7519 §1)." },
        { "the flattened JSON serialization, zip unprotected", RefreshTokenInvalid, Json((header, parts) => $"{{\"protected\":\"{header}\",\"unprotected\":{{\"zip\":\"DEF\"}},{parts}}}") },
        { "the general JSON serialization", RefreshTokenInvalid, Json((header, parts) => $"{{\"protected\":\"{header}\",\"recipients\":[{{}}],{parts}}}") },
        { "an access token of the issuer", RefreshTokenInvalid, Token.Text(_ => VectorToken.Token.ToString()), "Of the other kind (RFC 8725 §3.11)." },
        { "an access token within, cty unsaid", RefreshTokenInvalid, Token.ContentText(_ => VectorToken.Token.ToString()) },
        { "an access token within, cty JWT", RefreshTokenInvalid, Token.Header("cty", "JWT").ContentText(_ => VectorToken.Token.ToString()) },
        { "an unsigned token within", RefreshTokenInvalid, Token.ContentText(text => $"eyJhbGciOiJub25lIn0.{StrictBase64Url.Encode(Encoding.UTF8.GetBytes(text))}.") },
        { "a refresh token within", RefreshTokenInvalid, Token.ContentText(_ => Token.ToString()) },
        { "the content as a JSON string", RefreshTokenInvalid, Token.ContentText(text => JsonValue.Create(text).ToJsonString()) },
        { "the content in an array", RefreshTokenInvalid, Token.ContentText(text => $"[{text}]") },
        { "sub twice in the content", RefreshTokenInvalid, Token.ContentText(text => $"{text[..^1]},\"sub\":\"root\"}}") },
        { "bytes behind the content", RefreshTokenInvalid, Token.ContentText(text => text + "{}") },
        { "a byte order mark before the content", RefreshTokenInvalid, Token.ContentBytes(bytes => [0xEF, 0xBB, 0xBF, .. bytes]) },
        { "of another issuer", RefreshTokenInvalid, Token.ContentText(text => text.Replace(IssuerUnderTest.Issuer, "https://other.example")) },
    };

    private static SealedToken Reordered(string order) => Token.HeaderText(text =>
    {
        var header = JsonNode.Parse(text)!;
        return new JsonObject(order.Split(' ').Select(member => KeyValuePair.Create(member, (JsonNode?)(string)header[member]!))).ToJsonString(VectorFolder.Compact);
    });

    private static string Twice(string header, string member, string value) => header.Replace($"\"{member}\"", $"\"{member}\":\"{value}\",\"{member}\"");

    private static SealedToken Wrapped()
    {
        byte[] key = SHA256.HashData("a key for one token"u8), nonce = key[..12];
        var (wrapped, tag) = RefreshSeal.Encrypt(SealingKey, nonce, [], key);
        return Token.Header("alg", "A256GCMKW").Header("iv", StrictBase64Url.Encode(nonce)).Header("tag", StrictBase64Url.Encode(tag))
            .Encrypted((iv, associated, content) => RefreshSeal.Encrypt(key, iv, associated, content))
            .Parts(parts => parts with { Key = wrapped });
    }

    /// <summary>AES in CBC and HMAC-SHA256 (RFC 7518 §5.2.2.1); the nonce is filled up to a block with zeros.</summary>
    private static (byte[] Ciphertext, byte[] Tag) EncryptCbc(byte[] nonce, byte[] associated, byte[] content)
    {
        using var aes = Aes.Create();
        aes.Key = SealingKey[16..];
        byte[] iv = [.. nonce, 0, 0, 0, 0], bits = new byte[8];
        var ciphertext = aes.EncryptCbc(content, iv);
        BinaryPrimitives.WriteInt64BigEndian(bits, associated.Length * 8L);
        return (ciphertext, HMACSHA256.HashData(SealingKey[..16], (byte[])[.. associated, .. iv, .. ciphertext, .. bits])[..16]);
    }

    /// <summary>Changes a part as it is encoded; the header before it is authenticated.</summary>
    private static SealedToken Changed(string part, Func<string, string> change) => part == "header"
        ? Token.HeaderSegment(change)
        : Token.Segment(Array.IndexOf(["header", "encrypted key", "nonce", "ciphertext", "tag"], part), change);

    /// <summary>Changes a part whose last two characters stand for one byte: the ciphertext by a claim of the right length, the tag as it is.</summary>
    private static SealedToken Uneven(string part, Func<string, string> change) =>
        Changed(part, change).ContentText(text => $"{text[..^1]},\"x\":\"{new string('x', (4 - ((text.Length + 7) % 3)) % 3)}\"}}");

    private static SealedToken Json(Func<string, string, string> write) => Token.Text(text =>
    {
        var segments = text.Split('.');
        return write(segments[0], $"\"iv\":\"{segments[2]}\",\"ciphertext\":\"{segments[3]}\",\"tag\":\"{segments[4]}\"");
    });
}
