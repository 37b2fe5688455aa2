using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using TokenSessions.Issuing;
using TokenSessions.Tests.Issuing;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Tests.Vectors.Making;

/// <summary>A good refresh token under the test key, and what is done to it, step by step. Whatever is not changed is sealed as it should be.</summary>
internal sealed class SealedToken : IMadeToken<SessionRejection>
{
    /// <summary>The key set with the issuer's sealing key.</summary>
    public const string KeySet = "sealing.jwks.json";

    private Func<string, string> _header = text => text;
    private Func<byte[], byte[]> _headerBytes = bytes => bytes;
    private Func<string, string> _headerSegment = text => text;
    private Func<byte[], byte[]> _content = bytes => bytes;
    private Func<byte[], byte[]> _associated = bytes => bytes;
    private Func<SealedParts, SealedParts> _parts = parts => parts;
    private Func<string, string> _text = text => text;
    private Encryption _encrypt = (nonce, associated, content) => RefreshSeal.Encrypt(SealingKey, nonce, associated, content);

    private SealedToken()
    {
    }

    /// <summary>Encrypts under the key and in the way it was made for.</summary>
    public delegate (byte[] Ciphertext, byte[] Tag) Encryption(byte[] nonce, byte[] associated, byte[] content);

    /// <summary>A token that is taken.</summary>
    public static SealedToken Token => new();

    /// <summary>The verdict of a token that is not turned away.</summary>
    public static SessionRejection? Accepted => null;

    public static byte[] SealingKey { get; } = StrictBase64Url.Decode((string)Jwk["k"]!)!;

    public static string KeyId { get; } = (string)Jwk["kid"]!;

    private static JsonNode Jwk => JsonNode.Parse(File.ReadAllText(VectorFolder.PathOf($"Keys/{KeySet}")))!["keys"]![0]!;

    /// <summary>Sets a member of the header where it stands, or at the end.</summary>
    public SealedToken Header(string member, JsonNode? value) => HeaderText(text =>
    {
        var header = JsonNode.Parse(text)!.AsObject();
        header[member] = value;
        return header.ToJsonString(VectorFolder.Compact);
    });

    public SealedToken WithoutHeader(string member) => HeaderText(text =>
    {
        var header = JsonNode.Parse(text)!.AsObject();
        header.Remove(member);
        return header.ToJsonString(VectorFolder.Compact);
    });

    /// <summary>One more member, written exactly so.</summary>
    public SealedToken HeaderMember(string json) => HeaderText(text => $"{text[..^1]},{json}}}");

    public SealedToken HeaderText(Func<string, string> change) => Do(() => _header = Then(_header, change));

    public SealedToken HeaderBytes(Func<byte[], byte[]> change) => Do(() => _headerBytes = Then(_headerBytes, change));

    /// <summary>Changes the header as it is encoded, before it is authenticated: a reader that passes over the change opens the token.</summary>
    public SealedToken HeaderSegment(Func<string, string> change) => Do(() => _headerSegment = Then(_headerSegment, change));

    public SealedToken ContentText(Func<string, string> change) => ContentBytes(bytes => Utf8(change(Encoding.UTF8.GetString(bytes))));

    public SealedToken ContentBytes(Func<byte[], byte[]> change) => Do(() => _content = Then(_content, change));

    /// <summary>Changes what is authenticated beside the content: the header segment, in ASCII.</summary>
    public SealedToken Associated(Func<byte[], byte[]> change) => Do(() => _associated = Then(_associated, change));

    public SealedToken Encrypted(Encryption encrypt) => Do(() => _encrypt = encrypt);

    /// <summary>Changes what was encrypted, before it is encoded.</summary>
    public SealedToken Parts(Func<SealedParts, SealedParts> change) => Do(() => _parts = Then(_parts, change));

    /// <summary>Changes one segment of the finished token: 0 is the header, then the encrypted key, nonce, ciphertext and tag.</summary>
    public SealedToken Segment(int index, Func<string, string> change) => Text(text =>
    {
        var segments = text.Split('.');
        segments[index] = change(segments[index]);
        return string.Join('.', segments);
    });

    /// <summary>Changes the finished token.</summary>
    public SealedToken Text(Func<string, string> change) => Do(() => _text = Then(_text, change));

    public override string ToString()
    {
        var header = _headerSegment(StrictBase64Url.Encode(_headerBytes(Utf8(_header(new RefreshSeal(KeyId, SealingKey).Header)))));
        var (associated, content) = (_associated(Utf8(header)), _content(Utf8(GoodContent())));
        var nonce = SHA256.HashData([.. associated, .. content])[..12]; // The same in every run.
        var (ciphertext, tag) = _encrypt(nonce, associated, content);
        var parts = _parts(new([], nonce, ciphertext, tag));
        byte[][] encoded = [parts.Key, parts.Nonce, parts.Ciphertext, parts.Tag];
        return _text($"{header}.{string.Join('.', encoded.Select(bytes => StrictBase64Url.Encode(bytes)))}");
    }

    public Vector ToVector(string name, SessionRejection? expected, string? why) => new(name, ToString(), Vector.Verdict(expected))
    {
        Reader = new RefreshTokenReader(),
        KeySet = KeySet,
        Why = why,
    };

    /// <summary>A session that began a minute before all vectors are read, at the issuer that reads them.</summary>
    private static string GoodContent()
    {
        var start = Vector.DefaultNow.AddMinutes(-1).ToUnixTimeSeconds();
        return new JsonObject
        {
            ["iss"] = IssuerUnderTest.Issuer,
            ["sub"] = IssuerUnderTest.Subject,
            ["sid"] = "AAAAAAAAAAAAAAAAAAAAAA",
            ["gen"] = 0,
            ["client_id"] = "default",
            ["aud"] = IssuerUnderTest.Audience,
            ["scope"] = new JsonArray("reports.read"),
            ["auth_time"] = start,
            ["amr"] = new JsonArray("pwd"),
            ["iat"] = start,
            ["exp"] = start + 3600,
            ["end"] = start + 7200,
        }.ToJsonString(VectorFolder.Compact);
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private static Func<T, T> Then<T>(Func<T, T> first, Func<T, T> second) => value => second(first(value));

    private SealedToken Do(Action step)
    {
        step();
        return this;
    }
}

/// <summary>What stands behind the header of a JWE (RFC 7516 §7.1).</summary>
/// <param name="Key">The encrypted key: empty with <c>dir</c>.</param>
/// <param name="Nonce">The initialization vector.</param>
/// <param name="Ciphertext">The encrypted content.</param>
/// <param name="Tag">The authentication tag.</param>
internal sealed record SealedParts(byte[] Key, byte[] Nonce, byte[] Ciphertext, byte[] Tag);
