using System.Text;
using System.Text.Json.Nodes;
using TokenSessions.Tests.Validation;
using TokenSessions.Tests.Vectors.Making;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Tests.Peers;

/// <summary>One mutation of a good token. It comes out the same in every run, byte by byte: so do the test keys' signatures.</summary>
/// <param name="Where">What was changed: <c>text</c>, <c>header</c> or <c>claims</c>.</param>
/// <param name="Token">Any text.</param>
/// <param name="IsIssued">True if the issuer signed just this: what was changed was changed before.</param>
internal sealed record PeerMutation(string Where, string Token, bool IsIssued)
{
    /// <summary>The test keys under the names that the mutators know.</summary>
    private static readonly (VectorKey Key, string KeyId)[] Keys =
        [(VectorKey.Es256, "p256"), (VectorKey.Es384, "p384"), (VectorKey.Rs256, "rsa"), (VectorKey.Ps256, "pss")];

    private static readonly byte[] Claims = Utf8($"{{{string.Join(',', ClaimsMutator.Good().Select(member => $"{member.Name}:{member.Value}"))}}}");
    private static readonly string[] Issued = [.. Keys.SelectMany(key => new[] { 0, 1, 2, 900 }.Select(padding => Issue(key, padding)))];
    private static readonly HashSet<string> AllIssued = [.. Issued];

    public static string KeySet { get; } = VectorDescriptions.KeySetOf([.. Keys.Select(key =>
    {
        var jwk = key.Key.Public();
        jwk["kid"] = key.KeyId;
        return (JsonNode)jwk;
    })]).ToJsonString();

    /// <summary>Good tokens of every algorithm.</summary>
    public static IReadOnlyList<string> Good => Issued;

    public static PeerMutation Make(Random random)
    {
        switch (random.Next(10))
        {
            case < 4:
                var (text, _) = TextMutator.Mutate(random, Issued[random.Next(Issued.Length)], Issued[random.Next(Issued.Length)]);
                return new("text", text, AllIssued.Contains(text));

            case < 7:
                var key = Keys[random.Next(3) == 0 ? random.Next(Keys.Length) : 0];
                var header = HeaderMutator.Mutate(random, key.Key.Algorithm, key.KeyId);
                var isSigned = key.Key == VectorKey.Es256 && random.Next(3) != 0; // The others take too long to sign.
                return new("header", isSigned ? Sign(header, Claims, key.Key) : $"{Input(header, Claims)}.{StrictBase64Url.Encode(new byte[64])}", isSigned);

            default:
                return new("claims", Sign(Utf8(Header(Keys[0])), ClaimsMutator.Mutate(random), VectorKey.Es256), IsIssued: true);
        }
    }

    private static string Issue((VectorKey Key, string KeyId) key, int padding) =>
        Sign(Utf8(Header(key)), [.. Claims[..^1], .. Enumerable.Repeat((byte)' ', padding), (byte)'}'], key.Key);

    private static string Header((VectorKey Key, string KeyId) key) => $$"""{"alg":"{{key.Key.Algorithm}}","kid":"{{key.KeyId}}","typ":"at+jwt"}""";

    private static string Sign(byte[] header, byte[] claims, VectorKey key)
    {
        var input = Input(header, claims);
        return $"{input}.{StrictBase64Url.Encode(key.Sign(Utf8(input)))}";
    }

    private static string Input(byte[] header, byte[] claims) => $"{StrictBase64Url.Encode(header)}.{StrictBase64Url.Encode(claims)}";

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
