using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Issuing;

/// <summary>A rule that is durable and in the feed.</summary>
/// <param name="Kind">What it ends.</param>
/// <param name="Value">Of what; empty for <see cref="RuleKind.All"/>.</param>
/// <param name="EffectiveBy">
/// From when on every validator that can sync refuses what the rule ends, UTC; in other regions, if the rule reaches them within
/// <see cref="SessionIssuerOptions.ReplicationLag"/>.
/// </param>
/// <param name="EnforcedUntil">
/// Until when that could matter, UTC: afterwards everything it ends has expired. Null for a <c>key</c> rule, which never ends.
/// </param>
public sealed record Revocation(RuleKind Kind, string Value, DateTimeOffset EffectiveBy, DateTimeOffset? EnforcedUntil)
{
    /// <summary>What to answer for a rule that has just been confirmed.</summary>
    internal static Revocation Of(AuthorityItem item, SessionIssuerOptions options, TimeProvider time)
    {
        // The bound of the slowest way to a validator: through the signed feed, of another region if there is one.
        var lag = options.Regions > 1 ? options.ReplicationLag : TimeSpan.Zero;
        var effectiveBy = time.GetUtcNow() + DenylistSync.SignedFeedBound + lag + DenylistSync.FoundAfter(lag);
        return new(item.Key.Kind, item.Key.Value, effectiveBy, item.ExpiresAt);
    }
}
