using System.Text;
using TokenSessions.Validation.Jose;
using static TokenSessions.Tests.Vectors.Making.VectorToken;
using static TokenSessions.Validation.TokenRejection;

namespace TokenSessions.Tests.Vectors.Making;

/// <summary>Attacks on the text of a token: a second spelling of the same bytes, other characters, other shapes, other sizes.</summary>
internal static class TextVectors
{
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    private static readonly string[] Segments = ["0", "1", "2"];
    private static readonly string[] Strays =
        ["=", "==", "%3D", " ", "\t", "\n", "\r\n", "\0", "+", "/", ",", "~", "*", "\u00A0", "\u200B", "\uFEFF", "\u00E9", "\uFF21", "\u0661", "\uD83D\uDE00"];

    /// <summary>By their names: UTF-16 units that are half a character, or two halves in the wrong order.</summary>
    private static readonly Dictionary<string, string> Halves = new()
    {
        ["D800"] = "\uD800",
        ["DBFF"] = "\uDBFF",
        ["DC00"] = "\uDC00",
        ["DFFF"] = "\uDFFF",
        ["DE00 D83D"] = "\uDE00\uD83D",
    };

    public static IReadOnlyList<VectorDescription> All { get; } = [Base64Url, Shape, Sizes];

    private static VectorDescription Base64Url => new(
        "base64url", "A segment in another spelling: padding, white space, the other alphabet, spare bits",
        "RFC 7515 §2, RFC 4648 §3.3 and §3.5")
    {
        { "'{0}' after the header", Strays, Malformed, stray => Token.Segment(0, segment => segment + stray) },
        { "'{0}' after the payload", Strays, Malformed, stray => Token.Segment(1, segment => segment + stray) },
        { "'{0}' after the signature", Strays, Malformed, stray => Token.Segment(2, segment => segment + stray) },
        { "'{0}' within the payload", Strays, Malformed, stray => Token.Segment(1, segment => segment.Insert(8, stray)) },
        { "'{0}' before the token", Strays, Malformed, stray => Token.Text(text => stray + text) },
        { "line ends every 64 characters (PEM)", Malformed, Token.Text(text => string.Join('\n', text.Chunk(64).Select(chunk => new string(chunk)))) },
        { "padded as base64, segment {0}", Segments, Malformed, segment => Token.Claim("x", "12").Header("x", "1").Segment(int.Parse(segment, null), text => text.PadRight((text.Length + 3) / 4 * 4, '=') + (text.Length % 4 == 0 ? "====" : "")) },
        { "- and _ as + and / in the signature", Malformed, Token.SignedBy(VectorKey.Rs256).Segment(2, text => text.Replace('-', '+').Replace('_', '/')) },
        { "- and _ as + and / in the payload", Malformed, Token.Claim("x", "\u00FB\u00FF\u00FE???>>>").Segment(1, text => "+" + text[1..]) },
        { "spare bits in the signature of ES256", Malformed, Token.Segment(2, text => text[..^1] + Next(text[^1], 1)), "64 bytes leave four bits over." },
        { "all spare bits in the signature of ES256", Malformed, Token.Segment(2, text => text[..^1] + Next(text[^1], 15)) },
        { "spare bits in the signature of RS256", Malformed, Token.SignedBy(VectorKey.Rs256).Segment(2, text => text[..^1] + Next(text[^1], 1)) },
        { "spare bits in the payload", Malformed, Ending(1, 2).Segment(1, text => text[..^1] + Next(text[^1], 1)) },
        { "spare bits in the payload, two of them", Malformed, Ending(1, 3).Segment(1, text => text[..^1] + Next(text[^1], 1)) },
        { "spare bits in the header", Malformed, Ending(0, 2).Segment(0, text => text[..^1] + Next(text[^1], 1)) },
        { "spare bits in the header, two of them", Malformed, Ending(0, 3).Segment(0, text => text[..^1] + Next(text[^1], 1)) },
        { "a payload with four bits over, none of them set", Accepted, Ending(1, 2) },
        { "a payload with two bits over, none of them set", Accepted, Ending(1, 3) },
        { "one character too many in segment {0}", Segments, Malformed, segment => Token.Segment(int.Parse(segment, null), text => text.PadRight(text.Length / 4 * 4 + 5, 'A')) },
        { "hexadecimal in place of base64url, segment {0}", Segments, Malformed, segment => Token.Segment(int.Parse(segment, null), text => Convert.ToHexStringLower(StrictBase64Url.Decode(text)!) + "a") },
        { "the payload in base64url twice", ClaimsInvalid, Token.PayloadBytes(bytes => Encoding.ASCII.GetBytes(StrictBase64Url.Encode(bytes))) },
        { "the payload not encoded", Malformed, Token.Segment(1, text => Encoding.UTF8.GetString(StrictBase64Url.Decode(text)!)) },
    };

    private static VectorDescription Shape => new(
        "shape", "Not three segments: a scheme before it, JSON serializations, quotes, two tokens, a polyglot of both serializations",
        "RFC 7515 §7.1 and §7.2; CVE-2022-39227")
    {
        { "nothing", Malformed, "" },
        { "'{0}'", [".", "..", "...", "....", "a", "a.b", "a.b.c", "null", "undefined", "{}", "[]", "\"\"", "Bearer", "\0", "%00"], Malformed, text => Token.Text(_ => text) },
        { "'{0}' before it", ["Bearer ", "bearer ", "JWT ", "DPoP ", ".", "'", "\"", "Basic ", "urn:", "jwt="], Malformed, text => Token.Text(token => text + token) },
        { "'{0}' after it", [".", "..", ".AAAA", ".AAAA.AAAA", "'", "\"", ";", ", ", "#", "?", "&x=1", "\u0000"], Malformed, text => Token.Text(token => token + text) },
        { "half a surrogate pair before it: {0}", Halves.Keys, Malformed, half => Token.Text(token => Halves[half] + token), "No Unicode text, but a string can hold it." },
        { "half a surrogate pair after it: {0}", Halves.Keys, Malformed, half => Token.Text(token => token + Halves[half]) },
        { "half a surrogate pair within the payload: {0}", Halves.Keys, Malformed, half => Token.Segment(1, segment => segment.Insert(8, Halves[half])) },
        { "half a surrogate pair in place of a dot: {0}", Halves.Keys, Malformed, half => Token.Text(token => token.Replace(".", Halves[half], StringComparison.Ordinal)) },
        { "quotes around it", Malformed, Token.Text(token => $"\"{token}\"") },
        { "two tokens with a space", Malformed, Token.Text(token => $"{token} {token}") },
        { "two tokens with a comma", Malformed, Token.Text(token => $"{token},{token}") },
        { "two tokens with a dot", Malformed, Token.Text(token => $"{token}.{token}") },
        { "percent-encoded dots", Malformed, Token.Text(token => token.Replace(".", "%2E", StringComparison.Ordinal)) },
        { "other dots", Malformed, Token.Text(token => token.Replace('.', '\uFF0E')) },
        { "an SD-JWT: a disclosure after it (RFC 9901)", Malformed, Token.Text(token => $"{token}~WyJzYWx0Iiwic3ViIiwicm9vdCJd~") },
        { "the flattened JSON serialization", Malformed, Token.Text(token => Flattened(token.Split('.'))) },
        { "the general JSON serialization", Malformed, Token.Text(token => General(token.Split('.'))) },
        { "the JSON serialization with an unprotected header", Malformed, Token.Text(token => General(token.Split('.')).Replace("\"protected\"", "\"header\":{\"alg\":\"none\"},\"protected\"", StringComparison.Ordinal)) },
        { "JSON and compact at once", Malformed, Token.Text(token => $"{{\"  {string.Join('.', token.Split('.')[..2])}.\":\"\",{Flattened(token.Split('.'))[1..]}") },
        { "no header", Malformed, Token.Segment(0, _ => "") },
        { "no payload", Malformed, Token.Segment(1, _ => "") },
        { "no payload, and signed so", Malformed, Token.PayloadBytes(_ => []), "Detached (RFC 7515, Appendix F)." },
        { "three empty objects", TypeNotAccepted, "e30.e30.e30" },
        { "an empty object as a header", TypeNotAccepted, Token.HeaderText(_ => "{}") },
        { "segments in another order", Malformed, Token.Text(token => string.Join('.', token.Split('.').Reverse())) },
        { "two headers", SignatureInvalid, Token.Text(token => $"{token.Split('.')[0]}.{token.Split('.')[0]}.{token.Split('.')[2]}") },
    };

    private static VectorDescription Sizes => new(
        "sizes", "Too long, too deep, too many names: inputs that cost more than they say",
        "RFC 8259 §9; CVE-2024-21907, CVE-2025-61920")
    {
        { "8,192 characters", Accepted, Token.Claim("pad", new string('x', PadFor(8192))) },
        { "8,193 characters", TooLong, Token.Claim("pad", new string('x', PadFor(8192))).Text(text => text + "A") },
        { "8,192 characters that are no token", Malformed, new string('A', 8192) },
        { "8,192 dots", Malformed, new string('.', 8192) },
        { "8,193 dots", TooLong, new string('.', 8193) },
        { "16,384 characters", TooLong, Token.Claim("pad", new string('x', 12_000)) },
        { "a header of 1,024 bytes", Accepted, Token.HeaderText(text => text[..^1] + new string(' ', 1024 - text.Length) + "}") },
        { "a header of 1,025 bytes", Malformed, Token.HeaderText(text => text[..^1] + new string(' ', 1025 - text.Length) + "}") },
        { "a header of 16 names", Accepted, Token.HeaderMember(Names(13)) },
        { "a header of 17 names", Malformed, Token.HeaderMember(Names(14)) },
        { "a header of 17 names at all depths", Malformed, Token.HeaderMember($"\"x\":{{{Names(13)}}}") },
        { "a header of depth 16", Accepted, Token.HeaderMember($"\"x\":{Nested("[", "]", 15)}") },
        { "a header of depth 17", Malformed, Token.HeaderMember($"\"x\":{Nested("[", "]", 16)}") },
        { "claims of depth 16, arrays", Accepted, Token.Claims($"\"x\":{Nested("[", "]", 15)}") },
        { "claims of depth 17, arrays", ClaimsInvalid, Token.Claims($"\"x\":{Nested("[", "]", 16)}") },
        { "claims of depth 16, objects", Accepted, Token.Claims($"\"x\":{Nested("{\"x\":", "}", 15)}") },
        { "claims of depth 17, objects", ClaimsInvalid, Token.Claims($"\"x\":{Nested("{\"x\":", "}", 16)}") },
        { "claims of depth 2,500", ClaimsInvalid, Token.Claims($"\"x\":{Nested("[", "]", 2_499)}") },
        { "claims that open 5,000 arrays and close none", ClaimsInvalid, Token.PayloadText(_ => new string('[', 5_000)) },
        { "claims that open 1,000 objects and close none", ClaimsInvalid, Token.PayloadText(_ => string.Concat(Enumerable.Repeat("{\"x\":", 1_000))) },
        { "500 names", Accepted, Token.Claims(Names(500)) },
        { "500 names, the last one twice", ClaimsInvalid, Token.Claims(Names(500) + ",\"n499\":0") },
        { "a name of 4,000 characters", Accepted, Token.Claims($"\"{new string('n', 4_000)}\":0") },
        { "a number of 4,000 digits", Accepted, Token.Claims($"\"x\":{new string('9', 4_000)}"), "In a claim that nothing asks for it is only passed over." },
        { "an exp of 4,000 digits", ClaimsInvalid, Token.ClaimValue("exp", new string('9', 4_000)) },
        { "4,000 spaces", Accepted, Token.PayloadText(text => text + new string(' ', 4_000)), "White space is part of JSON (RFC 8259 §2)." },
        { "600 escapes", Accepted, Token.Claims($"\"x\":\"{string.Concat(Enumerable.Repeat("\\u0041", 600))}\"") },
        { "1,300 audiences, ours the last", Accepted, Token.ClaimValue("aud", $"[{string.Concat(Enumerable.Repeat("\"x\",", 1_300))}\"https://api.example\"]") },
        { "a signature of {0} bytes", ["1", "63", "65", "66", "96", "128", "256", "1024", "1025", "4000"], SignatureInvalid, length => Token.Signed(_ => new byte[int.Parse(length, null)]) },
        { "a signature of 63 bytes: the last one cut off", SignatureInvalid, Token.Signature(signature => signature[..63]) },
        { "a signature of 65 bytes: a zero after it", SignatureInvalid, Token.Signature(signature => [.. signature, 0]) },
    };

    private static char Next(char last, int spare) => Alphabet[Alphabet.IndexOf(last, StringComparison.Ordinal) | spare];

    /// <summary>A token whose segment ends in a group of so many characters.</summary>
    private static VectorToken Ending(int segment, int characters)
    {
        for (var pad = ""; ; pad += "x")
        {
            VectorToken Padded() => segment == 0 ? Token.Header("x", pad) : Token.Claim("x", pad);
            if (Padded().ToString().Split('.')[segment].Length % 4 == characters)
            {
                return Padded();
            }
        }
    }

    private static int PadFor(int length)
    {
        var pad = (length - Token.Claim("pad", "").ToString().Length) * 3 / 4 - 3;
        while (Token.Claim("pad", new string('x', pad)).ToString().Length < length)
        {
            pad++;
        }

        return pad;
    }

    private static string Names(int count) => string.Join(',', Enumerable.Range(0, count).Select(i => $"\"n{i}\":0"));

    private static string Nested(string opening, string closing, int depth) =>
        string.Concat(Enumerable.Repeat(opening, depth)) + (opening == "[" ? "" : "0") + string.Concat(Enumerable.Repeat(closing, depth));

    private static string Flattened(string[] segments) =>
        $"{{\"payload\":\"{segments[1]}\",\"protected\":\"{segments[0]}\",\"signature\":\"{segments[2]}\"}}";

    private static string General(string[] segments) =>
        $"{{\"payload\":\"{segments[1]}\",\"signatures\":[{{\"protected\":\"{segments[0]}\",\"signature\":\"{segments[2]}\"}}]}}";
}
