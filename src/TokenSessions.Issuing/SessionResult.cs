using System.Diagnostics.CodeAnalysis;
using TokenSessions.Issuing.Tokens;

namespace TokenSessions.Issuing;

/// <summary>The tokens of a session that was started or refreshed, or the first reason against it.</summary>
public sealed class SessionResult
{
    internal SessionResult(IssuedTokens tokens, string subject, SecurityEvent securityEvent = SecurityEvent.None) =>
        (Tokens, Subject, SessionId, SecurityEvent) = (tokens, subject, tokens.SessionId, securityEvent);

    internal SessionResult(
        SessionRejection rejection, string? subject = null, string? sessionId = null, SecurityEvent securityEvent = SecurityEvent.None) =>
        (Rejection, Subject, SessionId, SecurityEvent) = (rejection, subject, sessionId, securityEvent);

    internal SessionResult(RefreshToken elsewhere)
        : this(SessionRejection.HomeElsewhere, elsewhere.Subject, elsewhere.SessionId) => HomeRegion = elsewhere.HomeRegion;

    /// <summary>True if there are tokens.</summary>
    [MemberNotNullWhen(true, nameof(Tokens))]
    public bool IsIssued => Tokens is not null;

    /// <summary>The tokens; null unless <see cref="IsIssued"/>.</summary>
    public IssuedTokens? Tokens { get; }

    /// <summary>The first reason against the session; means nothing when <see cref="IsIssued"/>.</summary>
    public SessionRejection Rejection { get; }

    /// <summary>
    /// Where to hand a request that was rejected as <see cref="SessionRejection.HomeElsewhere"/>; otherwise null. 0 to 255: it may be
    /// a region that this deployment does not have any more.
    /// </summary>
    public int? HomeRegion { get; }

    /// <summary>What the host should log as an event of its own and alert on.</summary>
    public SecurityEvent SecurityEvent { get; }

    /// <summary>The <c>sub</c>, for the host's log; null if none is known for certain.</summary>
    public string? Subject { get; }

    /// <summary>The <c>sid</c>, for the host's log; null if none is known for certain.</summary>
    public string? SessionId { get; }

    /// <summary>The rejection's name, or <c>Issued</c>: a label for logs and counters, without anything from a token.</summary>
    public override string ToString() => IsIssued ? "Issued" : Rejection.ToString();
}

/// <summary>The answer to a start or refresh, with the names of RFC 6749 §5.1.</summary>
/// <param name="AccessToken">The signed token for the API.</param>
/// <param name="ExpiresIn">How long the access token lives from now.</param>
/// <param name="RefreshToken">The sealed token for the next refresh.</param>
/// <param name="RefreshExpiresIn">How long the refresh token can wait from now.</param>
/// <param name="Scopes">The access token's scopes.</param>
/// <param name="SessionId">The <c>sid</c>.</param>
public sealed record IssuedTokens(
    string AccessToken, TimeSpan ExpiresIn, string RefreshToken, TimeSpan RefreshExpiresIn, IReadOnlyList<string> Scopes, string SessionId)
{
    /// <summary>The session alone: a record would print the tokens.</summary>
    public override string ToString() => $"{nameof(IssuedTokens)} of session {SessionId}";
}
