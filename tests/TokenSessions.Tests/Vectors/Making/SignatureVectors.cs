using System.Formats.Asn1;
using System.Numerics;
using TokenSessions.Validation.Denylist;
using static TokenSessions.Tests.Vectors.Making.VectorToken;
using static TokenSessions.Validation.TokenRejection;

namespace TokenSessions.Tests.Vectors.Making;

/// <summary>Attacks on the signature's numbers, and twins: a second good signature over the same claims.</summary>
internal static class SignatureVectors
{
    private const string TokenId = "Jti-0123456789abcdefgh";
    private const string SessionId = "Sid-0123456789abcdefgh";

    private static readonly string[] Curves = ["ES256", "ES384"];
    private static readonly string[] Paddings = ["RS256", "PS256"];

    public static IReadOnlyList<VectorDescription> All { get; } = [Ecdsa, Rsa, Twins];

    private static VectorDescription Ecdsa => new(
        "ecdsa", "Signatures of ECDSA with numbers out of range, in DER, with halves exchanged",
        "RFC 7518 §3.4, SEC 1 §4.1.4; CVE-2022-21449")
    {
        { "{0}: zeros", Curves, SignatureInvalid, alg => Numbers(alg, (_, _, _) => (0, 0)) },
        { "{0}: r = 0", Curves, SignatureInvalid, alg => Numbers(alg, (_, s, _) => (0, s)) },
        { "{0}: s = 0", Curves, SignatureInvalid, alg => Numbers(alg, (r, _, _) => (r, 0)) },
        { "{0}: r = n, s = n", Curves, SignatureInvalid, alg => Numbers(alg, (_, _, n) => (n, n)) },
        { "{0}: r = n", Curves, SignatureInvalid, alg => Numbers(alg, (_, s, n) => (n, s)) },
        { "{0}: s = n", Curves, SignatureInvalid, alg => Numbers(alg, (r, _, n) => (r, n)) },
        { "{0}: r = 0, s = n", Curves, SignatureInvalid, alg => Numbers(alg, (_, _, n) => (0, n)) },
        { "{0}: r = n, s = 0", Curves, SignatureInvalid, alg => Numbers(alg, (_, _, n) => (n, 0)) },
        { "{0}: r = 1, s = 1", Curves, SignatureInvalid, alg => Numbers(alg, (_, _, _) => (1, 1)) },
        { "{0}: r = n - 1, s = n - 1", Curves, SignatureInvalid, alg => Numbers(alg, (_, _, n) => (n - 1, n - 1)) },
        { "{0}: r = n + 1, s = n + 1", Curves, SignatureInvalid, alg => Numbers(alg, (_, _, n) => (n + 1, n + 1)) },
        { "{0}: r = 1, s = 0", Curves, SignatureInvalid, alg => Numbers(alg, (_, _, _) => (1, 0)) },
        { "{0}: r = 0, s = 1", Curves, SignatureInvalid, alg => Numbers(alg, (_, _, _) => (0, 1)) },
        { "{0}: ones in every bit", Curves, SignatureInvalid, alg => Token.SignedBy(Key(alg)).Signature(signature => [.. Enumerable.Repeat((byte)0xFF, signature.Length)]) },
        { "{0}: r and s exchanged", Curves, SignatureInvalid, alg => Numbers(alg, (r, s, _) => (s, r)) },
        { "{0}: n - r", Curves, SignatureInvalid, alg => Numbers(alg, (r, s, n) => (n - r, s)) },
        { "{0}: r + 1", Curves, SignatureInvalid, alg => Numbers(alg, (r, s, _) => (r + 1, s)) },
        { "{0}: s + 1", Curves, SignatureInvalid, alg => Numbers(alg, (r, s, _) => (r, s + 1)) },
        { "{0}: little-endian", Curves, SignatureInvalid, alg => Token.SignedBy(Key(alg)).Signature(signature => [.. signature[..Key(alg).Length].Reverse(), .. signature[Key(alg).Length..].Reverse()]) },
        { "{0}: in DER", Curves, SignatureInvalid, alg => Token.SignedBy(Key(alg)).Signature(Der) },
        { "{0}: in DER, cut or filled to the right length", Curves, SignatureInvalid, alg => Token.SignedBy(Key(alg)).Signature(signature => Der(signature)[..signature.Length]) },
        { "{0}: zeros before r and s", Curves, SignatureInvalid, alg => Token.SignedBy(Key(alg)).Signature(signature => [0, .. signature[..Key(alg).Length], 0, .. signature[Key(alg).Length..]]) },
        { "{0}: only r", Curves, SignatureInvalid, alg => Token.SignedBy(Key(alg)).Signature(signature => signature[..Key(alg).Length]) },
        { "{0}: twice", Curves, SignatureInvalid, alg => Token.SignedBy(Key(alg)).Signature(signature => [.. signature, .. signature]) },
        { "{0}: the first bit changed", Curves, SignatureInvalid, alg => Token.SignedBy(Key(alg)).Signature(signature => [(byte)(signature[0] ^ 0x80), .. signature[1..]]) },
        { "{0}: the last bit changed", Curves, SignatureInvalid, alg => Token.SignedBy(Key(alg)).Signature(signature => [.. signature[..^1], (byte)(signature[^1] ^ 1)]) },
        { "{0}: over the payload alone", Curves, SignatureInvalid, alg => Token.SignedBy(Key(alg)).Signed(input => Key(alg).Sign(input[(Array.IndexOf(input, (byte)'.') + 1)..])) },
        { "{0}: over the decoded payload", Curves, SignatureInvalid, alg => Token.SignedBy(Key(alg)).Signed(_ => Key(alg).Sign([.. "{}"u8])) },
        { "{0}: over nothing", Curves, SignatureInvalid, alg => Token.SignedBy(Key(alg)).Signed(_ => Key(alg).Sign([])) },
    };

    private static VectorDescription Rsa => new(
        "rsa", "Signatures of RSA with numbers out of range, of another length, or fixed under every key", "RFC 7518 §3.3 and §3.5, RFC 8017 §5.2.2, §8.1.2 and §8.2.2")
    {
        { "{0}: 0", Paddings, SignatureInvalid, alg => Number(alg, (_, _) => 0) },
        { "{0}: 1", Paddings, SignatureInvalid, alg => Number(alg, (_, _) => 1) },
        { "{0}: n - 1", Paddings, SignatureInvalid, alg => Number(alg, (_, n) => n - 1) },
        { "{0}: n", Paddings, SignatureInvalid, alg => Number(alg, (_, n) => n) },
        { "{0}: n + 1", Paddings, SignatureInvalid, alg => Number(alg, (_, n) => n + 1) },
        { "{0}: n - s", Paddings, SignatureInvalid, alg => Number(alg, (s, n) => n - s) },
        { "{0}: s + 1", Paddings, SignatureInvalid, alg => Number(alg, (s, _) => s + 1) },
        { "{0}: s + n, where it has as many bytes", Paddings, SignatureInvalid, SumOfEqualLength, "s must be below n (RFC 8017 §5.2.2): else every token would have a twin." },
        { "{0}: a zero before it", Paddings, SignatureInvalid, alg => Token.SignedBy(Key(alg)).Signature(signature => [0, .. signature]) },
        { "{0}: a zero after it", Paddings, SignatureInvalid, alg => Token.SignedBy(Key(alg)).Signature(signature => [.. signature, 0]) },
        { "{0}: without its first byte, which is zero", Paddings, SignatureInvalid, alg => ZeroFirst(alg).Signature(signature => signature[1..]), "A signature is as long as the modulus (RFC 8017 §8.2.2)." },
        { "{0}: with its first byte, which is zero", Paddings, Accepted, ZeroFirst },
        { "{0}: ones in every bit", Paddings, SignatureInvalid, alg => Token.SignedBy(Key(alg)).Signature(_ => [.. Enumerable.Repeat((byte)0xFF, 256)]) },
        { "{0}: little-endian", Paddings, SignatureInvalid, alg => Token.SignedBy(Key(alg)).Signature(signature => [.. signature.Reverse()]) },
        { "PS256: a salt of {0} bytes", ["0", "20", "31", "33", "222"], SignatureInvalid, length => Token.SignedBy(VectorKey.Ps256).Signed(input => VectorKey.Ps256.SignPss(input, int.Parse(length, null))), "As long as the hash, and no other length (RFC 7518 §3.5)." },
        { "PS256: a salt of {0} bytes", ["32"], Accepted, length => Token.SignedBy(VectorKey.Ps256).Signed(input => VectorKey.Ps256.SignPss(input, int.Parse(length, null))) },
        { "{0}: the message itself, padded", Paddings, SignatureInvalid, alg => Token.SignedBy(Key(alg)).Signed(input => [0, 1, .. Enumerable.Repeat((byte)0xFF, 221), 0, .. System.Security.Cryptography.SHA256.HashData(input)]) },
        { "{0}: the last bit changed", Paddings, SignatureInvalid, alg => Token.SignedBy(Key(alg)).Signature(signature => [.. signature[..^1], (byte)(signature[^1] ^ 1)]) },
    };

    private static VectorDescription Twins => new(
        "twins", "Another text with the same claims: it must not evade a revocation, nor the memory of verified tokens",
        "SEC 1 §4.1.4 (both s and n - s verify), RFC 7009 §2")
    {
        { "{0}: the twin n - s", Curves, Accepted, Twin, "ECDSA has it by nature, and no RFC forbids it. It says and may what the first says: rules name jti, sid, sub, client_id and kid, never a text, and the memory compares whole texts, so the twin is verified for itself." },
        { "{0}: the twin n - s of a revoked token", Curves, Revoked, alg => Twin(alg).Denied(RuleKind.Token, TokenId) },
        { "{0}: the twin n - s of a revoked session", Curves, Revoked, alg => Twin(alg).Denied(RuleKind.Session, SessionId) },
        { "{0}: the twin n - s under a revoked key", Curves, Revoked, alg => Twin(alg).Denied(RuleKind.Key, Key(alg).KeyId) },
        { "{0}: the twin n - s after exp", Curves, Expired, alg => Twin(alg).At("2026-11-20T12:10:30Z") },
        { "a revoked token", Revoked, Token.Denied(RuleKind.Token, TokenId) },
        { "a revoked session", Revoked, Token.Denied(RuleKind.Session, SessionId) },
        { "a revoked key", Revoked, Token.Denied(RuleKind.Key, VectorKey.Es256.KeyId) },
        { "a watermark of {0}", ["subject alice", "client default", "all "], Revoked, rule => Watermark(Token, rule) },
        { "a watermark of {0}, seen", ["subject alice s", "client default c", "all  a"], Accepted, rule => Watermark(Token, rule).Claims($"\"seen\":{{\"{rule[^1]}\":1000}}") },
        { "a watermark of {0}, seen an older one", ["subject alice s", "client default c", "all  a"], Revoked, rule => Watermark(Token, rule).Claims($"\"seen\":{{\"{rule[^1]}\":999}}") },
        { "a watermark, seen under another name: {0}", ["S", "s1", "s9", "s00", "s ", "sub", "", "c", "a"], Revoked, name => Watermark(Token, "subject alice").Claims($"\"seen\":{{\"{name}\":1000}}") },
        { "a watermark, seen in the header only", Revoked, Watermark(Token, "subject alice").HeaderMember("\"seen\":{\"s\":1000}") },
        { "a watermark, seen said twice", ClaimsInvalid, Watermark(Token, "subject alice").Claims("\"seen\":{\"s\":1},\"seen\":{\"s\":1000}") },
        { "revoked, its jti with an escape", Revoked, Token.ClaimValue("jti", $"\"\\u004a{TokenId[1..]}\"").Denied(RuleKind.Token, TokenId) },
        { "revoked, its sid with an escape", Revoked, Token.ClaimValue("sid", $"\"\\u0053{SessionId[1..]}\"").Denied(RuleKind.Session, SessionId) },
        { "revoked, its sub with an escape", Revoked, Watermark(Token.ClaimValue("sub", "\"\\u0061lice\""), "subject alice") },
        { "revoked, its client_id with an escape", Revoked, Watermark(Token.ClaimValue("client_id", "\"\\u0064efault\""), "client default") },
        { "revoked, its kid with an escape", Revoked, Token.WithoutHeader("kid").HeaderMember($"\"kid\":\"\\u{(int)VectorKey.Es256.KeyId[0]:x4}{VectorKey.Es256.KeyId[1..]}\"").Denied(RuleKind.Key, VectorKey.Es256.KeyId) },
        { "revoked, the name sid with an escape", Revoked, Token.WithoutClaim("sid").Claims($"\"s\\u0069d\":\"{SessionId}\"").Denied(RuleKind.Session, SessionId) },
        { "revoked, members in another order", Revoked, Token.PayloadText(text => $"{{{string.Join(',', text[1..^1].Split(',').Reverse())}}}").Denied(RuleKind.Session, SessionId) },
        { "revoked, with white space", Revoked, Token.PayloadText(text => $" {text}\n").Denied(RuleKind.Session, SessionId) },
        { "revoked, with one more header member", Revoked, Token.Header("x", 1).Denied(RuleKind.Session, SessionId) },
        { "revoked, signed with another key", Revoked, Token.SignedBy(VectorKey.Es256Next).Denied(RuleKind.Session, SessionId) },
        { "revoked, with another jti", Revoked, Token.Claim("jti", "another").Denied(RuleKind.Session, SessionId) },
        { "revoked, with a second, nested sid", Revoked, Token.Claims("\"x\":{\"sid\":\"another\"}").Denied(RuleKind.Session, SessionId) },
        { "revoked, sub in another case", Accepted, Watermark(Token.Claim("sub", "Alice"), "subject alice"), "Another subject: compared byte by byte, as the issuer writes it." },
        { "a rule of another kind with the same value", Accepted, Token.Denied(RuleKind.Token, SessionId).Denied(RuleKind.Session, TokenId), "A rule's kind is part of what it names." },
        { "a rule whose value is longer by NUL", Accepted, Token.Denied(RuleKind.Session, SessionId + "\0") },
        { "revoked and expired", Expired, Token.Denied(RuleKind.Token, TokenId).At("2026-11-20T12:30:00Z") },
        { "revoked and not signed", SignatureInvalid, Token.SignedWith(VectorKey.Stranger).Denied(RuleKind.Token, TokenId), "Whether it is revoked is told to its holder only." },
    };

    private static VectorKey Key(string algorithm) => algorithm switch
    {
        "ES384" => VectorKey.Es384,
        "RS256" => VectorKey.Rs256,
        "PS256" => VectorKey.Ps256,
        _ => VectorKey.Es256,
    };

    private static VectorToken Numbers(string algorithm, Func<BigInteger, BigInteger, BigInteger, (BigInteger R, BigInteger S)> change)
    {
        var (length, n) = (Key(algorithm).Length, Key(algorithm).N);
        return Token.SignedBy(Key(algorithm)).Signature(signature =>
        {
            var (r, s) = change(VectorKey.Number(signature.AsSpan(0, length)), VectorKey.Number(signature.AsSpan(length)), n);
            return [.. VectorKey.Padded(r, length), .. VectorKey.Padded(s, length)];
        });
    }

    private static VectorToken Number(string algorithm, Func<BigInteger, BigInteger, BigInteger> change) => Token.SignedBy(Key(algorithm))
        .Signature(signature => VectorKey.Padded(change(VectorKey.Number(signature), Key(algorithm).N), signature.Length));

    private static VectorToken Twin(string algorithm) => Numbers(algorithm, (r, s, n) => (r, n - s));

    /// <summary>The numbers were found by trying: the first tokens of a series whose s + n has as many bytes as n.</summary>
    private static VectorToken SumOfEqualLength(string algorithm) =>
        Number(algorithm, (s, n) => s + n).Claim("x", algorithm == "RS256" ? 1 : 90);

    /// <summary>Found by trying, too: the first whose signature begins with a zero.</summary>
    private static VectorToken ZeroFirst(string algorithm) => Token.SignedBy(Key(algorithm)).Claim("x", algorithm == "RS256" ? 293 : 96)
        .Signature(signature => signature[0] == 0 ? signature : throw new InvalidOperationException("Find another number."));

    private static VectorToken Watermark(VectorToken token, string rule)
    {
        var words = rule.Split(' ');
        return token.Denied(RuleKinds.Find(words[0])!.Value, words[1], watermark: 1000);
    }

    private static byte[] Der(byte[] signature)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(VectorKey.Number(signature.AsSpan(0, signature.Length / 2)));
            writer.WriteInteger(VectorKey.Number(signature.AsSpan(signature.Length / 2)));
        }

        return writer.Encode();
    }
}
