using System.Text;
using static TokenSessions.Tests.Vectors.Making.VectorToken;
using static TokenSessions.Validation.TokenRejection;

namespace TokenSessions.Tests.Vectors.Making;

/// <summary>Attacks on what JSON means: whatever two parsers could read differently is refused, in a header and in claims.</summary>
internal static class JsonVectors
{
    private static readonly string[] Required = ["iss", "sub", "aud", "client_id", "iat", "exp", "jti", "sid"];

    public static IReadOnlyList<VectorDescription> All { get; } = [Duplicates, Escapes, Syntax, Unicode];

    private static VectorDescription Duplicates => new(
        "duplicate-names", "The same name twice, at any depth: one parser takes the first value, another the last",
        "RFC 7515 §4 and §10.12, RFC 7519 §4, RFC 8259 §4")
    {
        { "header: {0} twice, another value", ["alg", "kid", "typ"], Malformed, name => Token.HeaderMember($"\"{name}\":\"x\"") },
        { "header: an unknown name twice", Malformed, Token.HeaderMember("\"x\":0,\"x\":0") },
        { "header: twice within a member", Malformed, Token.HeaderMember("\"x\":{\"y\":0,\"y\":0}") },
        { "header: twice within an object in an array", Malformed, Token.HeaderMember("\"x\":[{\"y\":0,\"y\":0}]") },
        { "header: the empty name twice", Malformed, Token.HeaderMember("\"\":0,\"\":0") },
        { "header: twice, once with an escape", Malformed, Token.HeaderMember("\"x\":0,\"\\u0078\":0") },
        { "claims: {0} twice, the same value", Required, ClaimsInvalid, name => Token.PayloadText(text => text[..^1] + "," + Member(text, name) + "}") },
        { "claims: {0} twice, a bad value first", Required, ClaimsInvalid, name => Token.PayloadText(text => $"{{\"{name}\":1,{text[1..]}") },
        { "claims: {0} twice, another value last", Required, ClaimsInvalid, name => Token.Claims($"\"{name}\":9999999999") },
        { "claims: {0} twice, once with an escape", Required, ClaimsInvalid, name => Token.Claims($"\"\\u{(int)name[0]:x4}{name[1..]}\":9999999999") },
        { "claims: {0} twice", ["nbf", "scope", "roles", "seen", "cnf", "x", "", "__proto__"], ClaimsInvalid, name => Token.Claims($"\"{name}\":0,\"{name}\":0") },
        { "claims: twice within {0}", ["cnf", "seen", "x"], ClaimsInvalid, name => Token.Claims($"\"{name}\":{{\"s\":0,\"s\":1}}") },
        { "claims: twice at depth 16", ClaimsInvalid, Token.Claims($"\"x\":{Deep("{\"y\":0,\"y\":0}")}") },
        { "claims: once at depth 16", Accepted, Token.Claims($"\"x\":{Deep("{\"y\":0,\"z\":0}")}") },
        { "claims: twice within an object in an array", ClaimsInvalid, Token.Claims("\"x\":[1,[{\"y\":0,\"y\":0}]]") },
        { "claims: twice with another between", ClaimsInvalid, Token.Claims("\"x\":0,\"y\":{\"x\":1},\"x\":0") },
        { "claims: \u00E9 twice, once as an escape", ClaimsInvalid, Token.Claims("\"\u00E9\":0,\"\\u00e9\":0") },
        { "claims: \u00E9 twice, as escapes in both cases", ClaimsInvalid, Token.Claims("\"\\u00E9\":0,\"\\u00e9\":0") },
        { "claims: \U0001F511 twice, once as two escapes", ClaimsInvalid, Token.Claims("\"\U0001F511\":0,\"\\ud83d\\udd11\":0") },
        { "claims: / twice, once as an escape", ClaimsInvalid, Token.Claims("\"a/b\":0,\"a\\/b\":0") },
        { "claims: \u00E9 composed and not", Accepted, Token.Claims("\"\u00E9\":0,\"e\u0301\":0"), "Two names: nothing is normalised (RFC 8259 §8.3)." },
        { "claims: names that differ in case", Accepted, Token.Claims("\"ISS\":\"x\",\"Exp\":0,\"SUB\":\"root\""), "Other names, which mean nothing." },
        { "claims: names that differ in a NUL", Accepted, Token.Claims("\"iss\\u0000\":\"x\",\"sub\\u0000\":\"root\""), "Other names, which mean nothing." },
        { "claims: the same name in two objects", Accepted, Token.Claims("\"x\":{\"y\":0},\"y\":{\"y\":0,\"x\":{\"y\":0}}"), "No duplicates: each object has its own names." },
        { "claims: the same name in two objects of an array", Accepted, Token.Claims("\"x\":[{\"y\":0},{\"y\":0}]") },
        { "claims: {0} within another claim", Required, Accepted, name => Token.Claims($"\"x\":{{\"{name}\":\"root\"}}"), "Only names at the top are claims." },
    };

    private static VectorDescription Escapes => new(
        "escapes", "Names and values written with escapes, good ones and broken ones", "RFC 8259 §7 and §8.3")
    {
        { "the name {0} with an escape", Required, Accepted, name => Token.PayloadText(text => text.Replace($"\"{name}\"", $"\"\\u{(int)name[0]:x4}{name[1..]}\"", StringComparison.Ordinal)), "The same name." },
        { "the name {0} with nothing but escapes", ["alg", "kid", "typ"], Accepted, name => Token.HeaderText(text => text.Replace($"\"{name}\"", $"\"{Escaped(name)}\"", StringComparison.Ordinal)) },
        { "typ with nothing but escapes", Accepted, Token.WithoutHeader("typ").HeaderMember($"\"typ\":\"{Escaped("at+jwt")}\"") },
        { "iss with nothing but escapes", Accepted, Token.ClaimValue("iss", $"\"{Escaped("https://issuer.example")}\"") },
        { "aud with nothing but escapes", Accepted, Token.ClaimValue("aud", $"\"{Escaped("https://api.example")}\"") },
        { "aud in an array with escaped slashes", Accepted, Token.ClaimValue("aud", "[\"https:\\/\\/api.example\"]") },
        { "iss with an escaped NUL after it", IssuerMismatch, Token.ClaimValue("iss", "\"https://issuer.example\\u0000\"") },
        { "aud with an escaped NUL after it", AudienceMismatch, Token.ClaimValue("aud", "\"https://api.example\\u0000\"") },
        { "escapes within escapes", IssuerMismatch, Token.ClaimValue("iss", "\"\\\\u0068ttps://issuer.example\""), "Unescaped once, not twice." },
        { "a broken escape in claims: {0}", ["\\x41", "\\u12", "\\u", "\\uXYZW", "\\U0041", "\\u+041", "\\u 041", "\\u{41}", "\\0", "\\a", "\\'", "\\", "\\u00", "\\N{DIGIT ONE}", "\\101"], ClaimsInvalid, escape => Token.Claims($"\"x\":\"{escape}\"") },
        { "a broken escape in a header: {0}", ["\\x41", "\\u12", "\\uXYZW", "\\'", "\\"], Malformed, escape => Token.HeaderMember($"\"x\":\"{escape}\"") },
        { "a broken escape in a name", ClaimsInvalid, Token.Claims("\"\\x41\":0") },
        { "every good escape", Accepted, Token.Claims("\"x\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00E9\\uD83D\\uDD11\"") },
        { "a lone surrogate in claims: {0}", ["\\ud800", "\\udc00", "\\udfff", "\\ud800x", "\\ud800\\n", "\\ud800\\u0041", "\\udc00\\ud800", "\\ud800\\ud800", "\\ud800\\ud800\\udc00", "\\uD83D\\\\uDD11"], ClaimsInvalid, escape => Token.Claims($"\"x\":\"{escape}\"") },
        { "a lone surrogate in a name: {0}", ["\\ud800", "\\udc00"], ClaimsInvalid, escape => Token.Claims($"\"{escape}\":0") },
        { "a lone surrogate in {0}", ["iss", "sub", "jti", "sid", "client_id"], ClaimsInvalid, name => Token.ClaimValue(name, "\"a\\ud800\""), "Else two different subjects could become one, U+FFFD." },
        { "a lone surrogate in a header: {0}", ["\\ud800", "\\udc00", "\\ud800\\u0041"], Malformed, escape => Token.HeaderMember($"\"x\":\"{escape}\"") },
        { "a lone surrogate in the kid", Malformed, Token.WithoutHeader("kid").HeaderMember("\"kid\":\"\\ud800\"") },
    };

    private static VectorDescription Syntax => new(
        "json-syntax", "Nearly JSON: bytes around it, comments, trailing commas, other quotes, other encodings",
        "RFC 7515 §10.12, RFC 8259 §2 and §8.1, RFC 8725 §2.6 and §3.7")
    {
        { "claims, then {0}", ["x", "{}", ",", "\0", "//", "]", "}", "null", "0", "{\"sub\":\"root\"}", "\f", "\u00A0", "\u2028", "\uFEFF", "\u001E"], ClaimsInvalid, rest => Token.PayloadText(text => text + rest) },
        { "a header, then {0}", ["x", "{}", ",", "\0", "//", "]", "}", "\uFEFF", "{\"alg\":\"none\"}"], Malformed, rest => Token.HeaderText(text => text + rest) },
        { "{0}, then claims", ["\uFEFF", "\0", "x", "{}", ")]}',\n", "\f", "\u00A0", "\u001E", "//\n", "/**/"], ClaimsInvalid, before => Token.PayloadText(text => before + text) },
        { "{0}, then a header", ["\uFEFF", "\0", "{}", "\f", ")]}',\n"], Malformed, before => Token.HeaderText(text => before + text) },
        { "white space around everything", Accepted, Token.HeaderText(Spaced).PayloadText(Spaced), "Part of JSON." },
        { "claims that are {0}", ["null", "true", "0", "\"x\"", "[]", "{}", "{", "}", "[{}]", " ", "x", "\0", "\u007F", "<claims/>", "sub=root", "---\nsub: root", "undefined"], ClaimsInvalid, payload => Token.PayloadText(_ => payload) },
        { "a header that is {0}", ["null", "true", "0", "\"x\"", "[]", "{", "[{}]", " ", "x", "{]", "{\"alg\"}", "{\"alg\":}", "{,}", "{\"a\":1,,\"b\":1}", "{:1}", "{1:1}"], Malformed, header => Token.HeaderText(_ => header) },
        { "the claims in an array", ClaimsInvalid, Token.PayloadText(text => $"[{text}]") },
        { "the header in an array", Malformed, Token.HeaderText(text => $"[{text}]") },
        { "the claims as a JSON string", ClaimsInvalid, Token.PayloadText(text => $"\"{text.Replace("\"", "\\\"", StringComparison.Ordinal)}\"") },
        { "claims with {0} at the end", [",", ",,", ",null", ",\"x\"", ",\"x\":", ",\"x\" 0", ",x:0", ",'x':0", ",\"x\":0x10", ",\"x\":'y'", ",\"x\":undefined", ",\"x\":NaN", ",\"x\":Infinity", ",\"x\":-Infinity", ",\"x\":True", ",\"x\":nul", ",\"x\":nulll", ",\"x\":[1,]", ",\"x\":[,1]", ",\"x\":[1 2]", ",\"x\":{\"y\":0,}", ",\"x\":(1)", ",\"x\":\"a\nb\"", ",\"x\":\"\t\"", ",\"x\":\"\0\"", ",\"x\":\"", ",\"x\":[", ",\"x\":[}", ",\"x\":0;", "/**/", "//x", "#x", "\n,\"x\":0 // y\n"], ClaimsInvalid, rest => Token.PayloadText(text => text[..^1] + rest + "}") },
        { "a header with {0} at the end", [",", ",,", ",\"x\"", ",\"x\":", ",x:0", ",'x':0", ",\"x\":NaN", ",\"x\":01", ",\"x\":.5", ",\"x\":1.", ",\"x\":+1", ",\"x\":[1,]", ",\"x\":\"\n\"", "/**/", "//x"], Malformed, rest => Token.HeaderText(text => text[..^1] + rest + "}") },
        { "claims cut off by {0} bytes", ["1", "2", "20"], ClaimsInvalid, count => Token.PayloadText(text => text[..^int.Parse(count, null)]) },
        { "a header cut off by {0} bytes", ["1", "2", "20"], Malformed, count => Token.HeaderText(text => text[..^int.Parse(count, null)]) },
        { "single quotes", ClaimsInvalid, Token.PayloadText(text => text.Replace('"', '\'')) },
        { "curly quotes", ClaimsInvalid, Token.PayloadText(text => text.Replace('"', '\u201C')) },
        { "claims in UTF-16", ClaimsInvalid, Token.PayloadBytes(bytes => Encoding.Unicode.GetBytes(Encoding.UTF8.GetString(bytes))) },
        { "claims in UTF-16, big-endian, with a mark", ClaimsInvalid, Token.PayloadBytes(bytes => [0xFE, 0xFF, .. Encoding.BigEndianUnicode.GetBytes(Encoding.UTF8.GetString(bytes))]) },
        { "claims in UTF-32", ClaimsInvalid, Token.PayloadBytes(bytes => Encoding.UTF32.GetBytes(Encoding.UTF8.GetString(bytes))) },
        { "a header in UTF-16", Malformed, Token.HeaderBytes(bytes => Encoding.Unicode.GetBytes(Encoding.UTF8.GetString(bytes))) },
        { "claims in UTF-7", ClaimsInvalid, Token.PayloadText(text => text.Replace("{", "+AHs-", StringComparison.Ordinal)) },
    };

    private static VectorDescription Unicode => new(
        "utf8", "Bytes that are no UTF-8: overlong forms, surrogates, cut-off sequences", "RFC 3629 §3 and §10, RFC 8259 §8.1")
    {
        { "bytes {0} in a claim", Broken, ClaimsInvalid, hex => Token.PayloadBytes(bytes => [.. bytes[..^1], .. ",\"x\":\""u8, .. Convert.FromHexString(hex), .. "\"}"u8]) },
        { "bytes {0} in the name of a claim", Broken, ClaimsInvalid, hex => Token.PayloadBytes(bytes => [.. bytes[..^1], .. ",\""u8, .. Convert.FromHexString(hex), .. "\":0}"u8]) },
        { "bytes {0} in a header", Broken, Malformed, hex => Token.HeaderBytes(bytes => [.. bytes[..^1], .. ",\"x\":\""u8, .. Convert.FromHexString(hex), .. "\"}"u8]) },
        { "bytes {0} after the claims", ["80", "FF", "C3", "EDA080"], ClaimsInvalid, hex => Token.PayloadBytes(bytes => [.. bytes, .. Convert.FromHexString(hex)]) },
        { "bytes {0} in sub", ["FF", "C080", "EDA0BDEDB191"], ClaimsInvalid, hex => Token.WithoutClaim("sub").PayloadBytes(bytes => [.. bytes[..^1], .. ",\"sub\":\"alice"u8, .. Convert.FromHexString(hex), .. "\"}"u8]) },
        { "the quote in an overlong form", ClaimsInvalid, Token.PayloadBytes(bytes => [.. bytes[..^1], .. ",\"x\":\""u8, 0xC0, 0xA2, .. ",\"sub\":\"root\"}"u8]) },
        { "one to four bytes a character", Accepted, Token.Claims("\"x\":\"a\u00E9\u20AC\U0001F511\uFFFD\uFFFE\U0010FFFF\"") },
        { "a mark within a text", Accepted, Token.Claims("\"x\":\"\uFEFF\"") },
        { "a sub with a direction override", Accepted, Token.Claim("sub", "alice\u202Egnp"), "The issuer decides what a subject is called; we compare bytes." },
        { "an iss that only looks like ours", IssuerMismatch, Token.Claim("iss", "https://\u0456ssuer.example") },
        { "an aud that only looks like ours", AudienceMismatch, Token.Claim("aud", "https://\u0430pi.example") },
        { "an iss in full-width letters", IssuerMismatch, Token.Claim("iss", "https://issuer\uFF0Eexample") },
    };

    private static string[] Broken =>
    [
        "80", "BF", "FF", "FE", "C0", "C080", "C1BF", "C3", "C328", "E28228", "E282", "E08080", "E09FBF", "EDA080", "EDBFBF",
        "EDA0BDEDB491", "F0808080", "F08FBFBF", "F4908080", "F09F94", "F5808080", "F888808080", "FC8480808080", "FEFF",
    ];

    private static string Escaped(string text) => string.Concat(text.Select(letter => $"\\u{(int)letter:X4}"));

    private static string Deep(string inner) => string.Concat(Enumerable.Repeat("[", 14)) + inner + string.Concat(Enumerable.Repeat("]", 14));

    private static string Spaced(string json) => $" \t\r\n{json.Replace(",", " ,\n", StringComparison.Ordinal)[..^1]}\t}}\r\n ";

    /// <summary>One member of a compact object whose values have no commas.</summary>
    private static string Member(string json, string name) =>
        json[1..^1].Split(',').Single(member => member.StartsWith($"\"{name}\":", StringComparison.Ordinal));
}
