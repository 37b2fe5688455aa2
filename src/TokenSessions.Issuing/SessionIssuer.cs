using System.Diagnostics.Metrics;
using TokenSessions.Issuing.Denylist;
using TokenSessions.Issuing.Keys;
using TokenSessions.Issuing.Stores;
using TokenSessions.Issuing.Tokens;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Issuing;

/// <summary>Starts, refreshes and ends sessions. APIs check access tokens by themselves; refresh tokens only this issuer can read.</summary>
/// <remarks>
/// Every method throws <see cref="SessionStoreUnavailableException"/>, <see cref="SigningKeyUnavailableException"/> or
/// <see cref="SubjectDirectoryUnavailableException"/> when the world is bad: answer 503 with <c>Retry-After</c>. A refresh may have
/// spent its token, if only the store's answer was lost: tried again within <see cref="SessionIssuerOptions.Grace"/> it gives the
/// same successor, later it is taken for theft. <see cref="SubjectRecordException"/> says that no token can carry the record.
/// </remarks>
public sealed class SessionIssuer
{
    /// <summary>With this begins the <c>sub</c> of a machine client's own tokens. No user may bear such a name.</summary>
    public const string ClientSubjectPrefix = "client:";

    private readonly SessionIssuerOptions _options;
    private readonly KeyRingFile _keys;
    private readonly TimeProvider _time;
    private readonly IssuingMetrics _metrics;
    private readonly AudienceTable _audiences;
    private readonly HeadReader _head;
    private readonly RuleWriter _rules;
    private readonly AuthorityReader _authority;
    private readonly SessionLedger _ledger;
    private readonly TokenPairWriter _pairs;

    /// <summary>An issuer.</summary>
    /// <param name="options">What it issues. Copied.</param>
    /// <param name="keys">Its keys. Not owned.</param>
    /// <param name="store">Where rules and the generations of refreshed sessions are written down.</param>
    /// <param name="subjects">Who may have a session.</param>
    /// <param name="time">The clock.</param>
    /// <param name="meters">Where <c>tokensessions.tokens.issued</c>, <c>.store.duration</c> and <c>.sign.duration</c> are recorded.</param>
    /// <exception cref="ArgumentException">
    /// The options cannot be used, by themselves or with these keys; the message names every problem.
    /// </exception>
    public SessionIssuer(
        SessionIssuerOptions options, KeyRingFile keys, ISessionStore store, ISubjectDirectory subjects, TimeProvider time,
        IMeterFactory? meters = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(subjects);
        ArgumentNullException.ThrowIfNull(time);
        _options = options.Copy();
        if (_options.ProblemsWith(keys.Current).ToArray() is { Length: > 0 } problems)
        {
            throw new ArgumentException(string.Join(' ', problems), nameof(options));
        }

        (_keys, _time) = (keys, time);
        _audiences = new(_options);
        _metrics = new(time, meters);
        var measured = new MeasuredStore(store, _metrics);
        _head = new(measured, _options, time);
        _rules = new(measured, _head, _options, time);
        _authority = new(measured, _head, _rules, subjects, _options);
        _ledger = new(measured, _rules, _options, time);
        _pairs = new(_options, _metrics);
    }

    /// <summary>Writes what every validator must know of this issuer to the head of the denylist, if it does not stand there yet.</summary>
    /// <remarks>Sessions do so themselves. A host does it at its start: until there is a head, no validator can sync.</remarks>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task PrepareAsync(CancellationToken cancellationToken = default) =>
        await _head.ReadAsync(cancellationToken).ConfigureAwait(false);

    /// <summary>Starts a session for a subject that the caller has authenticated.</summary>
    /// <param name="start">Whose, for which client and audience.</param>
    /// <param name="cancellationToken">The request's deadline: past it nothing is signed.</param>
    /// <returns>The tokens, or the first reason against them.</returns>
    public async Task<SessionResult> StartAsync(SessionStart start, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(start);
        ArgumentOutOfRangeException.ThrowIfLessThan(start.AuthenticatedAt ?? DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch);
        return await _metrics.CountAsync("start", () => DecideStartAsync(start, cancellationToken)).ConfigureAwait(false);
    }

    /// <summary>Trades a refresh token for the next pair of tokens (RFC 6749 §6). The one handed in is spent.</summary>
    /// <remarks>For <see cref="SessionIssuerOptions.Grace"/> a spent token gets the same successor again; later it ends the session,
    /// whether the caller waits for that or not.</remarks>
    /// <param name="request">The token.</param>
    /// <param name="cancellationToken">The request's deadline: past it nothing is signed.</param>
    /// <returns>The tokens, or the first reason against them. Nothing inside a refresh token can make this method throw.</returns>
    public async Task<SessionResult> RefreshAsync(RefreshRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return await _metrics.CountAsync("refresh", () => DecideRefreshAsync(request, cancellationToken)).ConfigureAwait(false);
    }

    /// <summary>The home region of a refresh token's session, 0 to 255; null if it cannot be opened here. The store is not asked.</summary>
    /// <param name="refreshToken">Of any generation, expired or not.</param>
    public int? FindHomeRegion(string refreshToken)
    {
        ArgumentNullException.ThrowIfNull(refreshToken);
        using var lease = _keys.Lease();
        return OpenedToken.TryOpen(refreshToken, _options.Issuer, lease.Ring, _time.GetUtcNow(), out var opened, out _)
            ? opened.Token.HomeRegion
            : null;
    }

    /// <summary>Ends the session of a refresh token, or every session of its subject.</summary>
    /// <remarks>Ask the session's home first (<see cref="FindHomeRegion"/>): away from it, the home heeds the rule once it is replicated.</remarks>
    /// <param name="refreshToken">
    /// Of any generation, expired or not, so that an idle client can sign out too. With <paramref name="everywhere"/> it must be
    /// one that could be refreshed now.
    /// </param>
    /// <param name="everywhere">True to end every session of the subject.</param>
    /// <param name="cancellationToken">Gives up; the rule may then stand or not.</param>
    public async Task<EndResult> EndAsync(string refreshToken, bool everywhere, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(refreshToken);
        var start = RequestStart.Now(_time);
        var now = start.Wall;
        using var lease = _keys.Lease();
        if (!OpenedToken.TryOpen(refreshToken, _options.Issuer, lease.Ring, now, out var opened, out var rejection))
        {
            return new(rejection);
        }

        var (token, sealedUnder) = opened;
        if (everywhere && IsReached(token.ExpiresAt, now))
        {
            return new(SessionRejection.RefreshTokenExpired, token);
        }

        var authority = await _authority.ReadAsync(token.Subject, token.ClientId, token.SessionId, [sealedUnder], cancellationToken)
            .ConfigureAwait(false);
        if (everywhere)
        {
            return await _ledger.JudgeAsync(token, sealedUnder, authority, start, cancellationToken).ConfigureAwait(false) is { } rejected
                ? new(rejected.Rejection, token, rejected.SecurityEvent)
                : new(token, await RevokeAsync(RuleKind.Subject, token.Subject, "signed out everywhere").ConfigureAwait(false));
        }

        if (authority.IsKeyRevoked(sealedUnder))
        {
            return new(SessionRejection.RefreshTokenInvalid);
        }

        // Verifiers allow for the skew of their clocks: until then the session's last access token is good somewhere.
        var isOver = IsReached(token.SessionEndsAt, now - _options.ClockSkew);
        return new(token, isOver ? null : await RevokeAsync(RuleKind.Session, token.SessionId, "signed out").ConfigureAwait(false));

        Task<Revocation> RevokeAsync(RuleKind kind, string value, string reason) =>
            _rules.RevokeAsync(kind, value, null, reason, token.Subject, cancellationToken);
    }

    /// <summary>The checks of a start, in order. Nothing is written: a session that never refreshes has no item.</summary>
    private async Task<SessionResult> DecideStartAsync(SessionStart start, CancellationToken cancellationToken)
    {
        var begun = RequestStart.Now(_time);
        var now = begun.Wall; // The iat: a rule made from here on ends what is issued.
        var clientId = start.ClientId ?? _options.ClientIds[0];
        if (!_options.ClientIds.Contains(clientId))
        {
            return new(SessionRejection.ClientUnknown);
        }

        if (_audiences.Find(start.Audience ?? _options.DefaultAudience) is not { } audience)
        {
            return new(SessionRejection.AudienceUnknown);
        }

        if (SessionIssuerOptions.NameProblem(start.Subject) is not null
            || start.Subject.StartsWith(ClientSubjectPrefix, StringComparison.Ordinal))
        {
            return new(SessionRejection.SubjectNotAllowed);
        }

        var lifetimes = await _head.ReadLifetimesAsync(cancellationToken).ConfigureAwait(false);
        using var lease = _keys.Lease();
        var (authority, subject) = await _authority.AskAsync(
            start.Subject, clientId, null, lease.Ring.KeyIdsThatDecide(audience.Algorithm, now), cancellationToken).ConfigureAwait(false);
        if (subject is not { IsEnabled: true })
        {
            return new(SessionRejection.SubjectNotAllowed, start.Subject);
        }

        _ = begun.WallClock(_time); // Else a clock that was set right meanwhile would date the session.
        var scopes = audience.ScopesOf(start.Subject, subject);
        var authenticatedAt = start.AuthenticatedAt is { } at && at < now ? at : now;
        var session = new RefreshToken
        {
            Issuer = _options.Issuer,
            Subject = start.Subject,
            SessionId = TokenId.NewSession((byte)_options.Region),
            Generation = 0,
            Seen = authority.Seen(start.Subject, clientId),
            ClientId = clientId,
            Audience = audience.Uri,
            Scopes = scopes,
            AuthenticatedAt = authenticatedAt.ToUnixTimeSeconds(),
            AuthenticationMethods = start.AuthenticationMethods,
            AuthenticationContext = start.AuthenticationContext,
            IssuedAt = 0,
            ExpiresAt = 0,
            SessionEndsAt = now.ToUnixTimeSeconds() + (long)lifetimes.Session.TotalSeconds,
        };
        var tokens = await _pairs.WriteAsync(
            session, subject, audience, scopes, now, lifetimes.AccessToken, lease.Ring, authority, cancellationToken).ConfigureAwait(false);
        return new(tokens, start.Subject);
    }

    /// <summary>The checks of a refresh, in order. The one write comes last, so that whatever fails before it consumes nothing.</summary>
    private async Task<SessionResult> DecideRefreshAsync(RefreshRequest request, CancellationToken cancellationToken)
    {
        var start = RequestStart.Now(_time);
        var now = start.Wall; // The iat: a rule made from here on ends what is issued.

        // 1. The token by itself. Junk never reaches the store.
        using var lease = _keys.Lease();
        if (!OpenedToken.TryOpen(request.RefreshToken, _options.Issuer, lease.Ring, now, out var opened, out var rejection))
        {
            return new(rejection);
        }

        var (token, sealedUnder) = opened;
        if (!_options.ClientIds.Contains(request.ClientId ?? token.ClientId))
        {
            return new(SessionRejection.ClientUnknown);
        }

        if (request.ClientId is { } clientId && clientId != token.ClientId)
        {
            return new(SessionRejection.RefreshTokenInvalid); // Another client's (RFC 6749 §5.2).
        }

        if (_audiences.Find(token.Audience) is not { } audience)
        {
            return new(SessionRejection.AudienceUnknown, token.Subject, token.SessionId);
        }

        if (IsReached(token.ExpiresAt, now))
        {
            return new(SessionRejection.RefreshTokenExpired, token.Subject, token.SessionId);
        }

        var narrowed = request.Scope is { } scope ? Scope.Split(scope) : null;
        if (narrowed?.Any(word => !token.Scopes.Contains(word)) ?? false)
        {
            return new(SessionRejection.ScopeNotGranted, token.Subject, token.SessionId);
        }

        if (token.HomeRegion != _options.Region)
        {
            return new(token); // Its generations are counted there alone: two counters would make two lineages.
        }

        // 2. The authority and the directory.
        var lifetimes = await _head.ReadLifetimesAsync(cancellationToken).ConfigureAwait(false);
        var keyIds = lease.Ring.KeyIdsThatDecide(audience.Algorithm, now).Append(sealedUnder);
        var (authority, subject) = await _authority.AskAsync(token.Subject, token.ClientId, token.SessionId, keyIds, cancellationToken)
            .ConfigureAwait(false);
        if (await _ledger.JudgeAsync(token, sealedUnder, authority, start, cancellationToken).ConfigureAwait(false) is { } rejected)
        {
            return rejected;
        }

        if (subject is not { IsEnabled: true })
        {
            // For good: should the subject be enabled again, whoever held this session must not have it back.
            await _ledger.EndAsync(token, "the subject is not allowed", TokenId.New()).ConfigureAwait(false);
            return new(SessionRejection.SubjectNotAllowed, token.Subject, token.SessionId);
        }

        // 3. The successor: the same one whoever asks, because it follows from the session and the generation.
        var scopes = audience.ScopesOf(token.Subject, subject)
            .FindAll(word => token.Scopes.Contains(word) && (narrowed?.Contains(word) ?? true));
        var successor = token with { Generation = token.Generation + 1 };
        var tokens = await _pairs.WriteAsync(
            successor, subject, audience, scopes, now, lifetimes.AccessToken, lease.Ring, authority, cancellationToken).ConfigureAwait(false);

        // 4. Spend the token. Refresh and revocation write the same item, so they cannot pass each other.
        var item = authority.FindSession(token.SessionId);
        if (item is null || item.Generation <= token.Generation)
        {
            var spent = await _ledger.SpendAsync(token, item, start, cancellationToken).ConfigureAwait(false);
            if (spent.IsAdvanced)
            {
                return new(tokens, token.Subject);
            }

            item = spent.Item; // Someone was faster.
            if (await _ledger.JudgeAsync(token, item, start, cancellationToken).ConfigureAwait(false) is { } late)
            {
                return late;
            }
        }

        // 5. Spent already, within the grace.
        return new(tokens, token.Subject, await _ledger.NoteGraceAsync(item, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>A token of ours is good only before its end. No skew: instances whose clocks differ do not issue.</summary>
    private static bool IsReached(long end, DateTimeOffset now) => now.ToUnixTimeSeconds() >= end;
}
