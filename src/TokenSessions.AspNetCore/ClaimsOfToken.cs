using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Claims;
using System.Text.Json;
using TokenSessions.Validation;

namespace TokenSessions.AspNetCore;

/// <summary>The claims of a token, for no identity in particular: read once, however many requests carry the token.</summary>
/// <remarks>
/// Never handed out themselves: an identity takes copies, because a claim knows its identity and its properties can be changed.
/// They live as long as the token: the validator reckons with them in what it remembers.
/// </remarks>
internal sealed class ClaimsOfToken
{
    private const string ScopeClaim = "scope";
    private const string JsonValueType = "JSON"; // As Microsoft's handlers name it.

    private static readonly ConditionalWeakTable<ValidatedToken, ClaimsOfToken> Known = [];

    private readonly string _issuer;
    private readonly ClaimsIdentity _claims = new();

    private ClaimsOfToken(ValidatedToken token)
    {
        _issuer = token.Issuer;
        using var claims = token.ParseClaims();
        foreach (var claim in claims.RootElement.EnumerateObject())
        {
            Add(claim.Name, claim.Value);
        }

        // RequireClaim("scope", "reports.read") should work too, whatever else was granted.
        if (token.Scopes.Count > 1)
        {
            foreach (var scope in token.Scopes)
            {
                Add(ScopeClaim, scope, ClaimValueTypes.String);
            }
        }
    }

    public IEnumerable<Claim> Claims => _claims.Claims;

    /// <summary>Compares as every identity does.</summary>
    public bool Has(string type, string value) => _claims.HasClaim(type, value);

    /// <summary>The first such claim; null if there is none.</summary>
    public Claim? FindFirst(string type) => _claims.FindFirst(type);

    public static ClaimsOfToken Get(ValidatedToken token) => Known.GetValue(token, static token => new(token));

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

    private void Add(string name, string value, string valueType) => _claims.AddClaim(new(name, value, valueType, _issuer));
}
