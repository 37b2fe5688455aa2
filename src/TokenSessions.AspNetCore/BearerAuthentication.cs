using System.Security.Claims;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using TokenSessions.Validation;

namespace TokenSessions.AspNetCore;

/// <summary>
/// What a bearer scheme does with a request (RFC 6750): find the token, have it validated, answer. For handlers of other
/// makers; <c>AddTokenSessions</c> uses it too. A keyed singleton under the name of its scheme.
/// </summary>
public sealed class BearerAuthentication
{
    private readonly TokenValidator _validator;
    private readonly StaleDenylistLog _staleLog;

    internal BearerAuthentication(
        TokenValidator validator, BearerSources sources, TimeProvider time, ILogger<BearerAuthentication> logger)
    {
        (_validator, Sources) = (validator, sources);
        _staleLog = new(time, logger);
    }

    internal BearerSources Sources { get; }

    /// <summary>What the <c>Authorization</c> header carries as a bearer token, good or not; null if nothing.</summary>
    /// <param name="context">The request. Its query and form are never looked at.</param>
    public static string? FindToken(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return BearerHeader.FindToken(context.Request.Headers.Authorization);
    }

    /// <summary>Validates what the <c>Authorization</c> header carries, with the outage policy of the request's endpoint.</summary>
    /// <param name="context">The request.</param>
    /// <returns>The verdict; null if there was no token to validate.</returns>
    /// <exception cref="OperationCanceledException">The request was aborted.</exception>
    public async ValueTask<TokenValidationResult?> ValidateAsync(HttpContext context) =>
        FindToken(context) is { } token ? await ValidateAsync(context, token).ConfigureAwait(false) : null;

    /// <summary>Validates a token, with the outage policy of the request's endpoint.</summary>
    /// <param name="context">The request.</param>
    /// <param name="token">The compact JWS.</param>
    /// <exception cref="OperationCanceledException">The request was aborted.</exception>
    public async ValueTask<TokenValidationResult> ValidateAsync(HttpContext context, string token)
    {
        ArgumentNullException.ThrowIfNull(context);
        var result = await _validator.ValidateAsync(token.AsMemory(), OutageLimit(context), context.RequestAborted).ConfigureAwait(false);
        if (result.IsOnStaleDenylist)
        {
            _staleLog.Accepted();
        }

        return result;
    }

    /// <summary>The user of a validated token: claim names as in the token, and single scopes beside the <c>scope</c> claim.</summary>
    /// <param name="token">The token.</param>
    /// <param name="authenticationType">The scheme's name.</param>
    /// <param name="nameClaimType">The claim behind <c>User.Identity.Name</c>.</param>
    /// <param name="roleClaimType">The claim behind <c>User.IsInRole</c>.</param>
    public static ClaimsPrincipal CreatePrincipal(
        ValidatedToken token, string authenticationType, string nameClaimType = "sub", string roleClaimType = "roles")
    {
        ArgumentNullException.ThrowIfNull(token);
        return new(new ValidatedTokenIdentity(token, authenticationType, nameClaimType, roleClaimType));
    }

    /// <summary>Answers 401, or 503 where we could not tell.</summary>
    /// <param name="context">The request.</param>
    /// <param name="verdict">What <see cref="ValidateAsync(HttpContext)"/> gave; null if there was no token to validate.</param>
    public static Task ChallengeAsync(HttpContext context, TokenValidationResult? verdict)
    {
        var answer = verdict is { } result ? BearerAnswer.For(result.Rejection) : BearerAnswer.TokenMissing;
        return answer.WriteAsync(context);
    }

    /// <summary>Answers 403: the token is good, but not for this.</summary>
    /// <param name="context">The request.</param>
    public static Task ForbidAsync(HttpContext context) => BearerAnswer.InsufficientScope.WriteAsync(context);

    /// <summary>
    /// The smallest of what the endpoint's metadata say. Before routing the endpoint is not known and might have lowered it to
    /// nothing, so nothing it is.
    /// </summary>
    private static TimeSpan OutageLimit(HttpContext context)
    {
        if (context.GetEndpoint() is not { } endpoint)
        {
            return TimeSpan.Zero;
        }

        var limit = TimeSpan.MaxValue;
        foreach (var lowered in endpoint.Metadata.GetOrderedMetadata<AcceptTokensWhileDenylistIsDownAttribute>())
        {
            var seconds = TimeSpan.FromSeconds(lowered.AtMostSeconds);
            limit = seconds < limit ? seconds : limit;
        }

        return limit;
    }
}
