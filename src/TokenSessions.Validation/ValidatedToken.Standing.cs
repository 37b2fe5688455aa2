using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Validation;

/// <content>
/// What <see cref="TokenValidator"/> asks at each moment. It makes the object when the text has passed every check that the text
/// alone decides, and gives it out only while the rest passes too.
/// </content>
/// <remarks>
/// One object with what is given out, not one beside it: with many live tokens each object that a repeat looks at is waited for.
/// Shared between threads. What changes are marks of what was found last; losing one only means to ask again.
/// </remarks>
public sealed partial class ValidatedToken
{
    private KeySet? _keyFoundIn;
    private long _clearIn;
    private long _usedAt;

    internal ValidatedToken(TokenText text, VerificationKey key, in CheckedClaims claims)
    {
        (Text, Key, Seen) = (text, key, claims.Seen);
        (IssuedAtSeconds, ExpiresAtSeconds) = (claims.IssuedAt, claims.ExpiresAt);
        NotBeforeSeconds = Math.Max(claims.IssuedAt, claims.NotBefore);
    }

    internal TokenText Text { get; }

    internal VerificationKey Key { get; }

    internal long IssuedAtSeconds { get; }

    internal long ExpiresAtSeconds { get; }

    /// <summary>The later of <c>iat</c> and <c>nbf</c>, in seconds since 1970 UTC.</summary>
    internal long NotBeforeSeconds { get; }

    /// <summary>The watermarks that the session has seen.</summary>
    internal Seen Seen { get; }

    internal RuleKey TokenRule { get; init; }

    internal RuleKey SessionRule { get; init; }

    internal RuleKey KeyRule { get; init; }

    /// <summary>Of region 0.</summary>
    internal RuleKey SubjectRule { get; init; }

    /// <summary>By region. Shared by all tokens of the client.</summary>
    internal IReadOnlyList<RuleKey> ClientRules { get; init; } = [];

    /// <summary>The key set that last had the token's key; null after none.</summary>
    internal KeySet? KeyFoundIn
    {
        get => Volatile.Read(ref _keyFoundIn);
        set => Volatile.Write(ref _keyFoundIn, value);
    }

    /// <summary>The <see cref="DenylistSnapshot.Version"/> that last had no rule against it; 0 before the first.</summary>
    internal long ClearIn
    {
        get => Volatile.Read(ref _clearIn);
        set => Volatile.Write(ref _clearIn, value);
    }

    /// <summary>When it was last found in the memory, in seconds of the wall clock; 0 if never.</summary>
    internal long UsedAt
    {
        get => Volatile.Read(ref _usedAt);
        set => Volatile.Write(ref _usedAt, value);
    }

    internal TimeSpan Lifetime => TimeSpan.FromSeconds(ExpiresAtSeconds - IssuedAtSeconds);
}
