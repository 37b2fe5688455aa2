namespace TokenSessions.Issuing;

/// <summary>Why there is no session.</summary>
/// <remarks>Logged, counted and tested by name: add members, never rename one or give it a new meaning.</remarks>
public enum SessionRejection
{
    /// <summary>Nothing was decided. The value of a <c>default</c>.</summary>
    NotDecided = 0,

    /// <summary>The client is none of ours (RFC 6749 §5.2, <c>invalid_client</c>).</summary>
    ClientUnknown,

    /// <summary>The audience is none of ours (RFC 8707 §2, <c>invalid_target</c>).</summary>
    AudienceUnknown,

    /// <summary>The subject is unknown, disabled, or has a name that no subject can have.</summary>
    SubjectNotAllowed,

    /// <summary>A refresh asks for a scope that was not granted at the start (RFC 6749 §6, <c>invalid_scope</c>).</summary>
    ScopeNotGranted,

    /// <summary>Not a refresh token of this issuer, or sealed under a revoked key, or another client's.</summary>
    RefreshTokenInvalid,

    /// <summary>The session was idle for too long, or has reached its absolute end.</summary>
    RefreshTokenExpired,

    /// <summary>The token was spent before: it or its successor is in the wrong hands. The session has been revoked.</summary>
    RefreshTokenReused,

    /// <summary>A rule of the denylist ended the session.</summary>
    SessionRevoked,

    /// <summary>Sealed under a key that this instance does not know yet. Our trouble, not the caller's: answer 503.</summary>
    SealingKeyUnknown,

    /// <summary>
    /// The session's home is another region, and only there can its tokens be spent. Nothing was asked or spent. Our trouble, not
    /// the caller's: hand the request to <see cref="SessionResult.HomeRegion"/>, and if it cannot be reached, answer 503.
    /// </summary>
    HomeElsewhere,
}

/// <summary>What an issuer noticed that people should know of.</summary>
public enum SecurityEvent
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>A spent refresh token was presented; the session has been revoked.</summary>
    RefreshTokenReused,

    /// <summary>The grace was used in three generations running: two tabs, or a thief who stays in step. The session goes on.</summary>
    GraceRepeated,
}
