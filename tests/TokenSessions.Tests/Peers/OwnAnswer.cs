using System.Globalization;
using TokenSessions.Tests.Validation;
using TokenSessions.Tests.Vectors;
using TokenSessions.Validation;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Tests.Peers;

/// <summary>What our validator says of a token under the rules that the peers know, too: it has no denylist.</summary>
/// <param name="Rejection">Why it is refused; null if it is accepted.</param>
/// <param name="Read">If accepted, what was read: iss, sub, client_id, jti, sid, exp, iat, aud...</param>
internal sealed record OwnAnswer(TokenRejection? Rejection, string[] Read)
{
    public static async Task<IReadOnlyList<OwnAnswer>> AskAsync(PeerQuestion question, CancellationToken cancellationToken)
    {
        var clock = new FakeClock(question.Now);
        var keys = VectorRun.ParseKeySet(question.KeySet);
        var source = keys is null ? new FakeKeySetSource { IsDown = true } : new FakeKeySetSource { Keys = keys };
        var options = new TokenValidationOptions
        {
            Issuer = TestToken.Issuer,
            Audiences = [TestToken.Audience],
            Types = [.. question.Types],
            AcceptTokensWithoutDenylist = true,
        };
        var validator = new TokenValidator(options, new KeySetCache(source, clock), denylist: null, clock);
        var answers = new List<OwnAnswer>();
        foreach (var token in question.Tokens)
        {
            var result = await validator.ValidateAsync(token, cancellationToken);
            answers.Add(result.IsValid ? new(null, Reading(result.Token)) : new(result.Rejection, []));
        }

        return answers;
    }

    private static string[] Reading(ValidatedToken token) =>
    [
        token.Issuer, token.Subject, token.ClientId, token.TokenId, token.SessionId, Seconds(token.ExpiresAt), Seconds(token.IssuedAt), .. token.Audiences,
    ];

    private static string Seconds(DateTimeOffset time) => time.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
}
