using System.Text;
using TokenSessions.Tests.Validation;

namespace TokenSessions.Tests.Fuzzing;

/// <summary>The text of an access token. Nothing but the tokens that were signed may be accepted.</summary>
internal sealed class TokenTarget : IFuzzTarget
{
    private readonly FuzzedValidator _validator;
    private readonly string[] _tokens;

    private TokenTarget(FuzzedValidator validator)
    {
        _validator = validator;
        _tokens = [.. validator.Keys.SelectMany(key => new[] { 0, 900, 4000 }.Select(padding => Sign(key, padding)))];
    }

    public static async Task<TokenTarget> BeginAsync() => new(await FuzzedValidator.BeginAsync());

    public FuzzInput Next(Random random) => random.Next(50) == 0
        ? FuzzInput.Of(Any(random))
        : FuzzInput.Of(TextMutator.Mutate(random, Any(random), Any(random)).Text);

    public async Task<bool> RunAsync(FuzzInput input)
    {
        var isAccepted = await _validator.ValidateAsync(input.Text) is not null;
        FuzzFindingException.ThrowUnless(!isAccepted || _tokens.Contains(input.Text), "A token that nobody signed was accepted.");
        return isAccepted;
    }

    public ValueTask DisposeAsync() => default;

    private static string Sign(ReferenceKey key, int padding) => key.SignToken(
        Encoding.UTF8.GetBytes(FuzzedValidator.GoodHeader(key)), Encoding.UTF8.GetBytes(FuzzedValidator.GoodClaims(padding)));

    private string Any(Random random) => _tokens[random.Next(_tokens.Length)];
}
