using TokenSessions.Issuing.Stores;
using TokenSessions.Issuing.Tokens;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Issuing.Denylist;

/// <summary>Whether a refresh token may be spent, and the one write that spends it.</summary>
internal sealed class SessionLedger(ISessionStore store, RuleWriter rules, SessionIssuerOptions options, TimeProvider time)
{
    /// <summary>An item is needed until its session's absolute end, which another instance's clock may place a little later.</summary>
    private static readonly TimeSpan KeepLonger = TimeSpan.FromDays(1);

    /// <summary>So many generations running in which the grace was used are worth telling someone.</summary>
    private const int NotableGraceRun = 3;

    /// <summary>
    /// For a rule of our own. Not the caller's deadline: whoever presents a stolen token could else hang up at the right moment,
    /// and leave a rule that is in no feed and a theft that nobody is told of.
    /// </summary>
    private static readonly TimeSpan OwnDeadline = TimeSpan.FromSeconds(10);

    /// <summary>Clocks of two instances may differ by so much: each by 5 s from the store's, which tells whole seconds.</summary>
    private static readonly TimeSpan ClockDifference = TimeSpan.FromSeconds(11);

    /// <summary>Who made a rule that no person asked for.</summary>
    private const string Actor = "issuer";

    /// <summary>Decides by what the authority said. An older generation is reuse: the session is revoked before this returns.</summary>
    /// <param name="token">An authentic refresh token that has not expired.</param>
    /// <param name="sealedUnder">The <c>kid</c> it was sealed under.</param>
    /// <param name="authority">Read after the request arrived.</param>
    /// <param name="start">When it did.</param>
    /// <param name="cancellationToken">The request's deadline.</param>
    /// <returns>Null if the token may be spent, or has been, within the grace.</returns>
    public async Task<SessionResult?> JudgeAsync(
        RefreshToken token, string sealedUnder, AuthorityReading authority, RequestStart start, CancellationToken cancellationToken)
    {
        if (authority.IsKeyRevoked(sealedUnder))
        {
            return new(SessionRejection.RefreshTokenInvalid); // Whoever has the key can have written all of it.
        }

        if (!token.Seen.Covers(authority.Seen(token.Subject, token.ClientId)) || authority.IsSessionRevoked(token.SessionId))
        {
            return new(SessionRejection.SessionRevoked, token.Subject, token.SessionId);
        }

        return authority.FindSession(token.SessionId) is { } item
            ? await JudgeAsync(token, item, start, cancellationToken).ConfigureAwait(false)
            : null;
    }

    /// <summary>Spends a token: the one conditional update of a refresh.</summary>
    /// <param name="token">The token, of a session whose home is here.</param>
    /// <param name="item">The session's item as it was read; null if there was none.</param>
    /// <param name="start">When the request arrived.</param>
    /// <param name="cancellationToken">The request's deadline.</param>
    public Task<SessionAdvanced> SpendAsync(
        RefreshToken token, AuthorityItem? item, RequestStart start, CancellationToken cancellationToken)
    {
        var graceRun = item is { GraceUsed: true } ? item.GraceRun + 1 : 0;
        var end = DateTimeOffset.FromUnixTimeSeconds(token.SessionEndsAt) + KeepLonger;
        var key = new AuthorityKey(options.Issuer, RuleKind.Session, token.SessionId, options.Region);
        return store.AdvanceAsync(new(key, token.Generation, start.WallClock(time), graceRun, end, TokenId.New()), cancellationToken);
    }

    /// <summary>Decides by the session's item alone.</summary>
    /// <inheritdoc cref="JudgeAsync(RefreshToken, string, AuthorityReading, RequestStart, CancellationToken)"/>
    public async Task<SessionResult?> JudgeAsync(
        RefreshToken token, AuthorityItem item, RequestStart start, CancellationToken cancellationToken)
    {
        if (item.IsDenied)
        {
            await rules.CompleteAsync(item, cancellationToken).ConfigureAwait(false);
            return new(SessionRejection.SessionRevoked, token.Subject, token.SessionId);
        }

        // A token ahead of the store is no theft, but a store that was restored or failed over.
        var isPrevious = token.Generation == item.Generation - 1;
        if (token.Generation >= item.Generation || (isPrevious && IsInGrace(item, start)))
        {
            return null;
        }

        return await EndReusedAsync(token).ConfigureAwait(false);
    }

    /// <summary>Notes that a generation was handed out again.</summary>
    /// <returns>The event, once for each generation that makes another three running.</returns>
    public async Task<SecurityEvent> NoteGraceAsync(AuthorityItem item, CancellationToken cancellationToken)
    {
        var isNoted = await store.NoteGraceAsync(item.Key, item.Generation, cancellationToken).ConfigureAwait(false);
        return isNoted && (item.GraceRun + 1) % NotableGraceRun == 0 ? SecurityEvent.GraceRepeated : SecurityEvent.None;
    }

    /// <summary>Ends a session for good although nobody asked for it, whether the caller waits or not.</summary>
    /// <exception cref="SessionStoreUnavailableException">The rule is not confirmed, after at most 10 seconds.</exception>
    public async Task<AuthorityItem> EndAsync(RefreshToken token, string reason, string requestId)
    {
        using var deadline = new CancellationTokenSource(OwnDeadline, time);
        try
        {
            return await rules.DenyAsync(RuleKind.Session, token.SessionId, null, reason, Actor, requestId, deadline.Token)
                .ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (deadline.IsCancellationRequested)
        {
            throw new SessionStoreUnavailableException($"The store took longer than {OwnDeadline.TotalSeconds} s to make a rule.", e);
        }
    }

    private async Task<SessionResult> EndReusedAsync(RefreshToken token)
    {
        try
        {
            var requestId = TokenId.New();
            var denied = await EndAsync(token, "a refresh token was used again", requestId).ConfigureAwait(false);
            // Of several who notice at once, only the one who made the rule raises the event.
            var securityEvent = denied.RequestId == requestId ? SecurityEvent.RefreshTokenReused : SecurityEvent.None;
            return new(SessionRejection.RefreshTokenReused, token.Subject, token.SessionId, securityEvent);
        }
        catch (SessionStoreUnavailableException e)
        {
            // The next try may find the rule made and raise no event, so this is what tells of the reuse.
            throw new SessionStoreUnavailableException(
                $"A refresh token of session {token.SessionId} was used again, and the rule against it is not confirmed: {e.Message}", e);
        }
    }

    /// <summary>A clock that was set back must not prolong the grace: a rotation too far in the future counts as long past.</summary>
    private bool IsInGrace(AuthorityItem item, RequestStart start)
    {
        var elapsed = start.WallClock(time) - item.RotatedAt;
        return options.Grace > TimeSpan.Zero && elapsed >= -ClockDifference && elapsed < options.Grace;
    }
}
