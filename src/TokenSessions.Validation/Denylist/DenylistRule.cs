namespace TokenSessions.Validation.Denylist;

/// <summary>One item of the feed: what a validator needs to know of a rule.</summary>
/// <param name="Key">Which rule.</param>
/// <param name="StampedAt">When its writer put it in the feed, in milliseconds since 1970 UTC. A rule ages from here on.</param>
/// <param name="Watermark">T of a watermark, in milliseconds and always growing; 0 for a rule that denies outright.</param>
/// <param name="IsStanding">True for the rules that never age (kind <see cref="RuleKind.Key"/>).</param>
public readonly record struct DenylistRule(RuleKey Key, long StampedAt, long Watermark, bool IsStanding);
