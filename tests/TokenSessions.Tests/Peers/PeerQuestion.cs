using System.Text.Json.Nodes;
using TokenSessions.Tests.Validation;
using TokenSessions.Tests.Vectors;
using TokenSessions.Validation;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Tests.Peers;

/// <summary>Tokens to judge, and the rules that every validator is told.</summary>
/// <param name="KeySet">The published key set (RFC 7517 §5), or whatever stands in its place.</param>
/// <param name="Types">The <c>typ</c> values accepted.</param>
/// <param name="Now">What the clock shows.</param>
/// <param name="Tokens">Any texts.</param>
internal sealed record PeerQuestion(string KeySet, IReadOnlyList<string> Types, DateTimeOffset Now, IReadOnlyList<string> Tokens)
{
    private static readonly TokenValidationOptions Defaults = new();

    /// <summary>One line of JSON for a peer in a process of its own.</summary>
    public string ToLine() => new JsonObject
    {
        ["issuer"] = TestToken.Issuer,
        ["audience"] = TestToken.Audience,
        ["types"] = Array(Types),
        ["algorithms"] = Array(Algorithms()),
        ["skew"] = (int)Defaults.ClockSkew.TotalSeconds,
        ["life"] = (int)Defaults.MaxTokenLifetime.TotalSeconds,
        ["now"] = Now.ToUnixTimeMilliseconds(),
        ["keySet"] = KeySet,
        ["tokens"] = Array(Tokens),
    }.ToJsonString();

    /// <summary>Those of the keys that we know; where that is none, all that we know, for no list at all means any to some peers.</summary>
    private IEnumerable<string> Algorithms()
    {
        var ofKeys = VectorRun.ParseKeySet(KeySet)?.Keys.Select(key => key.Algorithm).Distinct().ToArray() ?? [];
        return (ofKeys.Length > 0 ? ofKeys : SignatureAlgorithm.All).Select(algorithm => algorithm.Name);
    }

    private static JsonArray Array(IEnumerable<string> texts) => new([.. texts.Select(AnyText.Write)]);
}
