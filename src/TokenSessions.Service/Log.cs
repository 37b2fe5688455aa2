using System.Net;
using TokenSessions.Issuing;

namespace TokenSessions.Service;

/// <summary>Every log line of the service. Event ids 2000 to 2999; never reuse one. Never a token, a password or a key.</summary>
/// <remarks>
/// 20xx: the service itself; 21xx: sessions; 22xx: security events, to alert on; 23xx: the audit trail of administration.
/// A name that nobody has is not logged: people type their password there by mistake.
/// </remarks>
internal sealed partial class Log(ILogger<Log> logger)
{
    [LoggerMessage(2000, LogLevel.Information, "Serving {Issuer} with {Users} users. A revocation acts within {Bound} here and within {FeedBound} at readers of the feed.")]
    public partial void Started(string issuer, int users, TimeSpan bound, TimeSpan feedBound);

    [LoggerMessage(2001, LogLevel.Information, "The store {Path} is open, with {Items} items.")]
    public partial void StoreOpened(string path, int items);

    [LoggerMessage(2002, LogLevel.Warning, "The store {Path} ended in {Bytes} bytes of an interrupted write, never acknowledged; they were cut off.")]
    public partial void StoreRepaired(string path, long bytes);

    [LoggerMessage(2003, LogLevel.Warning, "{Setting} is no setting of this service.")]
    public partial void SettingUnknown(string setting);

    [LoggerMessage(2004, LogLevel.Warning, "{Problem}")]
    public partial void KeyRingProblem(string problem);

    [LoggerMessage(2005, LogLevel.Information, "The key ring {Path} was read again: it has changed.")]
    public partial void KeyRingReplaced(string path);

    [LoggerMessage(2006, LogLevel.Error, "The key ring has changed and cannot be used; the old one stays. {Problem}")]
    public partial void KeyRingRefused(string problem);

    [LoggerMessage(2007, LogLevel.Information, "The users file {Path} was read again: it has changed, and has {Users} users.")]
    public partial void UsersReplaced(string path, int users);

    [LoggerMessage(2008, LogLevel.Error, "The users file has changed and cannot be used; the old users stay. {Problem}")]
    public partial void UsersRefused(string problem);

    [LoggerMessage(2009, LogLevel.Error, "The denylist could not be read after a write; the write stands. {Problem}")]
    public partial void DenylistSyncFailed(string problem);

    [LoggerMessage(2010, LogLevel.Error, "The signed denylist cannot be published. {Problem}")]
    public partial void FeedUnavailable(string problem);

    [LoggerMessage(2011, LogLevel.Warning, "{Path} was answered 503: {Problem}")]
    public partial void DependencyUnavailable(string path, string problem);

    [LoggerMessage(2012, LogLevel.Error, "{Path} was answered 500.")]
    public partial void RequestFailed(string path, Exception exception);

    [LoggerMessage(2020, LogLevel.Warning, "No user of {Path} has the scope {Scope}: nobody can revoke. Give it to one with: users add NAME --scope {Scope}")]
    public partial void NoAdministrator(string path, string scope);

    [LoggerMessage(2023, LogLevel.Debug, "The exception behind a 503 of {Path}.")]
    public partial void DependencyException(string path, Exception exception);

    [LoggerMessage(2024, LogLevel.Debug, "The client of {Path} left while it was sending.")]
    public partial void ClientLeft(string path);

    [LoggerMessage(2022, LogLevel.Warning, "A login came with X-Forwarded-For, which is not believed. Behind a proxy set ASPNETCORE_FORWARDEDHEADERS_ENABLED=true, or all callers share the limit of its address; without a proxy the caller made it up. Said once.")]
    public partial void ForwardingOff();

    [LoggerMessage(2025, LogLevel.Information, "The store is the DynamoDB table {Table}.")]
    public partial void TableOpened(string table);

    [LoggerMessage(2026, LogLevel.Warning, "{Problem}")]
    public partial void TableProblem(string problem);

    [LoggerMessage(2027, LogLevel.Warning, "Region {Region} at {Address} gave no answer to what was handed over: {Problem}")]
    public partial void HomeRegionUnavailable(int region, Uri address, string problem);

    [LoggerMessage(2028, LogLevel.Warning, "A request for region {Region} came as handed over to here: the regions' settings disagree about which is which, or a client made it up.")]
    public partial void HandOverRefused(int region);

    [LoggerMessage(2100, LogLevel.Information, "Session {SessionId} of {Subject} started.")]
    public partial void SessionStarted(string subject, string sessionId);

    [LoggerMessage(2101, LogLevel.Information, "{Subject} logged in, but got no session: {Rejection}.")]
    public partial void SessionNotStarted(string subject, SessionRejection rejection);

    [LoggerMessage(2102, LogLevel.Debug, "Session {SessionId} of {Subject} refreshed.")]
    public partial void SessionRefreshed(string? subject, string sessionId);

    [LoggerMessage(2103, LogLevel.Information, "A refresh was refused: {Rejection}; session {SessionId} of {Subject}.")]
    public partial void SessionNotRefreshed(string? subject, string? sessionId, SessionRejection rejection);

    [LoggerMessage(2104, LogLevel.Information, "Session {SessionId} of {Subject} signed out; everywhere: {Everywhere}.")]
    public partial void SessionEnded(string? subject, string? sessionId, bool everywhere);

    [LoggerMessage(2105, LogLevel.Information, "A logout was refused: {Rejection}.")]
    public partial void LogoutRefused(string rejection);

    [LoggerMessage(2106, LogLevel.Warning, "A logout was not confirmed: it stands or it does not; session {SessionId} of {Subject}, everywhere: {Everywhere}.")]
    public partial void LogoutUncertain(string? subject, string? sessionId, bool everywhere);

    [LoggerMessage(2200, LogLevel.Warning, "Security: a login of {Subject} from {Address} failed.")]
    public partial void LoginFailed(string? subject, IPAddress? address);

    [LoggerMessage(2201, LogLevel.Warning, "Security: a login from {Address} was refused after too many failures.")]
    public partial void LoginThrottled(IPAddress? address);

    [LoggerMessage(2202, LogLevel.Warning, "Security: {Logins} logins were refused because too many were waiting. Said at most once a minute.")]
    public partial void LoginQueueFull(long logins);

    [LoggerMessage(2203, LogLevel.Critical, "Security: a spent refresh token of session {SessionId} of {Subject} was presented; the session has been revoked.")]
    public partial void RefreshTokenReused(string? subject, string? sessionId);

    [LoggerMessage(2204, LogLevel.Warning, "Security: refresh tokens of session {SessionId} of {Subject} are used twice, time after time: two tabs, or a thief in step.")]
    public partial void GraceRepeated(string? subject, string? sessionId);

    [LoggerMessage(2300, LogLevel.Information, "Audit: {Actor} (session {ActorSession}) revoked {Kind} {Value}: {Reason}. Effective by {EffectiveBy:O}.")]
    public partial void Revoked(string actor, string actorSession, string kind, string value, string reason, DateTimeOffset effectiveBy);

    [LoggerMessage(2301, LogLevel.Warning, "Audit: {Actor} (session {ActorSession}) asked to revoke {Kind} {Value}: {Reason}. The outcome is unknown: the rule stands or it does not.")]
    public partial void RevocationUncertain(string actor, string actorSession, string kind, string value, string reason);

    [LoggerMessage(2302, LogLevel.Information, "Audit: {Actor} (session {ActorSession}) asked to revoke {Kind} {Value}: {Reason}. Its home region {Region} answered {Status}.")]
    public partial void HandedOver(string actor, string actorSession, string kind, string value, string reason, int region, int status);

    /// <summary>Writes what an issuer noticed, if it is anything.</summary>
    public void Noticed(SecurityEvent securityEvent, string? subject, string? sessionId)
    {
        switch (securityEvent)
        {
            case SecurityEvent.RefreshTokenReused:
                RefreshTokenReused(subject, sessionId);
                break;

            case SecurityEvent.GraceRepeated:
                GraceRepeated(subject, sessionId);
                break;

            case SecurityEvent.None:
                break;
        }
    }
}
