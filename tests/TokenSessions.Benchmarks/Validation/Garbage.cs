using TokenSessions.Benchmarks.Measuring;
using TokenSessions.Benchmarks.Peers;
using TokenSessions.Validation;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Benchmarks.Validation;

/// <summary>What anybody can send without a key: it is turned away before a signature is checked, at no cost that adds up.</summary>
internal static class Garbage
{
    private const double MostNanoseconds = 1_000;

    public static Task<IReadOnlyList<Row>> MeasureAsync(Effort effort)
    {
        using var issuer = new SignedTokens(SignatureAlgorithm.ES256);
        var api = new Api([issuer.Key]);
        var microsoft = IdentityModel.Newest.JsonWebTokenHandler(issuer);
        var classes = Classes(issuer).ToArray();
        var figures = Rounds.Measure(effort, [.. classes.SelectMany(garbage => Both(api, microsoft, garbage))]);
        return Task.FromResult<IReadOnlyList<Row>>([.. classes.Select((garbage, i) => Describe(garbage.Name, figures[2 * i], figures[(2 * i) + 1]))]);
    }

    private static IEnumerable<Contestant> Both(Api api, Func<string, bool> microsoft, (string Name, string Token, TokenRejection Rejection) garbage)
    {
        yield return Contestant.Of("ours", times =>
        {
            for (var i = 0; i < times; i++)
            {
                api.Refuse(garbage.Token, garbage.Rejection);
            }
        });
        yield return Contestant.Of("Microsoft's", times =>
        {
            for (var i = 0; i < times; i++)
            {
                IsRefused(microsoft, garbage.Token);
            }
        });
    }

    private static Row Describe(string name, Figure ours, Figure theirs) => Row.Of(
        $"garbage: {name}; beside JsonWebTokenHandler {IdentityModel.Newest.Version} ({theirs.WithBytes()})",
        $"≤ {Row.Time(MostNanoseconds)}, 0 B",
        ours.WithBytes(),
        Row.Times(theirs.RatioTo(ours)),
        ours.Time <= MostNanoseconds && ours.IsWithoutBytes);

    private static IEnumerable<(string Name, string Token, TokenRejection Rejection)> Classes(SignedTokens issuer)
    {
        var token = issuer.Sign("ada");
        var rest = token[token.IndexOf('.')..];
        var keyId = issuer.Key.KeyId;
        yield return ("text that is no token", "The quick brown fox jumps over the lazy dog", TokenRejection.Malformed);
        yield return ("two segments", token[..token.LastIndexOf('.')], TokenRejection.Malformed);
        yield return ("four segments", token + ".AAAA", TokenRejection.Malformed);
        yield return ("a character outside base64url at the end", token[..^1] + "=", TokenRejection.Malformed);
        yield return ("a header that is no JSON", SignedTokens.Encode("""{"alg":"ES256","kid":""") + rest, TokenRejection.Malformed);
        yield return ("`alg` none", Header("none", keyId, SignedTokens.Type) + rest, TokenRejection.AlgorithmNotAllowed);
        yield return ("`alg` HS256", Header("HS256", keyId, SignedTokens.Type) + rest, TokenRejection.AlgorithmNotAllowed);
        yield return ("`alg` of another key type", Header("RS256", keyId, SignedTokens.Type) + rest, TokenRejection.AlgorithmNotAllowed);
        yield return ("an unknown `typ`", Header("ES256", keyId, "dpop+jwt") + rest, TokenRejection.TypeNotAccepted);
        yield return ("an unknown `kid`, within the cool-down of the key set", Header("ES256", new string('A', keyId.Length), SignedTokens.Type) + rest, TokenRejection.KeyUnknown);
        yield return ("no `kid`", SignedTokens.Encode($$"""{"alg":"ES256","typ":"{{SignedTokens.Type}}"}""") + rest, TokenRejection.KeyIdMissing);
        yield return ("a critical extension", SignedTokens.Encode($$"""{"alg":"ES256","kid":"{{keyId}}","crit":["exp"],"exp":1}""") + rest, TokenRejection.ExtensionNotSupported);
        yield return ("too long by a character", new string('A', TokenValidator.MaxTokenLength + 1), TokenRejection.TooLong);
        yield return ("30 KB", new string('A', 30_000), TokenRejection.TooLong);
    }

    private static string Header(string algorithm, string keyId, string type) =>
        SignedTokens.Encode($$"""{"alg":"{{algorithm}}","kid":"{{keyId}}","typ":"{{type}}"}""");

    private static void IsRefused(Func<string, bool> handler, string token)
    {
        try
        {
            if (handler(token))
            {
                throw new InvalidOperationException("Garbage was accepted.");
            }
        }
        catch (ArgumentException)
        {
            // How some versions say that a text is no token.
        }
    }
}
