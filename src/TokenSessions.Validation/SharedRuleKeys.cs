using TokenSessions.Validation.Denylist;

namespace TokenSessions.Validation;

/// <summary>The rule keys of values that many tokens share, a <c>client_id</c> or a <c>kid</c>: hashed once, not for each token.</summary>
/// <param name="issuer">The <c>iss</c>, in UTF-8.</param>
/// <param name="kind">What the rules end.</param>
/// <param name="regions">For how many regions there are keys.</param>
internal sealed class SharedRuleKeys(byte[] issuer, RuleKind kind, int regions)
{
    private const int MaxValues = 64;

    private readonly Entry?[] _entries = new Entry?[MaxValues];

    /// <summary>The keys of the value's rules, by region.</summary>
    /// <param name="value">In UTF-8, not empty.</param>
    public RuleKey[] Of(ReadOnlySpan<byte> value)
    {
        // Where two values share a place, they take turns: slower, never wrong.
        ref var place = ref _entries[(value[0] + (7 * value[^1]) + (31 * value.Length)) % MaxValues];
        if (Volatile.Read(ref place) is { } known && value.SequenceEqual(known.Value))
        {
            return known.Keys;
        }

        var keys = new RuleKey[regions];
        for (var region = 0; region < regions; region++)
        {
            keys[region] = RuleKey.For(issuer, kind, value, region);
        }

        Volatile.Write(ref place, new(value.ToArray(), keys));
        return keys;
    }

    private sealed record Entry(byte[] Value, RuleKey[] Keys);
}
