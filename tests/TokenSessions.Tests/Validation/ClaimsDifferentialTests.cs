using System.Text;
using TokenSessions.Validation;

namespace TokenSessions.Tests.Validation;

/// <summary>The validator against the reference, over changed claims, each signed.</summary>
public sealed class ClaimsDifferentialTests
{
    [Fact]
    public async Task Says_of_any_signed_claims_what_the_reference_says()
    {
        var keys = DifferentialWorlds.NewKeys();
        var worlds = await DifferentialWorlds.BeginAsync(keys);
        var header = Encoding.UTF8.GetBytes($$"""{"alg":"ES256","kid":"{{keys[0].KeyId}}","typ":"at+jwt"}""");
        await DifferentialRun.RunAsync(
            150,
            random =>
            {
                var claims = ClaimsMutator.Mutate(random);
                return new(worlds[random.Next(worlds.Length)], keys[0].SignToken(header, claims), $"claims {Printable.Of(claims)}");
            },
            DifferentialRun.AllBut(
                TokenRejection.TooLong, TokenRejection.Malformed, TokenRejection.ExtensionNotSupported, TokenRejection.TypeNotAccepted,
                TokenRejection.AlgorithmNotAllowed, TokenRejection.KeyIdMissing, TokenRejection.KeyUnknown, TokenRejection.KeysUnavailable,
                TokenRejection.SignatureInvalid, TokenRejection.RevocationUnknown));
    }
}
