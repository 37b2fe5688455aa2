using System.Globalization;
using System.Security.Claims;
using System.Text.Json;
using TokenSessions.Validation;

namespace TokenSessions.AspNetCore;

/// <summary>The identity made of a validated token. It carries the token, so that user and token cannot come apart.</summary>
internal sealed class ValidatedTokenIdentity : ClaimsIdentity
{
    private const string ScopeClaim = "scope";
    private const string JsonValueType = "JSON"; // As Microsoft's handlers name it.

    public ValidatedTokenIdentity(ValidatedToken token, string authenticationType, string nameClaimType, string roleClaimType)
        : base(authenticationType, nameClaimType, roleClaimType)
    {
        Token = token;
        using var claims = token.ParseClaims();
        foreach (var claim in claims.RootElement.EnumerateObject())
        {
            Add(claim.Name, claim.Value);
        }

        // RequireClaim("scope", "reports.read") should work too, whatever else was granted.
        if (token.Scopes.Count > 1)
        {
            AddClaims(token.Scopes.Select(scope => new Claim(ScopeClaim, scope, ClaimValueTypes.String, token.Issuer)));
        }
    }

    private ValidatedTokenIdentity(ValidatedTokenIdentity other)
        : base(other) => Token = other.Token;

    public ValidatedToken Token { get; }

    public override ClaimsIdentity Clone() => new ValidatedTokenIdentity(this);

    /// <summary>Names as in the token; an array is several claims, an object is its JSON, null is none.</summary>
    private void Add(string name, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Array:
                foreach (var entry in value.EnumerateArray())
                {
                    if (entry.ValueKind is JsonValueKind.Array)
                    {
                        Add(name, entry.GetRawText(), JsonValueType);
                    }
                    else
                    {
                        Add(name, entry);
                    }
                }

                break;
            case JsonValueKind.String:
                Add(name, value.GetString()!, ClaimValueTypes.String);
                break;
            case JsonValueKind.Number:
                var isInteger = long.TryParse(value.GetRawText(), CultureInfo.InvariantCulture, out _);
                Add(name, value.GetRawText(), isInteger ? ClaimValueTypes.Integer64 : ClaimValueTypes.Double);
                break;
            case JsonValueKind.True or JsonValueKind.False:
                Add(name, value.GetRawText(), ClaimValueTypes.Boolean);
                break;
            case JsonValueKind.Object:
                Add(name, value.GetRawText(), JsonValueType);
                break;
        }
    }

    private void Add(string name, string value, string valueType) => AddClaim(new(name, value, valueType, Token.Issuer));
}
