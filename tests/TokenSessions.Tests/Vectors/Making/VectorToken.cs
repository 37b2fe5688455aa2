using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using TokenSessions.Tests.Validation;
using TokenSessions.Validation;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Tests.Vectors.Making;

/// <summary>A good token, and what is done to it and to the world that judges it, step by step.</summary>
internal sealed class VectorToken : IMadeToken<TokenRejection>
{
    private readonly TestToken _json = new(Vector.DefaultNow);
    private readonly List<VectorRule> _rules = [];

    private Func<byte[], byte[]> _header = bytes => bytes;
    private Func<byte[], byte[]> _payload = bytes => bytes;
    private Func<byte[], byte[]> _sign;
    private Func<string, string> _text = text => text;
    private DateTimeOffset _now = Vector.DefaultNow;
    private JsonNode _keySet = "issuer.jwks.json";
    private string? _keySetText;
    private string[] _types = ["at+jwt"];

    private VectorToken()
    {
        _json.WithHeader("kid", VectorKey.Es256.KeyId);
        _sign = input => VectorKey.Es256.Sign(input);
    }

    /// <summary>A token that is accepted.</summary>
    public static VectorToken Token => new();

    /// <summary>The verdict of a token that is not turned away.</summary>
    public static TokenRejection? Accepted => null;

    public VectorToken Header(string member, JsonNode? value) => Do(() => _json.WithHeader(member, value));

    public VectorToken WithoutHeader(string member) => Do(() => _json.WithoutHeader(member));

    /// <summary>One more member, written exactly so.</summary>
    public VectorToken HeaderMember(string json) => HeaderText(text => $"{text[..^1]},{json}}}");

    public VectorToken HeaderText(Func<string, string> change) => HeaderBytes(OfText(change));

    public VectorToken HeaderBytes(Func<byte[], byte[]> change) => Do(() => _header = Then(_header, change));

    public VectorToken Claim(string claim, JsonNode? value) => Do(() => _json.With(claim, value));

    public VectorToken WithoutClaim(string claim) => Do(() => _json.Without(claim));

    /// <summary>One more claim, written exactly so.</summary>
    public VectorToken Claims(string json) => PayloadText(text => $"{text[..^1]},{json}}}");

    /// <summary>A claim whose value is written exactly so, in place of the good one if there is one.</summary>
    public VectorToken ClaimValue(string claim, string json) => WithoutClaim(claim).Claims($"\"{claim}\":{json}");

    public VectorToken PayloadText(Func<string, string> change) => PayloadBytes(OfText(change));

    public VectorToken PayloadBytes(Func<byte[], byte[]> change) => Do(() => _payload = Then(_payload, change));

    /// <summary>By another key, which the header names.</summary>
    public VectorToken SignedBy(VectorKey key) => Header("alg", key.Algorithm).Header("kid", key.KeyId).SignedWith(key);

    /// <summary>By another key or in another way, of which the header says nothing.</summary>
    public VectorToken SignedWith(VectorKey key, string? algorithm = null) => Signed(input => key.Sign(input, algorithm));

    /// <summary>With a secret, and the header says so (RFC 7518 §3.2).</summary>
    public VectorToken SignedWithSecret(byte[] secret, string algorithm = "HS256") => Header("alg", algorithm).Signed(input => algorithm switch
    {
        "HS384" => HMACSHA384.HashData(secret, input),
        "HS512" => HMACSHA512.HashData(secret, input),
        _ => HMACSHA256.HashData(secret, input),
    });

    public VectorToken Signed(Func<byte[], byte[]> sign) => Do(() => _sign = sign);

    public VectorToken Signature(Func<byte[], byte[]> change) => Do(() => _sign = Then(_sign, change));

    /// <summary>Changes the finished token.</summary>
    public VectorToken Text(Func<string, string> change) => Do(() =>
    {
        var before = _text;
        _text = text => change(before(text));
    });

    /// <summary>Changes one segment of the finished token: 0 is the header, 1 the payload, 2 the signature.</summary>
    public VectorToken Segment(int index, Func<string, string> change) => Text(text =>
    {
        var segments = text.Split('.');
        segments[index] = change(segments[index]);
        return string.Join('.', segments);
    });

    public VectorToken At(string now) => Do(() => _now = DateTimeOffset.Parse(now, CultureInfo.InvariantCulture));

    public VectorToken Types(params string[] types) => Do(() => _types = types);

    public VectorToken KeySet(params JsonNode[] keys) => Do(() => _keySet = VectorDescriptions.KeySetOf(keys));

    /// <summary>Publishes this text in place of a key set.</summary>
    public VectorToken KeySetText(string document) => Do(() => _keySetText = document);

    public VectorToken Denied(RuleKind kind, string value, long watermark = 0) => Do(() => _rules.Add(new(kind, value, watermark)));

    public override string ToString()
    {
        var header = _header(Utf8(_json.Header.ToJsonString(VectorFolder.Compact)));
        var payload = _payload(Utf8(_json.Claims.ToJsonString(VectorFolder.Compact)));
        var input = $"{StrictBase64Url.Encode(header)}.{StrictBase64Url.Encode(payload)}";
        return _text($"{input}.{StrictBase64Url.Encode(_sign(Utf8(input)))}");
    }

    public Vector ToVector(string name, TokenRejection? expected, string? why) => new(name, ToString(), Vector.Verdict(expected))
    {
        Reader = new AccessTokenReader { Types = _types, Rules = _rules },
        Now = _now,
        KeySet = _keySet,
        KeySetText = _keySetText,
        Why = why,
    };

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private static Func<byte[], byte[]> OfText(Func<string, string> change) => bytes => Utf8(change(Encoding.UTF8.GetString(bytes)));

    private static Func<byte[], byte[]> Then(Func<byte[], byte[]> first, Func<byte[], byte[]> second) => bytes => second(first(bytes));

    private VectorToken Do(Action step)
    {
        step();
        return this;
    }
}
