using System.Runtime.CompilerServices;
using System.Text;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Issuing.Stores;

/// <summary>What every <see cref="ISessionStore"/> accepts; it refuses the rest with an <see cref="ArgumentException"/>.</summary>
/// <remarks>
/// What a <c>FindProblem</c> finds, a head's own included, is not accepted where a store reads either: no store wrote it, and it
/// might be a rule.
/// Text is measured in bytes of UTF-8 and must be well-formed: two texts that differ only in a lone surrogate would encode to
/// the same bytes, and so share a rule. Issuer and value together fit a DynamoDB partition key (2,048 bytes).
/// </remarks>
public static class StoreLimits
{
    /// <summary>The longest <see cref="AuthorityKey.Issuer"/>; the shortest is 1.</summary>
    public const int IssuerBytes = 512;

    /// <summary>The longest <see cref="AuthorityKey.Value"/>; the shortest is 1, or 0 for <see cref="RuleKind.All"/>, which has none.</summary>
    public const int ValueBytes = 512;

    /// <summary>The longest <see cref="Denial.Reason"/>; it may be empty.</summary>
    public const int ReasonBytes = 4096;

    /// <summary>The longest <see cref="Denial.Actor"/>; the shortest is 1.</summary>
    public const int ActorBytes = 512;

    /// <summary>The longest request id; the shortest is 1.</summary>
    public const int RequestIdBytes = 128;

    /// <summary>The most keys of one read.</summary>
    public const int KeysPerRead = 100;

    /// <summary>The most rules on one page of a list.</summary>
    public const int ItemsPerPage = 1000;

    /// <summary>Checks the keys of a read.</summary>
    /// <param name="keys">The keys.</param>
    public static void Check(IReadOnlyCollection<AuthorityKey> keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        Require(keys.Count is >= 1 and <= KeysPerRead, nameof(keys), $"takes 1 to {KeysPerRead} keys, but has {keys.Count}");
        Require(keys.Distinct().Count() == keys.Count, nameof(keys), "names a key twice");
        foreach (var key in keys)
        {
            Check(key);
        }
    }

    /// <summary>Checks the name of an item.</summary>
    /// <param name="key">The key.</param>
    public static void Check(AuthorityKey key)
    {
        Refuse(nameof(key), FindProblem(key));
        CheckText(key.Issuer, 1, IssuerBytes);
        var (least, most) = key.Kind is RuleKind.All ? (0, 0) : (1, ValueBytes);
        CheckText(key.Value, least, most);
    }

    /// <summary>Checks the name of a session's item.</summary>
    /// <param name="key">The key.</param>
    public static void CheckSession(AuthorityKey key)
    {
        Check(key);
        Require(key.Kind is RuleKind.Session, nameof(key), "is not a session's");
    }

    /// <summary>Checks a rule to be written.</summary>
    /// <param name="denial">The rule.</param>
    public static void Check(Denial denial)
    {
        ArgumentNullException.ThrowIfNull(denial);
        Check(denial.Key);
        Require(denial.ExpiresAt is null == denial.Key.Kind.IsStanding(), nameof(denial), "must have an end, or none for a key rule");
        CheckText(denial.Reason, 0, ReasonBytes);
        CheckText(denial.Actor, 1, ActorBytes);
        CheckText(denial.RequestId, 1, RequestIdBytes);
    }

    /// <summary>Checks the step of a session.</summary>
    /// <param name="advance">The step.</param>
    public static void Check(SessionAdvance advance)
    {
        ArgumentNullException.ThrowIfNull(advance);
        CheckSession(advance.Key);
        Require(advance.Spent is >= 0 and < int.MaxValue, nameof(advance), "spends a generation below 0 or the last that can be counted");
        Require(advance.GraceRun >= 0, nameof(advance), "has a negative run of graces");
        CheckText(advance.RequestId, 1, RequestIdBytes);
    }

    /// <summary>Checks a feed item.</summary>
    /// <param name="rule">The rule.</param>
    /// <param name="expiresAt">Its end.</param>
    public static void Check(DenylistRule rule, DateTimeOffset? expiresAt)
    {
        Require(rule.IsStanding == expiresAt is null, nameof(expiresAt), "must be null for a standing rule and for no other");
        Refuse(nameof(rule), FindProblem(rule));
    }

    /// <summary>Checks the least values of a head.</summary>
    /// <param name="atLeast">The values.</param>
    public static void Check(DenylistHead atLeast)
    {
        ArgumentNullException.ThrowIfNull(atLeast);
        Refuse(nameof(atLeast), atLeast.FindProblem());
    }

    /// <summary>Checks the issuer and size of a page.</summary>
    /// <param name="issuer">Whose rules.</param>
    /// <param name="limit">The most items.</param>
    public static void Check(string issuer, int limit)
    {
        CheckText(issuer, 1, IssuerBytes);
        Require(limit is >= 1 and <= ItemsPerPage, nameof(limit), $"must be 1 to {ItemsPerPage}, but is {limit}");
    }

    /// <summary>What is wrong with the kind or region of a key; null if nothing is.</summary>
    /// <param name="key">The key.</param>
    /// <returns>The end of a sentence: <c>has …</c>, <c>must …</c>.</returns>
    public static string? FindProblem(AuthorityKey key) =>
        key.Kind is < RuleKind.Token or > RuleKind.All ? "has none of the six kinds"
        : key.Region is < 0 or >= DenylistHead.MaxRegions ? $"has no region from 0 to {DenylistHead.MaxRegions - 1}"
        : null;

    /// <summary>What is wrong with an item's key or numbers; null if nothing is.</summary>
    /// <param name="item">The item.</param>
    /// <inheritdoc cref="FindProblem(AuthorityKey)" path="/returns"/>
    public static string? FindProblem(AuthorityItem item)
    {
        ArgumentNullException.ThrowIfNull(item);
        return FindProblem(item.Key)
            ?? (item is { Watermark: >= 0, Generation: >= 0, GraceRun: >= 0 } ? null : "has a negative watermark, generation or run of graces");
    }

    /// <summary>What is wrong with the numbers of a feed item; null if nothing is.</summary>
    /// <param name="rule">The rule.</param>
    /// <inheritdoc cref="FindProblem(AuthorityKey)" path="/returns"/>
    public static string? FindProblem(DenylistRule rule) =>
        rule is { StampedAt: >= 0, Watermark: >= 0 } ? null : "has a negative stamp or watermark";

    private static void CheckText(
        string text, int least, int most, [CallerArgumentExpression(nameof(text))] string name = "")
    {
        ArgumentNullException.ThrowIfNull(text, name);
        Require(UnicodeText.IsWellFormed(text), name, "is not well-formed text: it has half of a surrogate pair");
        var length = Encoding.UTF8.GetByteCount(text);

        // The text itself may be a user's name: only its length is told.
        Require(length >= least && length <= most, name, $"takes {least} to {most} bytes of UTF-8, but has {length}");
    }

    private static void Require(bool holds, string name, string problem) => Refuse(name, holds ? null : problem);

    private static void Refuse(string name, string? problem)
    {
        if (problem is not null)
        {
            throw new ArgumentException($"{name} {problem}.", name);
        }
    }
}
