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
    private readonly ILogger _logger;
    private readonly StaleDenylistLog _staleLog;

    internal BearerAuthentication(
        TokenValidator validator, BearerSources sources, TimeProvider time, ILogger<BearerAuthentication> logger)
    {
        (_validator, Sources, _logger) = (validator, sources, logger);
        _staleLog = new(time, logger);
    }

    internal BearerSources Sources { get; }

    /// <summary>What the <c>Authorization</c> header carries as a bearer token, good or not; null if nothing.</summary>
    /// <param name="context">The request. Its query and form are never looked at.</param>
    public static string? FindToken(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return FindTokenText(context) is { IsEmpty: false } token ? token.ToString() : null;
    }

    /// <summary>Validates what the <c>Authorization</c> header carries, with the outage policy of the request's endpoint.</summary>
    /// <param name="context">The request.</param>
    /// <returns>The verdict; null if there was no token to validate.</returns>
    /// <exception cref="OperationCanceledException">The request was aborted.</exception>
    public ValueTask<TokenValidationResult?> ValidateAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var token = FindTokenText(context);
        if (token.IsEmpty)
        {
            return default;
        }

        var verdict = ValidateAsync(context, token);
        return verdict.IsCompletedSuccessfully ? new(verdict.Result) : WaitAsync(verdict);

        static async ValueTask<TokenValidationResult?> WaitAsync(ValueTask<TokenValidationResult> verdict) =>
            await verdict.ConfigureAwait(false);
    }

    /// <summary>Validates a token, with the outage policy of the request's endpoint.</summary>
    /// <param name="context">The request.</param>
    /// <param name="token">The compact JWS.</param>
    /// <exception cref="OperationCanceledException">The request was aborted.</exception>
    public ValueTask<TokenValidationResult> ValidateAsync(HttpContext context, string token)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(token);
        return ValidateAsync(context, token.AsMemory());
    }

    /// <summary>
    /// The user of a validated token: claim names as in the token, and single scopes beside the <c>scope</c> claim. They are built
    /// when they are first asked for.
    /// </summary>
    /// <remarks>
    /// Whoever gives the user to code of others asks for them first: <see cref="ClaimsIdentity(System.Security.Principal.IIdentity, IEnumerable{Claim}, string, string, string)"/>
    /// with an authentication type copies what has been built, and no more.
    /// </remarks>
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

    private static ReadOnlyMemory<char> FindTokenText(HttpContext context) =>
        BearerHeader.FindToken(context.Request.Headers.Authorization);

    private ValueTask<TokenValidationResult> ValidateAsync(HttpContext context, ReadOnlyMemory<char> token)
    {
        // The server makes a cancellation source when it is first asked for one, and only a wait for keys needs it.
        var verdict = _validator.ValidateAsync(token, OutageLimit(context), CancellationToken.None);
        return verdict.IsCompletedSuccessfully ? new(Noted(verdict.Result)) : WaitAsync(verdict, context.RequestAborted);
    }

    private async ValueTask<TokenValidationResult> WaitAsync(
        ValueTask<TokenValidationResult> verdict, CancellationToken requestAborted) =>
        Noted(await verdict.AsTask().WaitAsync(requestAborted).ConfigureAwait(false));

    private TokenValidationResult Noted(TokenValidationResult result)
    {
        if (result.IsOnStaleDenylist)
        {
            _staleLog.Accepted();
        }
        else if (!result.IsValid)
        {
            Log.Rejected(_logger, result.Rejection);
        }

        return result;
    }

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
        var lowered = endpoint.Metadata.GetOrderedMetadata<AcceptTokensWhileDenylistIsDownAttribute>();
        for (var i = 0; i < lowered.Count; i++) // An enumerator would be an allocation for each request.
        {
            var seconds = TimeSpan.FromSeconds(lowered[i].AtMostSeconds);
            limit = seconds < limit ? seconds : limit;
        }

        return limit;
    }
}
