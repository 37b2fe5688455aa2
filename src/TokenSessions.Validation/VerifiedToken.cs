using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Validation;

/// <summary>
/// A token that passed every check its text alone decides, with all that is still to be asked at each moment. Never given out:
/// only <see cref="TokenValidator"/> turns it into an answer.
/// </summary>
/// <remarks>Shared between threads. What changes are marks of what was found last; losing one only means to ask again.</remarks>
internal sealed class VerifiedToken(ValidatedToken token)
{
    private KeySet? _keyFoundIn;
    private long _clearIn;
    private long _usedAt;

    /// <summary>What is given out once every check has passed.</summary>
    public ValidatedToken Token => token;

    /// <summary>The later of <c>iat</c> and <c>nbf</c>, in seconds since 1970 UTC.</summary>
    public required long NotBefore { get; init; }

    /// <summary>The watermarks that the session has seen.</summary>
    public required Seen Seen { get; init; }

    public RuleKey TokenRule { get; init; }

    public RuleKey SessionRule { get; init; }

    public RuleKey KeyRule { get; init; }

    /// <summary>Of region 0.</summary>
    public RuleKey SubjectRule { get; init; }

    /// <summary>By region. Shared by all tokens of the client.</summary>
    public IReadOnlyList<RuleKey> ClientRules { get; init; } = [];

    /// <summary>The key set that last had the token's key; null after none.</summary>
    public KeySet? KeyFoundIn
    {
        get => Volatile.Read(ref _keyFoundIn);
        set => Volatile.Write(ref _keyFoundIn, value);
    }

    /// <summary>The <see cref="DenylistSnapshot.Version"/> that last had no rule against it; 0 before the first.</summary>
    public long ClearIn
    {
        get => Volatile.Read(ref _clearIn);
        set => Volatile.Write(ref _clearIn, value);
    }

    /// <summary>When it was last found in the memory, in seconds of the wall clock; 0 if never.</summary>
    public long UsedAt
    {
        get => Volatile.Read(ref _usedAt);
        set => Volatile.Write(ref _usedAt, value);
    }
}
