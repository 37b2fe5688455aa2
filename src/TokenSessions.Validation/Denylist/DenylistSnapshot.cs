namespace TokenSessions.Validation.Denylist;

/// <summary>The rules as of one moment. Immutable, and swapped whole.</summary>
public sealed class DenylistSnapshot
{
    private readonly Dictionary<RuleKey, DenylistRule> _rules;

    internal DenylistSnapshot(Dictionary<RuleKey, DenylistRule> rules, DenylistHead head, DateTimeOffset asOf)
    {
        (_rules, Head, AsOf) = (rules, head, asOf);
    }

    /// <summary>The head that was read with the rules.</summary>
    public DenylistHead Head { get; }

    /// <summary>Every rule acknowledged before this moment is known.</summary>
    public DateTimeOffset AsOf { get; }

    /// <summary>The rules, in no order.</summary>
    public IReadOnlyCollection<DenylistRule> Rules => _rules.Values;

    /// <summary>Whether a rule of this key denies outright.</summary>
    /// <param name="key">The key of a <c>token</c>, <c>session</c> or <c>key</c> rule.</param>
    public bool Denies(RuleKey key) => _rules.ContainsKey(key);

    /// <summary>Whether a watermark of this key denies what has seen the watermark only up to <paramref name="seen"/>.</summary>
    /// <param name="key">The key of a <c>subject</c>, <c>client</c> or <c>all</c> rule.</param>
    /// <param name="seen">The T that the session's tokens carry in <c>seen</c>; 0 when absent.</param>
    public bool Denies(RuleKey key, long seen) => _rules.TryGetValue(key, out var rule) && rule.Watermark > seen;
}
