using TokenSessions.Tests.Issuing;
using TokenSessions.Tests.Validation;

namespace TokenSessions.Tests.Fuzzing;

/// <summary>The text of a refresh token. Nothing but what was sealed may be opened, and junk never reaches the store.</summary>
internal sealed class SealedTokenTarget : IFuzzTarget
{
    private readonly IssuerUnderTest _issuer = new();
    private readonly List<string> _tokens = [];
    private string _accessToken = "";

    private SealedTokenTarget()
    {
    }

    public static async Task<SealedTokenTarget> BeginAsync()
    {
        var target = new SealedTokenTarget();
        for (var i = 0; i < 5; i++)
        {
            var tokens = await target._issuer.StartAsync();
            target._tokens.Add(tokens.RefreshToken);
            target._accessToken = tokens.AccessToken;
        }

        target._issuer.Store.Forget();
        return target;
    }

    public FuzzInput Next(Random random)
    {
        var other = random.Next(4) == 0 ? _accessToken : Any(random);
        return FuzzInput.Of(random.Next(100) == 0 ? Any(random) : TextMutator.Mutate(random, Any(random), other).Text);
    }

    public Task<bool> RunAsync(FuzzInput input) => _issuer.OpensAsync(input.Text, mustOpen: _tokens.Contains(input.Text));

    public ValueTask DisposeAsync() => _issuer.DisposeAsync();

    private string Any(Random random) => _tokens[random.Next(_tokens.Count)];
}
