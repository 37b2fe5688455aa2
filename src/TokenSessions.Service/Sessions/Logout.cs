using TokenSessions.AspNetCore;
using TokenSessions.Issuing;
using TokenSessions.Issuing.Stores;
using TokenSessions.Service.Denylist;
using TokenSessions.Service.Http;
using TokenSessions.Service.Regions;
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
    HomeRegion homes,
    Log log)
{
    private const string Reason = "signed out";
    private const string ReasonEverywhere = "signed out everywhere";

    /// <summary>By a refresh token of any generation; for all sessions of the user it must be a live one.</summary>
    /// <param name="refreshToken">The token.</param>
    /// <param name="everywhere">Whether to end all sessions of the user.</param>
    /// <param name="cancellationToken">The deadline; not the client, who may hang up.</param>
    /// <returns>Why not, or null when the session is over.</returns>
    public async Task<ProblemAnswer?> ByRefreshTokenAsync(string refreshToken, bool everywhere, CancellationToken cancellationToken)
    {
        EndResult ended;
        try
        {
            ended = await sessions.EndAsync(refreshToken, everywhere, cancellationToken);
        }
        catch (Exception e) when (e is SessionStoreUnavailableException or OperationCanceledException)
        {
            log.LogoutUncertain(subject: null, sessionId: null, everywhere);
            throw;
        }

        log.Noticed(ended.SecurityEvent, ended.Subject, ended.SessionId);
        if (!ended.IsEnded)
        {
            // A sync for whoever sends garbage would be work for nothing; a token used twice has made a rule all the same.
            if (ended.SecurityEvent == SecurityEvent.RefreshTokenReused)
            {
                await denylist.SyncAfterWriteAsync();
            }

            log.LogoutRefused(ended.Rejection.ToString());
            return SessionProblem.For(ended.Rejection);
        }

        log.SessionEnded(ended.Subject, ended.SessionId, everywhere);
        await denylist.SyncAfterWriteAsync();
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
        if (!everywhere && await IsEndedAtHomeAsync(context, token.SessionId))
        {
            return (true, verdict);
        }

        var (kind, value) = everywhere ? (RuleKind.Subject, token.Subject) : (RuleKind.Session, token.SessionId);
        try
        {
            await revoker.RevokeAsync(kind, value, everywhere ? ReasonEverywhere : Reason, token.Subject, RequestDeadline.Of(context));
        }
        catch (Exception e) when (e is SessionStoreUnavailableException or OperationCanceledException)
        {
            log.LogoutUncertain(token.Subject, token.SessionId, everywhere);
            throw;
        }

        log.SessionEnded(token.Subject, token.SessionId, everywhere);
        await denylist.SyncAfterWriteAsync();
        return (true, verdict);
    }

    /// <summary>Whether the session began in another region, which has ended it. One that did not answer leaves it to us.</summary>
    private async Task<bool> IsEndedAtHomeAsync(HttpContext context, string sessionId)
    {
        using var nothing = new ByteArrayContent([]);
        var answer = await homes.AnswerAsync(
            context, SessionRevoker.HomeRegionOf(sessionId), LogoutEndpoint.Path, nothing, RequestDeadline.Of(context));
        return answer is { Status: StatusCodes.Status204NoContent };
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
