using static TokenSessions.Tests.Vectors.Making.VectorToken;
using static TokenSessions.Validation.TokenRejection;

namespace TokenSessions.Tests.Vectors.Making;

/// <summary>Attacks on how a published key set is read: a good token, judged with a set that is none, or that has odd keys in it.</summary>
internal static class KeySetVectors
{
    private const string NoKey = "Left out of the set, as if it were not there (RFC 7517 §5).";

    public static IReadOnlyList<VectorDescription> All { get; } = [KeySets];

    private static string Good => VectorKey.Es256.Public().ToJsonString(VectorFolder.Compact);

    private static string Next => VectorKey.Es256Next.Public().ToJsonString(VectorFolder.Compact);

    private static VectorDescription KeySets => new(
        "key-sets", "A published key set that is none, can be read in two ways, or has something else than good keys in it",
        "RFC 7517 §4 and §5, RFC 8259 §2, §4 and §8, RFC 8725 §3.1")
    {
        { "no set: {0}", ["", " ", "\0", "null", "true", "0", "\"keys\"", "[]", "{}", "{", "[", "<html></html>", "-----BEGIN PUBLIC KEY-----", "{\"keys\":null}", "{\"keys\":{}}", "{\"keys\":\"\"}", "{\"keys\":0}", "{\"keys\":[]}", "{\"keys\":[[]]}", "{\"keys\":[{}]}", "{\"keys\":[null,true,0,\"\",[],{}]}", "{\"Keys\":[]}"], KeysUnavailable, Published, "Our trouble, not the caller's: 503." },
        { "a key without a set around it", KeysUnavailable, Published(Good) },
        { "a list of keys without a set around it", KeysUnavailable, Published($"[{Good}]") },
        { "KEYS in place of keys", KeysUnavailable, Published($"{{\"KEYS\":[{Good}]}}") },
        { "a set as a JSON string", KeysUnavailable, Published($"\"{Set(Good).Replace("\"", "\\\"", StringComparison.Ordinal)}\"") },
        { "a list in a list", KeysUnavailable, Published(Set($"[{Good}]")) },
        { "a set in a set", KeysUnavailable, Published(Set(Set(Good))) },
        { "a set, then '{0}'", ["x", "{}", ",", "\0", "}", "//", "{\"keys\":[]}"], KeysUnavailable, rest => Published(Set(Good) + rest) },
        { "'{0}', then a set", ["\uFEFF", "\0", "{}", ")]}',\n", "//\n"], KeysUnavailable, before => Published(before + Set(Good)) },
        { "a set in single quotes", KeysUnavailable, Published(Set(Good).Replace('"', '\'')) },
        { "a set with a comma too many", KeysUnavailable, Published(Set(Good + ",")) },
        { "a set with a comment", KeysUnavailable, Published(Set("/**/" + Good)) },
        { "a set cut off", KeysUnavailable, Published(Set(Good)[..^1]) },
        { "white space around everything", Accepted, Published($" \r\n\t{Set($" {Good}\n")} \n") },
        { "other members in the set", Accepted, Published($"{{\"x\":[{{}}],\"keys\":[{Good}],\"issuer\":\"https://other.example\"}}"), "Ignored (RFC 7517 §5)." },
        { "an escape in the name keys", Accepted, Published($"{{\"\\u006beys\":[{Good}]}}"), "The same name (RFC 8259 §8.3)." },

        { "keys twice, the good one {0}", ["first", "last"], KeysUnavailable, place => Published(place == "first" ? $"{{\"keys\":[{Good}],\"keys\":[{Next}]}}" : $"{{\"keys\":[{Next}],\"keys\":[{Good}]}}"), "One reader would take the first, another the last." },
        { "keys twice, once with an escape", KeysUnavailable, Published($"{{\"keys\":[{Good}],\"\\u006beys\":[{Next}]}}") },
        { "another member of the set twice", KeysUnavailable, Published($"{{\"x\":0,\"keys\":[{Good}],\"x\":0}}") },
        { "{0} twice in a key, the good one last", ["kty", "use", "alg", "kid", "crv", "x", "y"], KeysUnavailable, member => Published(Set($"{{\"{member}\":\"AA\",{Good[1..]}")), "Read in two ways, it would be two keys (RFC 7517 §4)." },
        { "{0} twice in a key, the good one first", ["kty", "use", "alg", "kid", "crv", "x", "y"], KeysUnavailable, member => Published(Set(Plus(Good, $"\"{member}\":\"AA\""))) },
        { "an unknown member twice in a key", KeysUnavailable, Published(Set(Plus(Good, "\"z\":0,\"z\":0"))) },
        { "a member twice in a key beside the good one", KeysUnavailable, Published(Set(Plus(Next, "\"kid\":\"x\""), Good)), "Who publishes such a set is not to be read in part." },

        { "beside the good key: {0}", ["null", "true", "0", "\"\"", "[]", "{}", "{\"kty\":\"EC\"}", "{\"kty\":\"oct\",\"alg\":\"HS256\",\"kid\":\"x\",\"k\":\"AAAA\"}", "{\"kty\":\"OKP\",\"alg\":\"EdDSA\",\"kid\":\"x\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}", "{\"kty\":\"XYZ\",\"alg\":\"XY256\",\"kid\":\"x\"}"], Accepted, entry => Published(Set(entry, Good)), NoKey },
        { "beside the good key: its {0} is a number", ["kty", "use", "alg", "kid", "crv", "x", "y"], Accepted, member => Published(Set(Changed(member, "0"), Next)).SignedBy(VectorKey.Es256Next), NoKey },
        { "the token's key: its {0} is a number", ["kty", "use", "alg", "kid", "crv", "x", "y"], KeyUnknown, member => Published(Set(Changed(member, "0"), Next)) },
        { "the token's key: its {0} is null", ["kty", "use", "alg", "kid", "crv", "x", "y"], KeyUnknown, member => Published(Set(Changed(member, "null"), Next)) },
        { "the token's key: its {0} is a list with the good value", ["kty", "use", "alg", "kid", "crv", "x", "y"], KeyUnknown, member => Published(Set(Changed(member, $"[\"{Value(member)}\"]"), Next)) },
        { "the token's key: its {0} is empty", ["kty", "use", "alg", "kid", "crv", "x", "y"], KeyUnknown, member => Published(Set(Changed(member, "\"\""), Next)) },
        { "the token's key: its {0} and a space", ["kty", "use", "alg", "kid", "crv", "x", "y"], KeyUnknown, member => Published(Set(Changed(member, $"\"{Value(member)} \""), Next)) },
        { "the token's key: its {0} in lower case", ["kty", "alg", "crv"], KeyUnknown, member => Published(Set(Changed(member, $"\"{Value(member).ToLowerInvariant()}\""), Next)) },
        { "the token's key: its {0} padded", ["x", "y"], KeyUnknown, member => Published(Set(Changed(member, $"\"{Value(member)}=\""), Next)) },
        { "the token's key: key_ops {0}", ["null", "0", "\"verify\"", "{}", "[]", "[\"sign\"]", "[\"VERIFY\"]", "[0]"], KeyUnknown, operations => Published(Set(Plus(Good, $"\"key_ops\":{operations}"), Next)), "It does not say that it verifies (RFC 7517 §4.3)." },
        { "the token's key: key_ops {0}", ["[0,\"sign\",\"verify\"]", "[\"verify\",null]", "[\"verify\",[\"verify\"]]"], KeyUnknown, operations => Published(Set(Plus(Good, $"\"key_ops\":{operations}"), Next)), "All of them are texts (RFC 7517 §4.3)." },
        { "the token's key: key_ops with verify in it", Accepted, Published(Set(Plus(Good, "\"key_ops\":[\"sign\",\"verify\"]"))) },
        { "the token's key: d {0}", ["null", "\"\"", "0"], KeyUnknown, value => Published(Set(Plus(Good, $"\"d\":{value}"), Next)), "A member for private halves has no place in a published key (RFC 7517 §9.2)." },
        { "the token's key: other members of any type", Accepted, Published(Set(Plus(Good, "\"x5c\":0,\"x5t\":null,\"x5u\":[],\"exp\":0,\"\":{}"))), "Ignored (RFC 7517 §4)." },

        { "half a surrogate pair in a kid", KeysUnavailable, Published(Set(Changed("kid", "\"\\ud800\""), Next)).SignedBy(VectorKey.Es256Next), "No text (RFC 8259 §8.2): the set is not read." },
        { "an escape in a kid", Accepted, Published(Set(Changed("kid", $"\"\\u{(int)Value("kid")[0]:x4}{Value("kid")[1..]}\""))), "The same text." },
        { "a set of depth 16", Accepted, Published(Set(Plus(Good, $"\"z\":{new string('[', 13)}{new string(']', 13)}"))) },
        { "a set of depth 17", KeysUnavailable, Published(Set(Plus(Good, $"\"z\":{new string('[', 14)}{new string(']', 14)}"))), "A limit of ours (RFC 8259 §9)." },
        { "the good key as entry 100", Accepted, Published(Set([.. Enumerable.Repeat("0", 99), Good])) },
        { "the good key as entry 101", KeysUnavailable, Published(Set([.. Enumerable.Repeat("0", 100), Good])), "No more than 100 entries are looked at: a limit of ours." },
    };

    private static VectorToken Published(string document) => Token.KeySetText(document);

    private static string Set(params string[] entries) => $"{{\"keys\":[{string.Join(',', entries)}]}}";

    private static string Plus(string key, string members) => $"{key[..^1]},{members}}}";

    private static string Value(string member) => (string)VectorKey.Es256.Public()[member]!;

    /// <summary>The token's key with another value.</summary>
    private static string Changed(string member, string json) => Good.Replace($"\"{member}\":\"{Value(member)}\"", $"\"{member}\":{json}", StringComparison.Ordinal);
}
