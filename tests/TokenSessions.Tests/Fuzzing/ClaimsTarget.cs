using System.Text;
using System.Text.Json;
using TokenSessions.Tests.Validation;
using TokenSessions.Validation;

namespace TokenSessions.Tests.Fuzzing;

/// <summary>The claims of a token whose signature holds: what an issuer of ours would never write, but could.</summary>
internal sealed class ClaimsTarget : IFuzzTarget
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    private readonly FuzzedValidator _validator;
    private readonly ReferenceKey _key;
    private readonly byte[] _header;

    private ClaimsTarget(FuzzedValidator validator)
    {
        (_validator, _key) = (validator, validator.Keys[0]);
        _header = Encoding.UTF8.GetBytes(FuzzedValidator.GoodHeader(_key));
    }

    public static async Task<ClaimsTarget> BeginAsync() => new(await FuzzedValidator.BeginAsync());

    public FuzzInput Next(Random random) => FuzzInput.Of(ClaimsMutator.Mutate(random));

    public async Task<bool> RunAsync(FuzzInput input)
    {
        if (await _validator.ValidateAsync(_key.SignToken(_header, input.Bytes)) is not { } token)
        {
            return false;
        }

        using var claims = JsonDocument.Parse(input.Bytes, Strict);
        FuzzFindingException.ThrowUnless(IsAsRead(token, claims.RootElement), "It was accepted as something else than it says.");
        return true;
    }

    public ValueTask DisposeAsync() => default;

    private static bool IsAsRead(ValidatedToken token, JsonElement claims) =>
        claims.GetProperty("iss").GetString() == token.Issuer && claims.GetProperty("sub").GetString() == token.Subject
        && claims.GetProperty("client_id").GetString() == token.ClientId && claims.GetProperty("jti").GetString() == token.TokenId
        && claims.GetProperty("sid").GetString() == token.SessionId
        && claims.GetProperty("exp").GetInt64() == token.ExpiresAt.ToUnixTimeSeconds()
        && token.ExpiresAt.ToUnixTimeSeconds() > DifferentialWorld.Start - 30
        && token.Audiences.Intersect(DifferentialWorlds.Options().Audiences).Any()
        && token.Subject != "bob" | claims.TryGetProperty("seen", out _) && token.TokenId != "dead";
}
