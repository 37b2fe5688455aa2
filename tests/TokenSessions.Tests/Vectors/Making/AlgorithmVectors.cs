using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using TokenSessions.Validation.Jose;
using static TokenSessions.Tests.Vectors.Making.VectorToken;
using static TokenSessions.Validation.TokenRejection;

namespace TokenSessions.Tests.Vectors.Making;

/// <summary>Attacks on <c>alg</c>: no signature, a secret in place of a key, one key under another algorithm.</summary>
internal static class AlgorithmVectors
{
    private static readonly string[] Spellings =
        ["none", "None", "NONE", "nOnE", "NonE", "none ", " none", "none\0", "n\u043Ene", "null", "", "NoNe;ES256", "none,ES256"];

    public static IReadOnlyList<VectorDescription> All { get; } = [None, Confusion, Mismatch, Extensions];

    private static VectorDescription None => new(
        "alg-none", "Unsigned tokens: `alg` is `none` in every spelling, or absent",
        "RFC 7518 §3.6, RFC 8725 §2.1 and §3.1; CVE-2018-1000531, CVE-2020-28042, CVE-2021-22160")
    {
        { "alg '{0}', no signature", Spellings, Malformed, alg => Token.Header("alg", alg).Signed(_ => []) },
        { "alg '{0}', the signature of the good token", Spellings, AlgorithmNotAllowed, alg => Token.Header("alg", alg) },
        { "alg '{0}', one byte as a signature", Spellings, AlgorithmNotAllowed, alg => Token.Header("alg", alg).Signed(_ => [0]) },
        { "alg '{0}' and no kid", Spellings, AlgorithmNotAllowed, alg => Token.Header("alg", alg).WithoutHeader("kid") },
        { "alg none with an escape", AlgorithmNotAllowed, Token.WithoutHeader("alg").HeaderMember("\"alg\":\"n\\u006fne\"") },
        { "alg none beside the real one", Malformed, Token.HeaderMember("\"alg\":\"none\"") },
        { "alg none beside the real one, its name with an escape", Malformed, Token.HeaderMember("\"\\u0061lg\":\"none\"") },
        { "Alg none beside the real alg", Accepted, Token.Header("Alg", "none").Header("ALG", "none"), "Names of members are case-sensitive (RFC 7515 §4), so these are unknown ones and ignored." },
        { "no alg", AlgorithmNotAllowed, Token.WithoutHeader("alg") },
        { "no alg, no signature", Malformed, Token.WithoutHeader("alg").Signed(_ => []) },
        { "alg null", Malformed, Token.Header("alg", null) },
        { "alg false", Malformed, Token.Header("alg", false) },
        { "alg 0", Malformed, Token.Header("alg", 0) },
        { "alg an array", Malformed, Token.Header("alg", new JsonArray("none")) },
        { "alg an object", Malformed, Token.Header("alg", new JsonObject { ["alg"] = "none" }) },
        { "a good header, no signature", Malformed, Token.Signed(_ => []) },
        { "a good header, no third segment", Malformed, Token.Text(text => text[..text.LastIndexOf('.')]) },
        { "only a payload", Malformed, Token.Text(text => text.Split('.')[1]) },
    };

    private static VectorDescription Confusion => new(
        "alg-confusion", "A MAC whose secret is the public key",
        "RFC 8725 §2.1 and §3.1; CVE-2015-9235, CVE-2016-5431, CVE-2016-10555, CVE-2017-11424, CVE-2022-29217, CVE-2024-33663; empty secret: CVE-2019-20933")
    {
        { "RSA key as PEM, {0}", ["HS256", "HS384", "HS512"], AlgorithmNotAllowed, alg => Token.SignedBy(VectorKey.Rs256).SignedWithSecret(Utf8(VectorKey.Rs256.Pem()), alg) },
        { "EC key as PEM, {0}", ["HS256", "HS384", "HS512"], AlgorithmNotAllowed, alg => Token.SignedWithSecret(Utf8(VectorKey.Es256.Pem()), alg) },
        { "RSA key as PEM with a line end", AlgorithmNotAllowed, Token.SignedBy(VectorKey.Rs256).SignedWithSecret(Utf8(VectorKey.Rs256.Pem() + "\n")) },
        { "EC key as PEM with a line end", AlgorithmNotAllowed, Token.SignedWithSecret(Utf8(VectorKey.Es256.Pem() + "\n")) },
        { "RSA modulus", AlgorithmNotAllowed, Token.SignedBy(VectorKey.Rs256).SignedWithSecret(VectorKey.Padded(VectorKey.Rs256.N, 256)) },
        { "RSA modulus in base64url", AlgorithmNotAllowed, Token.SignedBy(VectorKey.Rs256).SignedWithSecret(Utf8(Member(VectorKey.Rs256, "n"))) },
        { "the EC point x||y", AlgorithmNotAllowed, Token.SignedWithSecret([.. StrictBase64Url.Decode(Member(VectorKey.Es256, "x"))!, .. StrictBase64Url.Decode(Member(VectorKey.Es256, "y"))!]) },
        { "the JWK as text", AlgorithmNotAllowed, Token.SignedWithSecret(Utf8(VectorKey.Es256.Public().ToJsonString())) },
        { "the kid", AlgorithmNotAllowed, Token.SignedWithSecret(Utf8(VectorKey.Es256.KeyId)) },
        { "an empty secret", AlgorithmNotAllowed, Token.SignedWithSecret([]) },
        { "a secret of zeros", AlgorithmNotAllowed, Token.SignedWithSecret(new byte[32]) },
        { "the word secret", AlgorithmNotAllowed, Token.SignedWithSecret(Utf8("secret")) },
        { "a MAC under the key's own alg", SignatureInvalid, Token.SignedBy(VectorKey.Rs256).SignedWithSecret(Utf8(VectorKey.Rs256.Pem())).Header("alg", "RS256") },
        { "a MAC twice, as long as a signature", SignatureInvalid, Token.SignedWithSecret(Utf8(VectorKey.Es256.Pem())).Header("alg", "ES256").Signature(mac => [.. mac, .. mac]) },
        { "alg '{0}'", ["hs256", "HS256 ", "HMAC", "HmacSHA256", "A256GCM", "dir"], AlgorithmNotAllowed, alg => Token.SignedWithSecret(Utf8(VectorKey.Es256.Pem())).Header("alg", alg) },
        { "a symmetric key in the key set", AlgorithmNotAllowed, Token.KeySet(VectorKey.Es256.Public(), Secret("HS256")).SignedWithSecret(new byte[32]).Header("kid", "secret") },
        { "a symmetric key in the key set, said to be for ES256", KeyUnknown, Token.KeySet(VectorKey.Es256.Public(), Secret("ES256")).SignedWithSecret(new byte[32]).Header("alg", "ES256").Header("kid", "secret"), "The set's key cannot be used, so it is not there." },
    };

    private static VectorDescription Mismatch => new(
        "alg-mismatch", "A key used with another algorithm than its own, or an algorithm that does not exist here",
        "RFC 8725 §3.1 and §3.2, RFC 7518 §3.1; RSA with e = 3: CVE-2006-4339")
    {
        { "the RS256 key with PS256", AlgorithmNotAllowed, Token.SignedBy(VectorKey.Rs256).Header("alg", "PS256").SignedWith(VectorKey.Rs256, "PS256") },
        { "the PS256 key with RS256", AlgorithmNotAllowed, Token.SignedBy(VectorKey.Ps256).Header("alg", "RS256").SignedWith(VectorKey.Ps256, "RS256") },
        { "the RS256 key with RS384", AlgorithmNotAllowed, Token.SignedBy(VectorKey.Rs256).Header("alg", "RS384").SignedWith(VectorKey.Rs256, "RS384") },
        { "the RS256 key with RS1", AlgorithmNotAllowed, Token.SignedBy(VectorKey.Rs256).Header("alg", "RS1").SignedWith(VectorKey.Rs256, "RS1") },
        { "the ES256 key with ES384", AlgorithmNotAllowed, Token.Header("alg", "ES384").SignedWith(VectorKey.Es256, "ES384") },
        { "the ES384 key with ES256", AlgorithmNotAllowed, Token.SignedBy(VectorKey.Es384).Header("alg", "ES256").SignedWith(VectorKey.Es384, "ES256") },
        { "the ES256 key with RS256", AlgorithmNotAllowed, Token.Header("alg", "RS256") },
        { "the RS256 key with ES256", AlgorithmNotAllowed, Token.SignedBy(VectorKey.Rs256).Header("alg", "ES256") },
        { "alg '{0}'", ["ES512", "ES256K", "EdDSA", "Ed25519", "RS384", "RS512", "PS384", "PS512", "RS1", "RSA-OAEP", "RSA1_5", "ML-DSA-44", "es256", "Es256", "ES256 ", " ES256", "ES256\0", "ES-256", "SHA256withECDSA", "-7", "ES256,RS256", "\uFF25\uFF33256"], AlgorithmNotAllowed, alg => Token.Header("alg", alg) },
        { "alg with an escape", Accepted, Token.WithoutHeader("alg").HeaderMember("\"alg\":\"E\\u0053256\""), "An escape is another spelling of the same text (RFC 8259 §7), and the signature covers the spelling." },
        { "PSS under RS256", SignatureInvalid, Token.SignedBy(VectorKey.Rs256).SignedWith(VectorKey.Rs256, "PS256") },
        { "PKCS#1 under PS256", SignatureInvalid, Token.SignedBy(VectorKey.Ps256).SignedWith(VectorKey.Ps256, "RS256") },
        { "SHA-1 under RS256", SignatureInvalid, Token.SignedBy(VectorKey.Rs256).SignedWith(VectorKey.Rs256, "RS1") },
        { "SHA-384 under RS256", SignatureInvalid, Token.SignedBy(VectorKey.Rs256).SignedWith(VectorKey.Rs256, "RS384") },
        { "SHA-384 under ES256", SignatureInvalid, Token.SignedWith(VectorKey.Es256, "ES384") },
        { "SHA-512 under ES256", SignatureInvalid, Token.SignedWith(VectorKey.Es256, "ES512") },
        { "SHA-256 under ES384", SignatureInvalid, Token.SignedBy(VectorKey.Es384).SignedWith(VectorKey.Es384, "ES256") },
        { "a good {0} token", ["RS256", "PS256", "ES384"], Accepted, alg => Token.SignedBy(alg switch { "RS256" => VectorKey.Rs256, "PS256" => VectorKey.Ps256, _ => VectorKey.Es384 }) },
        { "the modulus said to be for RS256 and PS256, used with both", KeysUnavailable, Token.KeySet(VectorKey.Rs256.Public(), VectorKey.Rs256.Public("PS256")).SignedBy(VectorKey.Rs256), "Two keys of one kid: no such set is taken, and 503 is the answer." },
        { "a P-384 key said to be for ES256", KeyUnknown, Token.KeySet(VectorKey.Es256.Public(), VectorKey.Es384.Public("ES256")).SignedBy(VectorKey.Es384).Header("alg", "ES256") },
        { "a P-256 point said to lie on P-384", KeyUnknown, Token.KeySet(VectorKey.Es384.Public(), With(VectorKey.Es256.Public("ES384"), "crv", "P-384")).Header("alg", "ES384") },
        { "an RSA key of 1,024 bits in the set", KeyUnknown, Token.KeySet(VectorKey.Es256.Public(), VectorKey.WeakRsa.Public()).SignedBy(VectorKey.WeakRsa) },
        { "an RSA key with e = 1, any message its own signature", KeyUnknown, Token.KeySet(VectorKey.Es256.Public(), With(VectorKey.Rs256.Public(), "e", "AQ")).SignedBy(VectorKey.Rs256).Signed(input => Pkcs1(input, 256)) },
        { "an RSA key with e = 3, a signature forged by a cube root", SignatureInvalid, Token.KeySet(With(VectorKey.Rs256.Public(), "e", "Aw")).SignedBy(VectorKey.Rs256).Signed(CubeRoot) },
        { "an off-curve point in the set", KeyUnknown, Token.KeySet(VectorKey.Es256Next.Public(), With(VectorKey.Es256.Public(), "x", Member(VectorKey.Es256Next, "x"))) },
        { "a private key in the set", KeyUnknown, Token.KeySet(VectorKey.Es256Next.Public(), VectorKey.Es256.Private()), "Who publishes it has lost it." },
        { "an encryption key in the set", KeyUnknown, Token.KeySet(VectorKey.Es256Next.Public(), With(VectorKey.Es256.Public(), "use", "enc")) },
        { "a key without an alg in the set", KeyUnknown, Token.KeySet(VectorKey.Es256Next.Public(), With(VectorKey.Es256.Public(), "alg", null)) },
        { "no usable key in the set", KeysUnavailable, Token.KeySet(VectorKey.WeakRsa.Public()).SignedBy(VectorKey.WeakRsa) },
        { "an empty key set", KeysUnavailable, Token.KeySet() },
    };

    private static VectorDescription Extensions => new(
        "crit-b64", "Extensions that must be understood, and a payload that is not encoded",
        "RFC 7515 §4.1.11, RFC 7797 §6; CVE-2025-59420")
    {
        { "crit {0}", ["[\"exp\"]", "[\"b64\"]", "[\"http://openid.net/specs/x\"]", "[\"bork\"]", "[\"alg\"]", "[\"\"]", "[]", "null", "\"exp\"", "{}", "0", "false", "[[\"exp\"]]", "[null]", "[\"exp\",\"exp\"]"], ExtensionNotSupported, value => Token.Header("exp", 1).HeaderMember($"\"crit\":{value}") },
        { "crit with an escape in its name", ExtensionNotSupported, Token.HeaderMember("\"cr\\u0069t\":[\"exp\"]") },
        { "crit twice", Malformed, Token.HeaderMember("\"crit\":[],\"crit\":[\"exp\"]") },
        { "crit within another member", Accepted, Token.Header("x", new JsonObject { ["crit"] = new JsonArray("exp") }), "It is no header member there." },
        { "Crit", Accepted, Token.Header("Crit", new JsonArray("exp")), "Names are case-sensitive." },
        { "crit as a claim", Accepted, Token.Claim("crit", new JsonArray("exp")), "It means something in a header only." },
        { "b64 {0}", ["true", "false", "null", "\"false\"", "0", "[]"], ExtensionNotSupported, value => Token.HeaderMember($"\"b64\":{value}") },
        { "b64 false with crit", ExtensionNotSupported, Token.Header("b64", false).Header("crit", new JsonArray("b64")) },
        { "b64 false, and the payload not encoded", Malformed, Token.Header("b64", false).Header("crit", new JsonArray("b64")).Segment(1, segment => Encoding.UTF8.GetString(StrictBase64Url.Decode(segment)!)) },
        { "b64 false, and a payload that is base64url as it stands", ExtensionNotSupported, Token.Header("b64", false).Header("crit", new JsonArray("b64")).Segment(1, _ => "payload-") },
        { "b64 with an escape in its name", ExtensionNotSupported, Token.HeaderMember("\"b\\u00364\":false") },
        { "zip DEF on a JWS", ClaimsInvalid, Token.Header("zip", "DEF").PayloadBytes(Deflated.Stored), "zip means nothing in a JWS (RFC 7516 §4.1.3): the payload is no JSON." },
    };

    internal static JsonObject With(JsonObject jwk, string member, string? value)
    {
        jwk[member] = value;
        if (value is null)
        {
            jwk.Remove(member);
        }

        return jwk;
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private static string Member(VectorKey key, string member) => (string)key.Public()[member]!;

    private static JsonObject Secret(string algorithm) =>
        new() { ["kty"] = "oct", ["use"] = "sig", ["alg"] = algorithm, ["kid"] = "secret", ["k"] = StrictBase64Url.Encode(new byte[32]) };

    /// <summary>EMSA-PKCS1-v1_5 (RFC 8017 §9.2): what a signature raised to e must be.</summary>
    private static byte[] Pkcs1(byte[] input, int length)
    {
        byte[] info = [.. Convert.FromHexString("3031300D060960864801650304020105000420"), .. SHA256.HashData(input)];
        return [0, 1, .. Enumerable.Repeat((byte)0xFF, length - info.Length - 3), 0, .. info];
    }

    /// <summary>Little padding, the hash, and then whatever makes a cube: a verifier must not stop reading after the hash.</summary>
    private static byte[] CubeRoot(byte[] input)
    {
        byte[] wanted = [.. Pkcs1(input, 62), .. Enumerable.Repeat((byte)0xFF, 256 - 62)];
        BigInteger target = VectorKey.Number(wanted), low = 0, high = BigInteger.One << 700;
        while (high - low > 1)
        {
            var middle = (low + high) / 2;
            (low, high) = middle * middle * middle <= target ? (middle, high) : (low, middle);
        }

        return VectorKey.Padded(low, 256);
    }
}
