using TokenSessions.AspNetCore;
using TokenSessions.Issuing;
using TokenSessions.Service.Denylist;
using TokenSessions.Service.Http;
using TokenSessions.Validation;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Service.Sessions;

/// <summary>Ends sessions at their holder's wish.</summary>
internal sealed class Logout(
    SessionIssuer sessions,
    SessionRevoker revoker,
    [FromKeyedServices(BearerSchemes.AnyAudience)] BearerAuthentication live,
    [FromKeyedServices(BearerSchemes.Logout)] BearerAuthentication expired,
    [FromKeyedServices(BearerSchemes.RevokedLogout)] BearerAuthentication revoked,
    LocalDenylist denylist,
    Log log)
{
    private const string Reason = "signed out";
    private const string ReasonEverywhere = "signed out everywhere";

    /// <summary>By a refresh token of any generation; for all sessions of the user it must be a live one.</summary>
    /// <returns>Why not, or null when the session is over.</returns>
    public async Task<ProblemAnswer?> ByRefreshTokenAsync(string refreshToken, bool everywhere, CancellationToken cancellationToken)
    {
        var ended = await sessions.EndAsync(refreshToken, everywhere, cancellationToken);
        log.Noticed(ended.SecurityEvent, ended.Subject, ended.SessionId);
        await denylist.SyncAfterWriteAsync();
        if (!ended.IsEnded)
        {
            log.LogoutRefused(ended.Rejection.ToString());
            return SessionProblem.For(ended.Rejection);
        }

        log.SessionEnded(ended.Subject, ended.SessionId, everywhere);
        return null;
    }

    /// <summary>By an access token up to 24 hours after it expired; for all sessions of the user it must be a live one.</summary>
    /// <returns>Whether the session is over; if not, the verdict on the token, null where there is none.</returns>
    public async Task<(bool IsOver, TokenValidationResult? Verdict)> ByAccessTokenAsync(HttpContext context, bool everywhere)
    {
        if (await (everywhere ? live : expired).ValidateAsync(context) is not { } verdict)
        {
            return (false, null);
        }

        if (!verdict.IsValid)
        {
            log.LogoutRefused(verdict.ToString());
            return (verdict.Rejection == TokenRejection.Revoked && !everywhere && await IsSessionOverAsync(context), verdict);
        }

        var token = verdict.Token;
        var (kind, value) = everywhere ? (RuleKind.Subject, token.Subject) : (RuleKind.Session, token.SessionId);
        await revoker.RevokeAsync(kind, value, everywhere ? ReasonEverywhere : Reason, token.Subject, context.RequestAborted);
        await denylist.SyncAfterWriteAsync();
        log.SessionEnded(token.Subject, token.SessionId, everywhere);
        return (true, verdict);
    }

    /// <summary>
    /// Whether a token that was revoked belongs to a session that is over. A rule against the token alone leaves its session
    /// alive, and of one under a stolen key nothing is known.
    /// </summary>
    private async Task<bool> IsSessionOverAsync(HttpContext context) =>
        await revoked.ValidateAsync(context) is { IsValid: true, Token: var token }
        && !denylist.Denies(RuleKind.Key, token.KeyId)
        && (denylist.Denies(RuleKind.Session, token.SessionId) || !denylist.Denies(RuleKind.Token, token.TokenId));
}
