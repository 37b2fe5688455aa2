using System.Text.Json.Nodes;
using static TokenSessions.Tests.Vectors.Making.VectorToken;
using static TokenSessions.Validation.TokenRejection;

namespace TokenSessions.Tests.Vectors.Making;

/// <summary>Attacks on what the claims say, and on what kind of token they are taken for.</summary>
internal static class ClaimVectors
{
    private static readonly string[] Texts = ["iss", "sub", "client_id", "jti", "sid"];
    private static readonly string[] Times = ["exp", "iat"];

    public static IReadOnlyList<VectorDescription> All { get; } = [Numbers, Kinds, Types, Trust, Clock];

    private static VectorDescription Numbers => new(
        "numbers", "Times that are no whole seconds: exponents, fractions, beyond any range, digits of other kinds",
        "RFC 7519 §2 (NumericDate), RFC 8259 §6")
    {
        { "exp {0}", [.. NoSeconds, "0", "1795176000"], ClaimsInvalid, value => Token.ClaimValue("exp", value), "The last two lie not after iat." },
        { "iat {0}", [.. NoSeconds, "253402300799"], ClaimsInvalid, value => Token.ClaimValue("iat", value) },
        { "nbf {0}", NoSeconds, ClaimsInvalid, value => Token.ClaimValue("nbf", value) },
        { "auth_time {0}", NoSeconds, ClaimsInvalid, value => Token.ClaimValue("auth_time", value) },
        { "exp 253402300799: the last second of 9999", LifetimeTooLong, Token.ClaimValue("exp", "253402300799") },
        { "exp and iat in milliseconds", NotYetValid, Token.ClaimValue("exp", "17951760600").ClaimValue("iat", "17951760000") },
        { "exp and iat in milliseconds, of today", ClaimsInvalid, Token.ClaimValue("exp", "1795176600000").ClaimValue("iat", "1795176000000") },
        { "nbf 253402300799", ClaimsInvalid, Token.ClaimValue("nbf", "253402300799") },
        { "nbf 0", Accepted, Token.ClaimValue("nbf", "0") },
        { "iat 0", LifetimeTooLong, Token.ClaimValue("iat", "0") },
        { "iat -0", LifetimeTooLong, Token.ClaimValue("iat", "-0"), "JSON has it, and it is zero." },
        { "a watermark {0}", ["-1", "1.5", "1e3", "\"1\"", "null", "9223372036854775808", "[]"], ClaimsInvalid, value => Token.Claims($"\"seen\":{{\"s\":{value}}}") },
        { "a watermark 9223372036854775807", Accepted, Token.Claims("\"seen\":{\"s\":9223372036854775807}") },
        { "an unknown claim {0}", ["1e999", "-1e-999", "0.1", "1E+2", "-0", "123456789012345678901234567890"], Accepted, value => Token.Claims($"\"x\":{value}"), "A number in JSON; nothing asks for it." },
        { "an unknown claim {0}, which is no number", ["01", "+1", ".5", "1.", "1e", "1e+", "-", "0x1", "1_000", "1,5e", "--1", "0b1", "1n", "\u0661"], ClaimsInvalid, value => Token.Claims($"\"x\":{value}") },
    };

    private static string[] NoSeconds =>
    [
        "1.7951766e9", "1e10", "1E10", "1e400", "1795176600.0", "1795176600.5", "1795176600e0", "-1", "-1795176600", "253402300800",
        "2147483648000", "9223372036854775807", "9223372036854775808", "18446744073711347816", "1e999999999", "00", "01795176600",
        "+1795176600", "0x6B000000", "1_795_176_600", "Infinity", "NaN", "1795176600n", "\"1795176600\"", "\"2026-11-20T12:10:00Z\"", "true",
        "null", "[]", "[1795176600]", "{}", "\"\"", "",
    ];

    private static VectorDescription Kinds => new(
        "wrong-types", "Claims that are missing, empty or of a wrong type", "RFC 7519 §4.1, RFC 9068 §2.2 and §4")
    {
        { "no {0}", [.. Texts, .. Times, "aud"], ClaimsInvalid, name => Token.WithoutClaim(name) },
        { "{0} in another case only", [.. Texts, .. Times, "aud"], ClaimsInvalid, name => Token.WithoutClaim(name).Claim(name.ToUpperInvariant(), "x") },
        { "{0} empty", [.. Texts, "aud"], ClaimsInvalid, name => Token.ClaimValue(name, "\"\"") },
        { "{0} null", [.. Texts, "aud", "scope", "roles", "seen"], ClaimsInvalid, name => Token.ClaimValue(name, "null") },
        { "{0} a number", [.. Texts, "aud", "scope", "roles", "seen"], ClaimsInvalid, name => Token.ClaimValue(name, "1") },
        { "{0} a boolean", [.. Texts, "aud", "scope", "roles", "seen"], ClaimsInvalid, name => Token.ClaimValue(name, "true") },
        { "{0} an object", [.. Texts, "aud", "scope", "roles"], ClaimsInvalid, name => Token.ClaimValue(name, "{}") },
        { "{0} an array", [.. Texts, "scope", "seen"], ClaimsInvalid, name => Token.ClaimValue(name, "[\"https://issuer.example\"]") },
        { "iss an array with ours in it", ClaimsInvalid, Token.Claim("iss", new JsonArray("https://issuer.example", "https://attacker.example")) },
        { "roles a string", ClaimsInvalid, Token.Claim("roles", "admin") },
        { "roles with a number", ClaimsInvalid, Token.Claim("roles", new JsonArray("admin", 1)) },
        { "roles nested", ClaimsInvalid, Token.Claim("roles", new JsonArray(new JsonArray("admin"))) },
        { "sub of one space", Accepted, Token.Claim("sub", " "), "Not empty." },
        { "sub with an operator of a database", ClaimsInvalid, Token.Claim("sub", new JsonObject { ["$ne"] = "" }) },
        { "claims that look like a prototype", Accepted, Token.Claims("\"__proto__\":{\"admin\":true},\"constructor\":{\"prototype\":{\"admin\":true}}"), "Names like any other." },
    };

    private static VectorDescription Types => new(
        "typ-confusion", "A token of another kind in place of an access token",
        "RFC 8725 §2.8 and §3.11, RFC 9068 §4; kinds: RFC 7519, RFC 8417, RFC 9449, RFC 9101, OpenID Connect Back-Channel Logout")
    {
        { "typ '{0}'", ["JWT", "jwt", "rt+jwt", "state+jwt", "denylist+jwt", "logout+jwt", "secevent+jwt", "dpop+jwt", "oauth-authz-req+jwt", "token-introspection+jwt", "entity-statement+jwt", "vc+sd-jwt", "dc+sd-jwt", "kb+jwt", "JOSE", "JOSE+JSON", "at", "at-jwt", "at+jwt+x", "xat+jwt", "at+jwt ", " at+jwt", "at+jwt\0", "at+jwt;v=1", "at jwt", "at%2Bjwt", "a\u0442+jwt", "text/at+jwt", "application/", "application/application/at+jwt", "application/jwt", "application//at+jwt", "application\\/at+jwt", "*/*", ""], TypeNotAccepted, typ => Token.Header("typ", typ) },
        { "typ '{0}', which is the same", ["at+jwt", "AT+JWT", "At+Jwt", "application/at+jwt", "APPLICATION/AT+JWT"], Accepted, typ => Token.Header("typ", typ), "Media types are compared in any case, and application/ may be left out (RFC 7515 §4.1.9)." },
        { "no typ", TypeNotAccepted, Token.WithoutHeader("typ") },
        { "typ {0} as JSON", ["null", "0", "true", "[\"at+jwt\"]", "{}"], Malformed, typ => Token.WithoutHeader("typ").HeaderMember($"\"typ\":{typ}") },
        { "typ twice", Malformed, Token.HeaderMember("\"typ\":\"JWT\"") },
        { "typ as a claim only", TypeNotAccepted, Token.WithoutHeader("typ").Claim("typ", "at+jwt") },
        { "cty in place of typ", TypeNotAccepted, Token.WithoutHeader("typ").Header("cty", "at+jwt") },
        { "an ID token", TypeNotAccepted, IdToken },
        { "an ID token where JWT is accepted", ClaimsInvalid, IdToken.Types("at+jwt", "JWT"), "It has no jti, sid and client_id of ours." },
        { "an ID token with our claims where JWT is accepted", AudienceMismatch, Token.Header("typ", "JWT").Claim("aud", "default").Claim("nonce", "n").Types("at+jwt", "JWT"), "Its audience is the client." },
        { "a logout token", TypeNotAccepted, LogoutToken },
        { "a logout token that says JWT, where JWT is accepted", ClaimsInvalid, LogoutToken.Header("typ", "JWT").Types("at+jwt", "JWT") },
        { "a logout token that says at+jwt", ClaimsInvalid, LogoutToken.Header("typ", "at+jwt"), "It has neither sub nor client_id." },
        { "a document of the denylist", TypeNotAccepted, FeedDocument },
        { "a document of the denylist that says at+jwt", ClaimsInvalid, FeedDocument.Header("typ", "at+jwt") },
        { "a proof of possession (DPoP)", TypeNotAccepted, Proof },
        { "a proof of possession that says at+jwt", KeyIdMissing, Proof.Header("typ", "at+jwt") },
        { "a refresh token, signed in place of sealed", TypeNotAccepted, Token.Header("typ", "rt+jwt").Claim("gen", 1) },
        { "JWT where JWT is accepted", Accepted, Token.Header("typ", "JWT").Types("at+jwt", "JWT") },
        { "at+jwt where only JWT is accepted", TypeNotAccepted, Token.Types("JWT") },
    };

    private static VectorDescription Trust => new(
        "issuer-audience", "Nearly our issuer, nearly our audience, several audiences",
        "RFC 7519 §4.1.1 and §4.1.3, RFC 8725 §3.8 and §3.9, RFC 9700 §2.3; CVE-2024-53861")
    {
        { "iss '{0}'", ["https://issuer.example/", "https://issuer.example ", " https://issuer.example", "https://ISSUER.example", "HTTPS://issuer.example", "http://issuer.example", "https://issuer.example:443", "https://issuer.exampl", "https://issuer.example.attacker.example", "https://issuer.example@attacker.example", "https://issuer.example#", "https://issuer.example?", "https://issuer.example/../", "https://issuer.example%00", "https://issuer.example\0", "issuer.example", "issuer", "https://", "h", "https://issuer.example,https://attacker.example", "https://issuer.example\nx", "*", "https://*.example", "https://xissuer.example"], IssuerMismatch, issuer => Token.Claim("iss", issuer) },
        { "aud '{0}'", ["https://api.example/", "https://api.example ", "https://API.example", "http://api.example", "https://api.example:443", "https://api.exampl", "https://api.example.attacker.example", "https://api.example https://other.example", "https://api.example,https://other.example", "[\"https://api.example\"]", "https://api.example\0", "api.example", "*", "https://*", "https://issuer.example", "default"], AudienceMismatch, audience => Token.Claim("aud", audience) },
        { "aud {0}", ["[]", "[\"\"]", "[\"https://api.example\",\"\"]", "[\"https://api.example\",null]", "[\"https://api.example\",1]", "[null,\"https://api.example\"]", "[[\"https://api.example\"]]", "[{\"aud\":\"https://api.example\"}]", "{\"https://api.example\":true}", "{\"0\":\"https://api.example\"}"], ClaimsInvalid, audience => Token.ClaimValue("aud", audience) },
        { "aud of two, ours among them: {0}", ["[\"https://api.example\",\"https://other.example\"]", "[\"https://other.example\",\"https://api.example\"]", "[\"https://api.example\",\"https://api.example\"]", "[\"https://api.example\"]"], Accepted, audience => Token.ClaimValue("aud", audience) },
        { "aud of two, neither ours", AudienceMismatch, Token.Claim("aud", new JsonArray("https://other.example", "https://api.example/")) },
        { "aud of two, which together are ours", AudienceMismatch, Token.Claim("aud", new JsonArray("https://api", ".example")) },
        { "azp is ours, aud is not", AudienceMismatch, Token.Claim("aud", "https://other.example").Claim("azp", "https://api.example") },
        { "resource is ours, aud is not", AudienceMismatch, Token.Claim("aud", "https://other.example").Claim("resource", "https://api.example") },
        { "iss in the header is ours, the claim is not", IssuerMismatch, Token.Header("iss", "https://issuer.example").Claim("iss", "https://attacker.example") },
        { "aud in the header is ours, the claim is not", AudienceMismatch, Token.Header("aud", "https://api.example").Claim("aud", "https://other.example") },
        { "exp in the header is later", Expired, Token.Header("exp", 1795180000).At("2026-11-20T12:30:00Z") },
    };

    private static VectorDescription Clock => new(
        "clock", "Too late, too early, too long: both sides of every limit", "RFC 7519 §4.1.4 to §4.1.6, RFC 9068 §4")
    {
        { "the last millisecond of exp + skew", Accepted, Token.At("2026-11-20T12:10:29.999Z") },
        { "exp + skew", Expired, Token.At("2026-11-20T12:10:30Z") },
        { "an hour after exp", Expired, Token.At("2026-11-20T13:10:00Z") },
        { "years after exp", Expired, Token.At("2036-11-20T12:00:00Z") },
        { "iat - skew", Accepted, Token.At("2026-11-20T11:59:30Z") },
        { "a millisecond before iat - skew", NotYetValid, Token.At("2026-11-20T11:59:29.999Z") },
        { "years before iat", NotYetValid, Token.At("2016-11-20T12:00:00Z") },
        { "nbf - skew", Accepted, Token.Claim("nbf", 1795176100).At("2026-11-20T12:01:10Z") },
        { "a millisecond before nbf - skew", NotYetValid, Token.Claim("nbf", 1795176100).At("2026-11-20T12:01:09.999Z") },
        { "nbf a second before exp", Accepted, Token.Claim("nbf", 1795176599).At("2026-11-20T12:10:00Z") },
        { "nbf = exp", ClaimsInvalid, Token.Claim("nbf", 1795176600).At("2026-11-20T12:10:00Z"), "At no moment is it valid; within the skew of both it could seem so." },
        { "nbf after exp", ClaimsInvalid, Token.Claim("nbf", 1795176601).At("2026-11-20T12:10:00Z") },
        { "nbf long after exp", ClaimsInvalid, Token.Claim("nbf", 1795180000) },
        { "a life of an hour", Accepted, Token.Claim("exp", 1795179600) },
        { "a life of an hour and a second", LifetimeTooLong, Token.Claim("exp", 1795179601) },
        { "a life of an hour and a second, of which none is left", Expired, Token.Claim("exp", 1795179601).At("2026-11-20T13:00:31Z") },
        { "a life of ten years", LifetimeTooLong, Token.Claim("exp", 2110536000) },
        { "a life of a second", Accepted, Token.Claim("exp", 1795176001) },
        { "exp = iat", ClaimsInvalid, Token.Claim("exp", 1795176000) },
        { "exp before iat", ClaimsInvalid, Token.Claim("exp", 1795175999) },
        { "the first second of 1970", NotYetValid, Token.At("1970-01-01T00:00:00Z") },
        { "the last second of 9999", Expired, Token.At("9999-12-31T23:59:59Z") },
    };

    private static VectorToken IdToken => Token.Header("typ", "JWT").Claim("aud", "default").Claim("nonce", "n-0S6_WzA2Mj").Claim("auth_time", 1795176000)
        .WithoutClaim("client_id").WithoutClaim("jti").WithoutClaim("sid");

    private static VectorToken LogoutToken => Token.Header("typ", "logout+jwt").WithoutClaim("sub").WithoutClaim("client_id")
        .Claim("events", new JsonObject { ["http://schemas.openid.net/event/backchannel-logout"] = new JsonObject() });

    private static VectorToken FeedDocument => Token.Header("typ", "denylist+jwt")
        .PayloadText(_ => "{\"iss\":\"https://issuer.example\",\"as_of\":1795176000000,\"rules\":[]}");

    private static VectorToken Proof => Token.SignedBy(VectorKey.Stranger).WithoutHeader("kid").Header("typ", "dpop+jwt")
        .Header("jwk", VectorKey.Stranger.Public()).PayloadText(_ => "{\"jti\":\"-BwC3ESc6acc2lTc\",\"htm\":\"GET\",\"htu\":\"https://api.example/\",\"iat\":1795176000}");
}
