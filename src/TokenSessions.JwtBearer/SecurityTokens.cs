using System.IdentityModel.Tokens.Jwt;
using System.Runtime.CompilerServices;
using TokenSessions.Validation;

namespace TokenSessions.JwtBearer;

/// <summary>Validated tokens as the type that handlers of <c>OnTokenValidated</c> look for, each parsed once.</summary>
/// <remarks>
/// They live as long as the validated token, and so are bounded by what the validator remembers. Requests share them: a
/// listener reads them, and changes the user instead.
/// </remarks>
internal static class SecurityTokens
{
    private static readonly ConditionalWeakTable<ValidatedToken, JwtSecurityToken> Known = [];

    /// <param name="token">The token.</param>
    /// <param name="text">The compact JWS it was validated from.</param>
    public static JwtSecurityToken Get(ValidatedToken token, string text) =>
        Known.TryGetValue(token, out var known) ? known : Known.GetOrAdd(token, new JwtSecurityToken(text));
}
