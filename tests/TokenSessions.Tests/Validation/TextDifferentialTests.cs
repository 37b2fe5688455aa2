using System.Text;

namespace TokenSessions.Tests.Validation;

/// <summary>The validator against the reference, over changed characters of tokens that it may remember.</summary>
public sealed class TextDifferentialTests
{
    [Fact]
    public async Task Says_of_any_text_what_the_reference_says()
    {
        var keys = DifferentialWorlds.NewKeys();
        var worlds = await DifferentialWorlds.BeginAsync(keys);
        var tokens = keys.SelectMany(key => new[] { 0, 1, 2, 900, 4000 }.Select(padding => Token(key, padding))).ToArray();
        var cheap = tokens.Where((_, i) => keys[i / 5].Algorithm == "RS256").ToArray(); // A third of the time of any other.
        foreach (var token in tokens)
        {
            Assert.Null((await worlds[0].CompareAsync(token, times: 3)).Disagreement);
        }

        await DifferentialRun.RunAsync(
            500,
            random =>
            {
                var from = random.Next(4) == 0 ? tokens : cheap;
                var (text, description) = TextMutator.Mutate(random, from[random.Next(from.Length)], tokens[random.Next(tokens.Length)]);
                return new(worlds[random.Next(worlds.Length)], text, description);
            },
            "TooLong", "Malformed", "TypeNotAccepted", "AlgorithmNotAllowed", "KeyIdMissing", "KeyUnknown", "SignatureInvalid", "Revoked", "Accepted");
    }

    private static string Token(ReferenceKey key, int padding)
    {
        var header = $$"""{"alg":"{{key.Algorithm}}","kid":"{{key.KeyId}}","typ":"at+jwt"}""";
        var claims = string.Join(',', ClaimsMutator.Good().Select(member => $"{member.Name}:{member.Value}"));
        return key.SignToken(Encoding.UTF8.GetBytes(header), Encoding.UTF8.GetBytes($"{{{claims}{new string(' ', padding)}}}"));
    }
}
