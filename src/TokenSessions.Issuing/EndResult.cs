using TokenSessions.Issuing.Tokens;

namespace TokenSessions.Issuing;

/// <summary>The outcome of ending a session by its refresh token.</summary>
public sealed class EndResult
{
    internal EndResult(RefreshToken token, Revocation? revocation) =>
        (IsEnded, Revocation, Subject, SessionId) = (true, revocation, token.Subject, token.SessionId);

    internal EndResult(SessionRejection rejection, RefreshToken? token = null, SecurityEvent securityEvent = SecurityEvent.None) =>
        (Rejection, Subject, SessionId, SecurityEvent) = (rejection, token?.Subject, token?.SessionId, securityEvent);

    /// <summary>True if the session, or every session of its subject, is over and every validator will know it in time.</summary>
    public bool IsEnded { get; }

    /// <summary>The rule; null if the session had reached its absolute end, so that none was needed.</summary>
    public Revocation? Revocation { get; }

    /// <summary>The first reason against it; means nothing when <see cref="IsEnded"/>.</summary>
    public SessionRejection Rejection { get; }

    /// <summary>What the host should log as an event of its own and alert on.</summary>
    public SecurityEvent SecurityEvent { get; }

    /// <summary>The <c>sub</c>, for the host's log; null if none is known for certain.</summary>
    public string? Subject { get; }

    /// <summary>The <c>sid</c>, for the host's log; null if none is known for certain.</summary>
    public string? SessionId { get; }
}
