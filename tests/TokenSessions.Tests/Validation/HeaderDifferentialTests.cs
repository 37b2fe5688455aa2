using System.Text;

namespace TokenSessions.Tests.Validation;

/// <summary>The validator against the reference, over changed headers.</summary>
public sealed class HeaderDifferentialTests
{
    private static readonly byte[] Claims = Encoding.UTF8.GetBytes(
        $"{{{string.Join(',', ClaimsMutator.Good().Select(member => $"{member.Name}:{member.Value}"))}}}");

    [Fact]
    public async Task Says_of_any_header_what_the_reference_says()
    {
        var keys = DifferentialWorlds.NewKeys();
        var worlds = await DifferentialWorlds.BeginAsync(keys);
        var signature = ReferenceBase64Url.Encode(new byte[64]);
        await DifferentialRun.RunAsync(
            340,
            random =>
            {
                // Most are signed with the key of their name; RSA's are not, for a signature of it takes as long as thirty checks.
                var key = keys[random.Next(3) == 0 ? random.Next(keys.Length) : 0];
                var header = HeaderMutator.Mutate(random, key.Algorithm, key.KeyId);
                var isSigned = key.Algorithm == "ES256" && random.Next(3) == 0;
                var token = isSigned
                    ? key.SignToken(header, Claims)
                    : $"{ReferenceBase64Url.Encode(header)}.{ReferenceBase64Url.Encode(Claims)}.{signature}";
                return new(worlds[random.Next(worlds.Length)], token, $"header {Printable.Of(header)}");
            },
            "Malformed", "ExtensionNotSupported", "TypeNotAccepted", "AlgorithmNotAllowed", "KeyIdMissing", "KeyUnknown", "SignatureInvalid", "Revoked", "Accepted");
    }
}
