using TokenSessions.Validation.Denylist;

namespace TokenSessions.Issuing.Stores;

/// <summary>What becomes of an authority item: the rules every <see cref="ISessionStore"/> decides by, whatever it keeps items in.</summary>
/// <remarks>
/// Each method answers the very item it was given if nothing has to be written. The given item is null where there is none,
/// or where it has reached its end. Nothing is checked here: that is <see cref="StoreLimits"/>.
/// </remarks>
public static class AuthorityChange
{
    /// <summary>The item with a rule on it (<see cref="ISessionStore.DenyAsync"/>).</summary>
    /// <param name="item">As it stands.</param>
    /// <param name="denial">The rule.</param>
    public static AuthorityItem Deny(AuthorityItem? item, Denial denial)
    {
        ArgumentNullException.ThrowIfNull(denial);
        var isWatermark = denial.Key.Kind.IsWatermark();
        if (item is { IsDenied: true } && (!isWatermark || item.RequestId == denial.RequestId))
        {
            return item;
        }

        var at = StoreTime.Cut(denial.At);
        return (item ?? new AuthorityItem { Key = denial.Key }) with
        {
            IsDenied = true,
            Watermark = isWatermark ? Math.Max(at.ToUnixTimeMilliseconds(), (item?.Watermark ?? 0) + 1) : 0,
            IsFed = false,
            DeniedAt = at,
            Reason = denial.Reason,
            Actor = denial.Actor,
            RequestId = denial.RequestId,
            ExpiresAt = Later(item, StoreTime.Cut(denial.ExpiresAt)),
        };
    }

    /// <summary>The item marked as fed, if this watermark is still its own (<see cref="ISessionStore.MarkFedAsync"/>).</summary>
    /// <param name="item">As it stands.</param>
    /// <param name="watermark">The T that was fed; 0 for a rule that denies outright.</param>
    public static AuthorityItem? MarkFed(AuthorityItem? item, long watermark) =>
        item is { IsDenied: true, IsFed: false } && item.Watermark == watermark ? item with { IsFed = true } : item;

    /// <summary>A session's next generation, if it may go on (<see cref="ISessionStore.AdvanceAsync"/>).</summary>
    /// <param name="item">As it stands.</param>
    /// <param name="advance">The step.</param>
    /// <returns>
    /// Whether the item stands as the request wants it, and the item: a new one that has to be written, or the one given, which
    /// is a success only where an earlier attempt of the same request wrote it.
    /// </returns>
    public static SessionAdvanced Advance(AuthorityItem? item, SessionAdvance advance)
    {
        ArgumentNullException.ThrowIfNull(advance);
        if (item is not null && item.RequestId == advance.RequestId)
        {
            // Our own earlier attempt, or what has become of it since.
            return new(!item.IsDenied && item.Generation == advance.Spent + 1, item);
        }

        if (item is not null && (item.IsDenied || item.Generation > advance.Spent))
        {
            return new(false, item);
        }

        return new(true, new()
        {
            Key = advance.Key,
            Generation = advance.Spent + 1,
            RotatedAt = StoreTime.Cut(advance.At),
            GraceRun = advance.GraceRun,
            RequestId = advance.RequestId,
            ExpiresAt = StoreTime.Cut(advance.ExpiresAt),
        });
    }

    /// <summary>The item with the grace noted (<see cref="ISessionStore.NoteGraceAsync"/>).</summary>
    /// <param name="item">As it stands.</param>
    /// <param name="generation">The generation that was handed out again.</param>
    public static AuthorityItem? NoteGrace(AuthorityItem? item, int generation) =>
        item is { GraceUsed: false } && item.Generation == generation ? item with { GraceUsed = true } : item;

    /// <summary>The later end; none at all is the latest.</summary>
    private static DateTimeOffset? Later(AuthorityItem? item, DateTimeOffset? end) =>
        item is null || item.ExpiresAt < end || end is null ? end : item.ExpiresAt;
}
