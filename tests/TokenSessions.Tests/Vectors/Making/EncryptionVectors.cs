using System.Text;
using System.Text.Json.Nodes;
using TokenSessions.Validation.Jose;
using static TokenSessions.Tests.Vectors.Making.VectorToken;
using static TokenSessions.Validation.TokenRejection;

namespace TokenSessions.Tests.Vectors.Making;

/// <summary>Encrypted tokens where a signed one is wanted, and tokens within tokens.</summary>
internal static class EncryptionVectors
{
    private static readonly string[] Wrappings =
        ["dir", "RSA1_5", "RSA-OAEP", "RSA-OAEP-256", "A128KW", "A256GCMKW", "ECDH-ES", "ECDH-ES+A256KW", "PBES2-HS256+A128KW", "none"];

    public static IReadOnlyList<VectorDescription> All { get; } = [Encrypted, Nested];

    private static VectorDescription Encrypted => new(
        "jwe", "An encrypted token where a signed one is wanted: bombs, unsigned content, costly keys",
        "RFC 7516 §7.1 and §9, RFC 8725 §2.3, §2.5 and §3.6; CVE-2022-3102, CVE-2022-36083, CVE-2023-50967, CVE-2024-21319, CVE-2024-28176, CVE-2024-28180, CVE-2024-33664")
    {
        { "five segments, alg {0}", Wrappings, Malformed, alg => Jwe(Header(alg), Encoding.UTF8.GetBytes("{}")) },
        { "five segments, no encrypted key", Malformed, Jwe(Header("dir"), [.. "{}"u8], key: "") },
        { "five segments, all empty", Malformed, Token.Text(_ => "....") },
        { "a bomb: 774,001 spaces in 6,504 characters", Malformed, Jwe(With(Header("dir"), "zip", "DEF"), Deflated.Spaces(3_000)), "Five segments are no JWS: nothing is decrypted, nothing inflated." },
        { "a bomb under RSA-OAEP", Malformed, Jwe(With(Header("RSA-OAEP"), "zip", "DEF"), Deflated.Spaces(3_000)) },
        { "a bomb longer than any token", TooLong, Jwe(With(Header("dir"), "zip", "DEF"), Deflated.Spaces(6_000)) },
        { "a bomb as the payload of a JWS", ClaimsInvalid, Token.Header("zip", "DEF").PayloadBytes(_ => Deflated.Spaces(3_000)) },
        { "a bomb as the payload of an unsigned JWS", SignatureInvalid, Token.Header("zip", "DEF").PayloadBytes(_ => Deflated.Spaces(3_000)).SignedWith(VectorKey.Stranger), "Not read before the signature holds." },
        { "gzip in place of deflate", Malformed, Jwe(With(Header("dir"), "zip", "GZ"), [0x1F, 0x8B, 8, 0, 0, 0, 0, 0]) },
        { "PBES2 with p2c {0}", ["1", "2147483647", "9007199254740991", "1e999", "-1"], Malformed, count => Jwe(Header("PBES2-HS512+A256KW"), [.. "{}"u8]).HeaderMember($"\"p2s\":\"AAAAAAAAAAA\",\"p2c\":{count}") },
        { "PBES2 with p2c 2147483647 in three segments", AlgorithmNotAllowed, Token.Header("alg", "PBES2-HS256+A128KW").Header("p2s", "AAAAAAAAAAA").Header("p2c", 2147483647) },
        { "ECDH-ES with a point off the curve (epk)", Malformed, Jwe(With(Header("ECDH-ES"), "epk", new JsonObject { ["kty"] = "EC", ["crv"] = "P-256", ["x"] = "gTxS0PJhBE0XQqLsCcQFSB7Fw-QhX7hzwA9GLOmZ5hg", ["y"] = "AA" }), [.. "{}"u8]) },
        { "alg {0} in three segments", Wrappings, AlgorithmNotAllowed, alg => Token.Header("alg", alg).Header("enc", "A256GCM") },
        { "a JWE of three segments under the good alg", Accepted, Token.Header("enc", "A256GCM").Header("zip", "DEF"), "enc and zip mean nothing in a JWS: the payload is what was signed." },
        { "four segments", Malformed, Token.Text(text => text + ".AAAA") },
        { "six segments", Malformed, Token.Text(text => text + ".AAAA.AAAA.AAAA") },
        { "unsigned content: the claims themselves as cipher text", Malformed, Token.Text(text => $"{Encode("{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"typ\":\"at+jwt\"}")}..AAAAAAAAAAAAAAAA.{text.Split('.')[1]}.AAAAAAAAAAAAAAAAAAAAAA") },
        { "a refresh token, sealed", Malformed, Jwe(With(Header("dir"), "typ", "rt+jwt"), new byte[200], key: "") },
        { "sealed state", Malformed, Jwe(With(Header("dir"), "typ", "state+jwt"), new byte[200], key: "") },
        { "the JSON serialization of a JWE", Malformed, Token.Text(_ => $"{{\"protected\":\"{Encode(Header("dir").ToJsonString())}\",\"iv\":\"AAAAAAAAAAAAAAAA\",\"ciphertext\":\"AAAA\",\"tag\":\"AAAAAAAAAAAAAAAAAAAAAA\"}}") },
        { "many recipients", Malformed, Token.Text(_ => $"{{\"recipients\":[{string.Join(',', Enumerable.Repeat("{\"encrypted_key\":\"AAAA\"}", 100))}],\"ciphertext\":\"AAAA\"}}") },
    };

    private static VectorDescription Nested => new(
        "nested", "A token within a token: a JWS as the payload of a JWS, unsigned content in a signed or encrypted one",
        "RFC 7519 §5.2 and Appendix A.2, RFC 8725 §2.8 and §3.3")
    {
        { "a good token in one that we signed", ClaimsInvalid, Within(Token.ToString()).Header("cty", "JWT"), "Its payload is a text, no JSON: nothing is unwrapped." },
        { "a good token in one that we signed, as a JSON string", ClaimsInvalid, Within($"\"{Token}\"").Header("cty", "JWT") },
        { "a good token in one that a stranger signed", KeyUnknown, Within(Token.ToString()).Header("cty", "JWT").SignedBy(VectorKey.Stranger) },
        { "a stranger's token in one that we signed", ClaimsInvalid, Within(Token.SignedBy(VectorKey.Stranger).ToString()).Header("cty", "JWT") },
        { "an unsigned token in one that we signed", ClaimsInvalid, Within(Token.Header("alg", "none").Signed(_ => []).ToString()).Header("cty", "JWT") },
        { "a good token in an unsigned one", Malformed, Within(Token.ToString()).Header("alg", "none").Signed(_ => []) },
        { "a good token in a JWE", Malformed, Jwe(With(Header("dir"), "cty", "JWT"), Encoding.ASCII.GetBytes(Token.ToString())) },
        { "an unsigned token in a JWE", Malformed, Jwe(With(Header("dir"), "cty", "JWT"), Encoding.ASCII.GetBytes(Token.Header("alg", "none").Signed(_ => []).ToString())), "Encrypting with a public key proves nothing of who did it." },
        { "ten good tokens in each other", ClaimsInvalid, Within(Enumerable.Range(0, 9).Aggregate(Token.ToString(), (inner, _) => inner.Length < 4_000 ? Within(inner).ToString() : inner)) },
        { "cty {0} on a good token", ["JWT", "JWS", "at+jwt", "json", ""], Accepted, cty => Token.Header("cty", cty), "It says what the payload is (RFC 7515 §4.1.10), and the payload is claims." },
        { "claims of another token as a claim", Accepted, Token.Claim("x", Token.ToString()) },
        { "replicated claims in the header, another sub", Accepted, Token.Header("sub", "root").Header("roles", new JsonArray("admin")), "Header parameters are no claims (RFC 7519 §5.3 is for JWE): sub stays alice." },
    };

    private static VectorToken Within(string payload) => Token.PayloadText(_ => payload);

    private static JsonObject Header(string algorithm) => new() { ["alg"] = algorithm, ["enc"] = "A256GCM", ["kid"] = VectorKey.Es256.KeyId, ["typ"] = "at+jwt" };

    private static JsonObject With(JsonObject header, string member, JsonNode value)
    {
        header[member] = value;
        return header;
    }

    /// <summary>Five segments (RFC 7516 §7.1); what is encrypted is not, since nobody gets so far.</summary>
    private static VectorToken Jwe(JsonObject header, byte[] cipherText, string key = "AAAAAAAAAAAAAAAAAAAAAA") => Token
        .HeaderText(_ => header.ToJsonString(VectorFolder.Compact))
        .Text(text => $"{text.Split('.')[0]}.{key}.AAAAAAAAAAAAAAAA.{StrictBase64Url.Encode(cipherText)}.AAAAAAAAAAAAAAAAAAAAAA");

    private static string Encode(string text) => StrictBase64Url.Encode(Encoding.UTF8.GetBytes(text));
}
