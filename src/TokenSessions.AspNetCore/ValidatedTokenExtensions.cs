using System.Security.Claims;
using Microsoft.AspNetCore.Http;
using TokenSessions.Validation;

namespace TokenSessions.AspNetCore;

/// <summary>The validated token behind a request.</summary>
public static class ValidatedTokenExtensions
{
    /// <summary>The token that the request's user was authenticated with.</summary>
    /// <param name="context">A request to an endpoint that requires authorization.</param>
    /// <exception cref="InvalidOperationException">There is none: the endpoint lets requests without a token in.</exception>
    public static ValidatedToken GetValidatedToken(this HttpContext context) => context.FindValidatedToken()
        ?? throw new InvalidOperationException("This request has no validated token. Does its endpoint require authorization?");

    /// <summary>The token that the request's user was authenticated with, or null.</summary>
    /// <param name="context">Any request.</param>
    public static ValidatedToken? FindValidatedToken(this HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.User.FindValidatedToken();
    }

    /// <summary>The token that this user was authenticated with, or null.</summary>
    /// <param name="user">Any user; a copy keeps the token.</param>
    public static ValidatedToken? FindValidatedToken(this ClaimsPrincipal user)
    {
        ArgumentNullException.ThrowIfNull(user);
        foreach (var identity in user.Identities)
        {
            if (identity is ValidatedTokenIdentity { Token: var token })
            {
                return token;
            }
        }

        return null;
    }
}
