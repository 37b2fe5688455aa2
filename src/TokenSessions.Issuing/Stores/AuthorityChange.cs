using TokenSessions.Validation.Denylist;

namespace TokenSessions.Issuing.Stores;

/// <summary>What becomes of an authority item. Each method answers the very item it was given if nothing has to be written.</summary>
/// <remarks>For makers of an <see cref="ISessionStore"/>. The given item is null where there is none, or where it has reached its end.</remarks>
public static class AuthorityChange
{
    /// <summary>The item as <see cref="ISessionStore.DenyAsync"/> leaves it.</summary>
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

    /// <summary>The item as <see cref="ISessionStore.MarkFedAsync"/> leaves it.</summary>
    /// <param name="item">As it stands.</param>
    /// <param name="watermark">The T that was fed.</param>
    public static AuthorityItem? MarkFed(AuthorityItem? item, long watermark) =>
        item is { IsDenied: true, IsFed: false } && item.Watermark == watermark ? item with { IsFed = true } : item;

    /// <summary>The item as <see cref="ISessionStore.AdvanceAsync"/> leaves it, and whether it stands as the request wanted it.</summary>
    /// <param name="item">As it stands.</param>
    /// <param name="advance">The step.</param>
    public static (bool IsAdvanced, AuthorityItem Item) Advance(AuthorityItem? item, SessionAdvance advance)
    {
        ArgumentNullException.ThrowIfNull(advance);
        if (item is not null && item.RequestId == advance.RequestId)
        {
            // Our own earlier attempt, or what has become of it since.
            return (!item.IsDenied && item.Generation == advance.Spent + 1, item);
        }

        if (item is not null && (item.IsDenied || item.Generation > advance.Spent))
        {
            return (false, item);
        }

        return (true, new()
        {
            Key = advance.Key,
            Generation = advance.Spent + 1,
            RotatedAt = StoreTime.Cut(advance.At),
            GraceRun = advance.GraceRun,
            RequestId = advance.RequestId,
            ExpiresAt = StoreTime.Cut(advance.ExpiresAt),
        });
    }

    /// <summary>The item as <see cref="ISessionStore.NoteGraceAsync"/> leaves it.</summary>
    /// <param name="item">As it stands.</param>
    /// <param name="generation">The generation that was handed out again.</param>
    public static AuthorityItem? NoteGrace(AuthorityItem? item, int generation) =>
        item is { GraceUsed: false } && item.Generation == generation ? item with { GraceUsed = true } : item;

    /// <summary>The later end; none at all is the latest.</summary>
    private static DateTimeOffset? Later(AuthorityItem? item, DateTimeOffset? end) =>
        item is null || item.ExpiresAt < end || end is null ? end : item.ExpiresAt;
}
