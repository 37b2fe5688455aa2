using TokenSessions.Tests.Validation;
using TokenSessions.Validation;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Tests.Fuzzing;

/// <summary>A validator with keys of every algorithm and a denylist, and the tokens that it may accept.</summary>
internal sealed class FuzzedValidator
{
    private readonly TokenValidator _validator;

    private FuzzedValidator(TokenValidator validator, ReferenceKey[] keys) => (_validator, Keys) = (validator, keys);

    public ReferenceKey[] Keys { get; }

    public static string GoodHeader(ReferenceKey key) => $$"""{"alg":"{{key.Algorithm}}","kid":"{{key.KeyId}}","typ":"at+jwt"}""";

    public static string GoodClaims(int padding) =>
        $"{{{string.Join(',', ClaimsMutator.Good().Select(member => $"{member.Name}:{member.Value}"))}{new string(' ', padding)}}}";

    public static async Task<FuzzedValidator> BeginAsync()
    {
        var (clock, keys) = (new FakeClock(), DifferentialWorlds.NewKeys());
        var feed = new FakeDenylistFeed(clock) { Head = DifferentialWorlds.Head };
        feed.Deny(RuleKind.Token, "dead");
        feed.Deny(RuleKind.Subject, "bob", watermark: 1000);
        feed.Deny(RuleKind.Client, "far", watermark: 700, region: 2);
        var denylist = new DenylistSync(feed, clock);
        await denylist.SyncAsync(CancellationToken.None);
        var published = new KeySetCache(new FakeKeySetSource([.. keys.Select(key => key.Published)]), clock);
        await published.ReloadAsync(CancellationToken.None);
        return new(new(DifferentialWorlds.Options(), published, denylist, clock), keys);
    }

    /// <summary>The token if it is accepted, after everything it says has been asked for.</summary>
    public async Task<ValidatedToken?> ValidateAsync(string text)
    {
        var result = await _validator.ValidateAsync(text, CancellationToken.None);
        FuzzFindingException.ThrowUnless(
            result.IsValid || result.Rejection is not (TokenRejection.NotValidated or TokenRejection.KeysUnavailable or TokenRejection.RevocationUnknown),
            $"It was rejected for {result.Rejection}, which is no fault of a token.");
        if (!result.IsValid)
        {
            return null;
        }

        var token = result.Token;
        using var claims = token.ParseClaims();
        FuzzFindingException.ThrowUnless(
            token.Audiences.Count > 0 && token.Subject.Length > 0 && token.ClientId.Length > 0 && token.TokenId.Length > 0 && token.SessionId.Length > 0
                && token.Scopes is not null && token.Roles is not null && token.Issuer == TestToken.Issuer && token.ExpiresAt > token.IssuedAt,
            "It was accepted without a required claim.");
        return token;
    }
}
