using System.Diagnostics.Metrics;
using TokenSessions.Issuing.Denylist;
using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Issuing;

/// <summary>Ends tokens, sessions, subjects' and clients' sessions, or keys before they expire.</summary>
public sealed class SessionRevoker
{
    /// <summary>The longest reason, in characters.</summary>
    public const int MaxReasonLength = 500;

    private const int ThumbprintLength = 43;

    private readonly SessionIssuerOptions _options;
    private readonly MeasuredStore _store;
    private readonly TimeProvider _time;
    private readonly RuleWriter _rules;

    /// <summary>A revoker for one issuer.</summary>
    /// <param name="options">The issuer's. Copied.</param>
    /// <param name="store">Where rules are written.</param>
    /// <param name="time">The clock.</param>
    /// <param name="meters">Where <c>tokensessions.store.duration</c> is recorded.</param>
    /// <exception cref="ArgumentException">The options cannot be used; the message names every problem.</exception>
    public SessionRevoker(SessionIssuerOptions options, ISessionStore store, TimeProvider time, IMeterFactory? meters = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(time);
        (_options, _time) = (options.Copy(), time);
        _store = new(store, new(time, meters));
        _rules = new(_store, new(_store, _options, time), _options, time);
    }

    /// <summary>What is wrong with a rule that someone asks for, naming the member and the remedy; null if it can be made.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="value">The value; null or empty for <see cref="RuleKind.All"/>.</param>
    /// <param name="reason">Why; null or empty if nobody said.</param>
    public static string? Problem(RuleKind kind, string? value, string? reason)
    {
        if (reason is not null && (reason.Length > MaxReasonLength || reason.Any(char.IsControl) || !UnicodeText.IsWellFormed(reason)))
        {
            return $"reason must have at most {MaxReasonLength} characters, none of them a control character.";
        }

        return kind switch
        {
            RuleKind.None => "kind must be token, session, subject, client, key or all.",
            RuleKind.All => string.IsNullOrEmpty(value) ? null : "value must be left out for the kind all.",
            RuleKind.Token when !TokenId.IsOne(value ?? "") => "value must be the jti of a token: 22 characters of base64url.",
            RuleKind.Session when !TokenId.IsOne(value ?? "") => "value must be the sid of a session: 22 characters of base64url.",
            RuleKind.Key when !IsKeyId(value ?? "") => "value must be the kid of a key: 43 or 22 characters of base64url.",
            RuleKind.Subject or RuleKind.Client when SessionIssuerOptions.NameProblem(value) is { } problem => $"value: {problem}",
            RuleKind.Token or RuleKind.Session or RuleKind.Key or RuleKind.Subject or RuleKind.Client => null,
        };
    }

    /// <summary>The region whose item counts a session's generations, 0 to 255; null if this is no <c>sid</c>.</summary>
    /// <remarks>
    /// A host hands the end of a session to its home first, where refreshes see it at once. If the home cannot be reached,
    /// <see cref="RevokeAsync"/> makes the rule here, and the home knows it when it has been replicated.
    /// </remarks>
    /// <param name="sessionId">The <c>sid</c>.</param>
    public static int? HomeRegionOf(string sessionId)
    {
        ArgumentNullException.ThrowIfNull(sessionId);
        return TokenId.FindHomeRegion(sessionId);
    }

    /// <summary>Makes a rule. When the task completes it is durable and on its way to every validator.</summary>
    /// <remarks>
    /// Asking again is safe. A <c>subject</c>, <c>client</c> or <c>all</c> rule then also ends what began since; any other that
    /// stands already stays as it is.
    /// </remarks>
    /// <param name="kind">What to end.</param>
    /// <param name="value">The <c>jti</c>, <c>sid</c>, <c>sub</c>, <c>client_id</c> or <c>kid</c>; empty for <see cref="RuleKind.All"/>.</param>
    /// <param name="reason">Why, at most 500 characters; may be empty.</param>
    /// <param name="actor">Who: the <c>sub</c> of an administrator.</param>
    /// <param name="cancellationToken">Gives up; the rule may then stand or not.</param>
    /// <exception cref="ArgumentException"><see cref="Problem"/> has something against it.</exception>
    /// <exception cref="SessionStoreUnavailableException">The rule is not confirmed: treat what it should end as live, and retry.</exception>
    public async Task<Revocation> RevokeAsync(
        RuleKind kind, string value, string reason, string actor, CancellationToken cancellationToken = default)
    {
        Check(kind, value, reason, actor);
        return await _rules.RevokeAsync(kind, value, null, reason, actor, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends one access token whose <c>exp</c> is known. Writes nothing if no verifier accepts it any more.</summary>
    /// <param name="tokenId">The <c>jti</c>.</param>
    /// <param name="expiresAt">The <c>exp</c>, UTC.</param>
    /// <param name="reason">Why, at most 500 characters; may be empty.</param>
    /// <param name="actor">Who: the <c>sub</c> of an administrator, or of the token.</param>
    /// <param name="cancellationToken">Gives up; the rule may then stand or not.</param>
    /// <inheritdoc cref="RevokeAsync" path="/exception"/>
    public async Task<Revocation> RevokeTokenAsync(
        string tokenId, DateTimeOffset expiresAt, string reason, string actor, CancellationToken cancellationToken = default)
    {
        Check(RuleKind.Token, tokenId, reason, actor);
        var now = _time.GetUtcNow();
        return expiresAt + _options.ClockSkew <= now
            ? new(RuleKind.Token, tokenId, now, expiresAt)
            : await _rules.RevokeAsync(RuleKind.Token, tokenId, expiresAt, reason, actor, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The live rules, in a stable order, page by page. For people: it may read the whole store.</summary>
    /// <param name="continuation">Null for the first page, then what the last one gave.</param>
    /// <param name="limit">The most rules of this page, 1 to 1,000.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ArgumentException"><paramref name="continuation"/> is not what an earlier page gave.</exception>
    /// <exception cref="SessionStoreUnavailableException">The store could not be read.</exception>
    public Task<RulePage> ListAsync(string? continuation, int limit, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, 1000);
        return _store.ListAsync(_options.Issuer, continuation, limit, cancellationToken);
    }

    private static bool IsKeyId(string value) => TokenId.IsOne(value)
        || (value.Length == ThumbprintLength && StrictBase64Url.IsCanonical(value));

    private static void Check(RuleKind kind, string value, string reason, string actor)
    {
        ArgumentNullException.ThrowIfNull(value);
        ArgumentNullException.ThrowIfNull(reason);
        if (Problem(kind, value, reason) is { } problem)
        {
            throw new ArgumentException(problem);
        }

        if (SessionIssuerOptions.NameProblem(actor) is { } actorProblem)
        {
            throw new ArgumentException($"actor: {actorProblem}", nameof(actor));
        }
    }
}
