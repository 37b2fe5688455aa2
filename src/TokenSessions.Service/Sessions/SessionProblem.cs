using TokenSessions.Issuing;
using TokenSessions.Service.Http;

namespace TokenSessions.Service.Sessions;

/// <summary>What a client is told of a session that was not started, refreshed or ended.</summary>
internal static class SessionProblem
{
    /// <summary>When to ask again about a key this instance will learn of: it reads its ring every few seconds.</summary>
    private static readonly TimeSpan RingReload = TimeSpan.FromSeconds(10);

    /// <summary>When to ask again for a session whose home region is away.</summary>
    private static readonly TimeSpan HomeReturn = TimeSpan.FromSeconds(10);

    /// <summary>The same for a wrong password, an unknown user and a disabled one.</summary>
    public static ProblemAnswer InvalidCredentials { get; } =
        new(StatusCodes.Status401Unauthorized, "invalid_credentials", "The user name or the password is wrong.") { OAuthError = "invalid_grant" };

    /// <summary>The answer to a login that was not issued tokens although its password was right.</summary>
    public static ProblemAnswer ForLogin(SessionRejection rejection) =>
        rejection == SessionRejection.SubjectNotAllowed ? InvalidCredentials : For(rejection);

    /// <summary>The answer to a refresh or a logout (RFC 6749 §5.2).</summary>
    public static ProblemAnswer For(SessionRejection rejection) => rejection switch
    {
        SessionRejection.ClientUnknown => BadRequest("invalid_client", "invalid_client", "The client_id is none of this service."),
        SessionRejection.AudienceUnknown => BadRequest("invalid_target", "invalid_target", "The audience is none that this service issues for."), // RFC 8707 §2
        SessionRejection.ScopeNotGranted => BadRequest("invalid_scope", "invalid_scope", "The scope exceeds what the session was granted."),
        SessionRejection.RefreshTokenInvalid => InvalidGrant("refresh_token_invalid", "This is no refresh token of this service and client."),

        // From here on the token was sealed by us: whoever holds it may know why it is of no use.
        SessionRejection.SubjectNotAllowed => InvalidGrant("subject_not_allowed", "The user may have no session any more."),
        SessionRejection.RefreshTokenExpired => InvalidGrant("refresh_token_expired", "The session has expired; log in again."),
        SessionRejection.RefreshTokenReused => InvalidGrant("refresh_token_reused", "The refresh token was spent before; the session has been ended."),
        SessionRejection.SessionRevoked => InvalidGrant("session_revoked", "The session has been ended; log in again."),

        SessionRejection.SealingKeyUnknown => ProblemAnswer.Unavailable("This instance does not know the token's key yet.", RingReload),
        SessionRejection.HomeElsewhere => ProblemAnswer.Unavailable("The session's home region cannot be reached now.", HomeReturn),
        SessionRejection.NotDecided => new(StatusCodes.Status500InternalServerError, "internal_error", "Nothing was decided."),
    };

    private static ProblemAnswer BadRequest(string code, string error, string detail) =>
        new(StatusCodes.Status400BadRequest, code, detail) { OAuthError = error };

    private static ProblemAnswer InvalidGrant(string code, string detail) => BadRequest(code, "invalid_grant", detail);
}
