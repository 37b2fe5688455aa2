using TokenSessions.Validation.Denylist;

namespace TokenSessions.Issuing.Stores;

/// <summary>The authority and the feed: where rules and the generations of refreshed sessions are written down.</summary>
/// <remarks>
/// <para>Each call is one item. A write is durable when its task completes, and no answer tells of a change that is not
/// durable yet. What has reached its end counts as absent for reads and writes alike, whether or not it was swept: every
/// call compares times itself. Times are kept in whole milliseconds, cut off.</para>
/// <para>Each call that decides carries a request id, new for each request of a client and kept across attempts: a store
/// that finds the id in the item answers as it did the first time, so a lost answer can be asked for again.</para>
/// <para>All methods throw <see cref="SessionStoreUnavailableException"/> when the outcome is failure or unknown,
/// <see cref="ArgumentException"/> for what <see cref="StoreLimits"/> does not allow, and
/// <see cref="OperationCanceledException"/> when the caller gave up; a change may then have happened or not.</para>
/// </remarks>
public interface ISessionStore
{
    /// <summary>Strong read of several authority items. Only a key answered as absent is absent.</summary>
    /// <param name="keys">1 to <see cref="StoreLimits.KeysPerRead"/> keys, no two equal.</param>
    /// <param name="cancellationToken">The request's deadline.</param>
    /// <returns>The items that exist, by key.</returns>
    Task<IReadOnlyDictionary<AuthorityKey, AuthorityItem>> ReadAsync(
        IReadOnlyCollection<AuthorityKey> keys, CancellationToken cancellationToken);

    /// <summary>Writes a rule's authority.</summary>
    /// <remarks>
    /// A watermark is raised to the larger of <see cref="Denial.At"/> in milliseconds and the stored T + 1, and is then not
    /// fed; a repeat with the request id of its last raise leaves it as it is. Any other rule that stands already is left
    /// as it is, with its end. A session's generation is kept.
    /// </remarks>
    /// <param name="denial">What to deny.</param>
    /// <param name="cancellationToken">The request's deadline.</param>
    /// <returns>The item as it stands now.</returns>
    Task<AuthorityItem> DenyAsync(Denial denial, CancellationToken cancellationToken);

    /// <summary>Writes the feed item of a rule. The same key and stamp again keeps the larger watermark.</summary>
    /// <remarks>A watermark can be raised twice in one millisecond: whichever of the two is fed last must not hide the other.</remarks>
    /// <param name="rule">The rule, with its stamp.</param>
    /// <param name="expiresAt">When nobody needs it any more, UTC; null for a standing rule.</param>
    /// <param name="cancellationToken">The request's deadline.</param>
    Task WriteFeedAsync(DenylistRule rule, DateTimeOffset? expiresAt, CancellationToken cancellationToken);

    /// <summary>Marks a rule's authority as being in the feed, unless its watermark has been raised since. Without the rule: nothing.</summary>
    /// <param name="key">Which rule.</param>
    /// <param name="watermark">The T that was fed; 0 for a rule that denies outright.</param>
    /// <param name="cancellationToken">The request's deadline.</param>
    Task MarkFedAsync(AuthorityKey key, long watermark, CancellationToken cancellationToken);

    /// <summary>The one conditional update of a refresh: not denied, and stored generation ≤ the spent one, or no item.</summary>
    /// <remarks>
    /// An item that bears the request's own id was written by an earlier attempt whose answer was lost. That is a success only
    /// if the item is as the request would have left it: not denied, and its generation the spent one + 1.
    /// </remarks>
    /// <param name="advance">The change.</param>
    /// <param name="cancellationToken">The request's deadline.</param>
    /// <returns>Whether the change was made, by this call or an earlier attempt of the same request, and the item as it stands.</returns>
    Task<SessionAdvanced> AdvanceAsync(SessionAdvance advance, CancellationToken cancellationToken);

    /// <summary>Notes that the grace was used in a generation, if that is still the session's and it was not noted yet.</summary>
    /// <param name="key">A session.</param>
    /// <param name="generation">The generation that was handed out again.</param>
    /// <param name="cancellationToken">The request's deadline.</param>
    /// <returns>True if this call noted it: once for each generation.</returns>
    Task<bool> NoteGraceAsync(AuthorityKey key, int generation, CancellationToken cancellationToken);

    /// <summary>The live rules of an issuer, in a stable order, page by page. For people: it may read the whole store.</summary>
    /// <param name="issuer">Whose rules.</param>
    /// <param name="continuation">Null for the first page, then what the last one gave; any other text is a bad argument.</param>
    /// <param name="limit">The most items of this page, 1 to <see cref="StoreLimits.ItemsPerPage"/>.</param>
    /// <param name="cancellationToken">The request's deadline.</param>
    Task<RulePage> ListAsync(string issuer, string? continuation, int limit, CancellationToken cancellationToken);

    /// <summary>The head of the denylist, strongly read; null in a store nobody has used.</summary>
    /// <param name="cancellationToken">The request's deadline.</param>
    Task<StoredHead?> ReadHeadAsync(CancellationToken cancellationToken);

    /// <summary>Raises the head, value by value, to at least this. Values never shrink; nothing is written if none grows.</summary>
    /// <param name="atLeast">The least values.</param>
    /// <param name="at">Now, UTC: the time of the raise, should there be one.</param>
    /// <param name="cancellationToken">The request's deadline.</param>
    /// <returns>The head as it stands now.</returns>
    Task<StoredHead> RaiseHeadAsync(DenylistHead atLeast, DateTimeOffset at, CancellationToken cancellationToken);
}

/// <summary>Names one authority item: a rule, or a session that has refreshed.</summary>
/// <param name="Issuer">The <c>iss</c>.</param>
/// <param name="Kind">The kind.</param>
/// <param name="Value">The <c>jti</c>, <c>sid</c>, <c>sub</c>, <c>client_id</c> or <c>kid</c>; empty for <see cref="RuleKind.All"/>.</param>
/// <param name="Region">
/// The region that writes the item, 0 to 3; 0 where there is one. A table that is replicated between regions keeps the last
/// writer's whole item, so no two regions write the same one. A session's generations stand in the item of its home region.
/// </param>
public readonly record struct AuthorityKey(string Issuer, RuleKind Kind, string Value, int Region = 0)
{
    /// <summary>The key under which validators know the rule. What denies outright denies it whoever wrote it.</summary>
    public RuleKey RuleKey => RuleKey.For(Issuer, Kind, Value, Kind.IsWatermark() ? Region : 0);
}

/// <summary>What the issuer reads before it decides.</summary>
public sealed record AuthorityItem
{
    /// <summary>Which item.</summary>
    public required AuthorityKey Key { get; init; }

    /// <summary>True if this is a rule; false for a session that has only refreshed.</summary>
    public bool IsDenied { get; init; }

    /// <summary>T of a watermark, in milliseconds; 0 for other kinds.</summary>
    public long Watermark { get; init; }

    /// <summary>True if the rule is durable in the feed as well. Whoever meets one that is not completes it before answering.</summary>
    public bool IsFed { get; init; }

    /// <summary>When the rule was made, UTC; for a watermark, last raised.</summary>
    public DateTimeOffset DeniedAt { get; init; }

    /// <summary>Why, in the words of whoever made the rule.</summary>
    public string Reason { get; init; } = "";

    /// <summary>Who made the rule: the <c>sub</c> of an administrator, or <c>issuer</c> for reuse of a refresh token.</summary>
    public string Actor { get; init; } = "";

    /// <summary>A session's current generation: that of its newest refresh token. 0 for one that never refreshed.</summary>
    public int Generation { get; init; }

    /// <summary>When the current generation began, UTC.</summary>
    public DateTimeOffset RotatedAt { get; init; }

    /// <summary>True if the current generation was handed out more than once.</summary>
    public bool GraceUsed { get; init; }

    /// <summary>In how many generations running, before the current one, the grace was used.</summary>
    public int GraceRun { get; init; }

    /// <summary>The request that last denied or advanced the item.</summary>
    public string RequestId { get; init; } = "";

    /// <summary>From when the item counts as absent, UTC; null for never.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }
}

/// <summary>A rule to be written.</summary>
/// <param name="Key">What to deny.</param>
/// <param name="At">Now, UTC.</param>
/// <param name="ExpiresAt">From when the rule no longer matters, UTC; null for a <c>key</c> rule and for no other. An item's later end stays.</param>
/// <param name="Reason">Why; empty if nobody said.</param>
/// <param name="Actor">Who.</param>
/// <param name="RequestId">Of this request.</param>
public sealed record Denial(
    AuthorityKey Key, DateTimeOffset At, DateTimeOffset? ExpiresAt, string Reason, string Actor, string RequestId);

/// <summary>The step of a session from one generation to the next.</summary>
/// <param name="Key">The session.</param>
/// <param name="Spent">The generation of the refresh token that is spent. The stored one becomes this + 1.</param>
/// <param name="At">Now, UTC: becomes <see cref="AuthorityItem.RotatedAt"/>.</param>
/// <param name="GraceRun">Becomes <see cref="AuthorityItem.GraceRun"/>; <see cref="AuthorityItem.GraceUsed"/> becomes false.</param>
/// <param name="ExpiresAt">From when the item no longer matters, UTC.</param>
/// <param name="RequestId">Of this request.</param>
public sealed record SessionAdvance(
    AuthorityKey Key, int Spent, DateTimeOffset At, int GraceRun, DateTimeOffset ExpiresAt, string RequestId);

/// <summary>The outcome of an <see cref="ISessionStore.AdvanceAsync"/>.</summary>
/// <param name="IsAdvanced">True if the item stands as this request wanted it.</param>
/// <param name="Item">The item as it stands.</param>
public sealed record SessionAdvanced(bool IsAdvanced, AuthorityItem Item);

/// <summary>One page of rules.</summary>
/// <param name="Items">Live rules, possibly none although more pages follow.</param>
/// <param name="Continuation">Where the next page begins; null after the last.</param>
public sealed record RulePage(IReadOnlyList<AuthorityItem> Items, string? Continuation);

/// <summary>The head, and what it was before it was last raised.</summary>
/// <param name="Head">As it stands.</param>
/// <param name="RaisedAt">When it was last raised, UTC. Issuers use a larger value two minutes later, when every validator knows.</param>
/// <param name="Before">What every validator knew by then; null if there was no head, and so no validator to wait for.</param>
public sealed record StoredHead(DenylistHead Head, DateTimeOffset RaisedAt, DenylistHead? Before)
{
    /// <summary>How long after <see cref="RaisedAt"/> every validator knows <see cref="Head"/>: 2 minutes.</summary>
    public static readonly TimeSpan Announcement = TimeSpan.FromMinutes(2);

    /// <summary>The head raised, value by value, to at least this; <paramref name="current"/> itself if nothing grows.</summary>
    /// <remarks>
    /// Raised again while a raise is still being announced, <see cref="Before"/> stays what it was: the value in between is
    /// not known to every validator yet. A first head needs no announcement, so it counts as known at once.
    /// </remarks>
    /// <param name="current">The head as it stands; null if there is none.</param>
    /// <param name="atLeast">The least values.</param>
    /// <param name="at">Now, UTC.</param>
    public static StoredHead Raise(StoredHead? current, DenylistHead atLeast, DateTimeOffset at)
    {
        ArgumentNullException.ThrowIfNull(atLeast);
        if (current is null)
        {
            return new(atLeast with { }, at, null);
        }

        var raised = current.Head.Max(atLeast);
        if (raised == current.Head)
        {
            return current;
        }

        return new(raised, at, current.KnownEverywhere(at));
    }

    /// <summary>One head of those that several regions raise, each its own, so that no region's raise overwrites another's.</summary>
    /// <remarks>
    /// Of a head raised less than <see cref="Announcement"/> ago in any region only what it was before counts as known; a first
    /// head beside others is such a raise too, for the others have validators. A single head is answered as it is.
    /// </remarks>
    /// <param name="heads">The heads, in any order.</param>
    /// <param name="now">Now, UTC.</param>
    /// <returns>The largest of each value; null if there is no head.</returns>
    public static StoredHead? Merge(IReadOnlyCollection<StoredHead> heads, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(heads);
        if (heads.Count <= 1)
        {
            return heads.FirstOrDefault();
        }

        var known = heads.Select(head => head.IsAnnounced(now) ? head.Head : head.Before).OfType<DenylistHead>().ToArray();
        return new(
            heads.Select(head => head.Head).Aggregate((a, b) => a.Max(b)),
            heads.Max(head => head.RaisedAt),
            known.Length > 0 ? known.Aggregate((a, b) => a.Max(b)) : null);
    }

    /// <summary>What every validator knows by now.</summary>
    /// <param name="now">Now, UTC.</param>
    public DenylistHead KnownEverywhere(DateTimeOffset now) => Before is null || IsAnnounced(now) ? Head : Before;

    private bool IsAnnounced(DateTimeOffset now) => now - RaisedAt >= Announcement;
}

/// <summary>The store did not confirm: what was asked for may have happened or not. Answer 503; asking again is safe.</summary>
/// <param name="message">What failed and where.</param>
/// <param name="innerException">Why.</param>
public sealed class SessionStoreUnavailableException(string message, Exception? innerException = null)
    : Exception(message, innerException);
