using System.Text;
using System.Text.Json;
using TokenSessions.Tests.Validation;

namespace TokenSessions.Tests.Fuzzing;

/// <summary>The header of an access token, signed by the key it should name or by a stranger's.</summary>
internal sealed class HeaderTarget : IFuzzTarget
{
    private const string Stranger = "signed by a stranger";

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };
    private static readonly byte[] Claims = Encoding.UTF8.GetBytes(FuzzedValidator.GoodClaims(0));

    private readonly FuzzedValidator _validator;
    private readonly ReferenceKey _key;
    private readonly ReferenceKey _stranger = new("ES256", "p256");

    private HeaderTarget(FuzzedValidator validator) => (_validator, _key) = (validator, validator.Keys[0]);

    public static async Task<HeaderTarget> BeginAsync() => new(await FuzzedValidator.BeginAsync());

    public FuzzInput Next(Random random) =>
        FuzzInput.Of(HeaderMutator.Mutate(random, _key.Algorithm, _key.KeyId)) with { Variant = random.Next(3) == 0 ? "" : Stranger };

    public async Task<bool> RunAsync(FuzzInput input)
    {
        var signer = input.Variant == Stranger ? _stranger : _key;
        if (await _validator.ValidateAsync(signer.SignToken(input.Bytes, Claims)) is null)
        {
            return false;
        }

        FuzzFindingException.ThrowUnless(signer == _key, "A stranger's token was accepted.");
        using var header = JsonDocument.Parse(input.Bytes, Strict);
        FuzzFindingException.ThrowUnless(
            header.RootElement.GetProperty("kid").GetString() == _key.KeyId && header.RootElement.GetProperty("alg").GetString() == _key.Algorithm
                && !header.RootElement.TryGetProperty("crit", out _) && !header.RootElement.TryGetProperty("b64", out _),
            "A header that does not name the key and its algorithm was accepted.");
        return true;
    }

    public ValueTask DisposeAsync() => default;
}
