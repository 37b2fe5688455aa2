using Microsoft.IdentityModel.Tokens;
using TokenSessions.Validation;

namespace TokenSessions.JwtBearer;

/// <summary>A rejection as the exception that handlers of <c>OnAuthenticationFailed</c> look for. Made, never thrown.</summary>
/// <remarks>One for each request: a handler may throw it or add to its data, and must not meet another request's.</remarks>
internal static class SecurityTokenFailure
{
    private static readonly Dictionary<TokenRejection, string> Messages = Enum.GetValues<TokenRejection>().ToDictionary(
        rejection => rejection, rejection => $"The access token was rejected: {rejection}.");

    public static SecurityTokenException For(TokenRejection rejection)
    {
        var message = Messages[rejection];
        return rejection switch
        {
            TokenRejection.Expired => new SecurityTokenExpiredException(message),
            TokenRejection.NotYetValid => new SecurityTokenNotYetValidException(message),
            TokenRejection.LifetimeTooLong => new SecurityTokenInvalidLifetimeException(message),
            TokenRejection.IssuerMismatch => new SecurityTokenInvalidIssuerException(message),
            TokenRejection.AudienceMismatch => new SecurityTokenInvalidAudienceException(message),
            TokenRejection.SignatureInvalid => new SecurityTokenInvalidSignatureException(message),
            TokenRejection.KeyUnknown or TokenRejection.KeysUnavailable => new SecurityTokenSignatureKeyNotFoundException(message),
            TokenRejection.NotValidated or TokenRejection.TooLong or TokenRejection.Malformed
                or TokenRejection.ExtensionNotSupported or TokenRejection.TypeNotAccepted or TokenRejection.AlgorithmNotAllowed
                or TokenRejection.KeyIdMissing or TokenRejection.ClaimsInvalid or TokenRejection.Revoked
                or TokenRejection.RevocationUnknown => new SecurityTokenValidationException(message),
        };
    }
}
