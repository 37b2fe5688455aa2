using TokenSessions.Issuing;
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

    public async Task<bool> RunAsync(FuzzInput input)
    {
        var isOpened = _issuer.Sessions.FindHomeRegion(input.Text) is not null;
        FuzzFindingException.ThrowUnless(isOpened == _tokens.Contains(input.Text), isOpened ? "What nobody sealed was opened." : "A good one is not opened.");
        if (isOpened)
        {
            return true;
        }

        var refreshed = (await _issuer.RefreshAsync(input.Text)).Rejection;
        var ended = (await _issuer.Sessions.EndAsync(input.Text, everywhere: false)).Rejection;
        FuzzFindingException.ThrowUnless(
            refreshed is SessionRejection.RefreshTokenInvalid or SessionRejection.SealingKeyUnknown && ended == refreshed, $"Rejected as {refreshed} and {ended}.");
        FuzzFindingException.ThrowUnless(_issuer.Store.Calls.Count == 0, "Junk has reached the store.");
        return false;
    }

    public ValueTask DisposeAsync() => _issuer.DisposeAsync();

    private string Any(Random random) => _tokens[random.Next(_tokens.Count)];
}
