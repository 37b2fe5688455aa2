namespace TokenSessions.Validation.Denylist;

/// <summary>What a rule of the denylist ends.</summary>
/// <remarks>The numbers are part of every rule's key: add members, never renumber one.</remarks>
public enum RuleKind
{
    /// <summary>No kind: the value of a <c>default</c>.</summary>
    None = 0,

    /// <summary>One access token, by its <c>jti</c>.</summary>
    Token = 1,

    /// <summary>One session, by its <c>sid</c>.</summary>
    Session = 2,

    /// <summary>Watermark: every session of this <c>sub</c> begun before the rule.</summary>
    Subject = 3,

    /// <summary>Watermark: every session of this <c>client_id</c> begun before the rule.</summary>
    Client = 4,

    /// <summary>Everything under this <c>kid</c>, for ever.</summary>
    Key = 5,

    /// <summary>Watermark: every session begun before the rule. It has no value.</summary>
    All = 6,
}

/// <summary>What follows from a kind alone.</summary>
public static class RuleKinds
{
    /// <summary>The six kinds and their names on the wire and in stores, in the order validators probe them.</summary>
    public static IReadOnlyList<(RuleKind Kind, string Name)> All { get; } =
    [
        (RuleKind.Token, "token"),
        (RuleKind.Session, "session"),
        (RuleKind.Subject, "subject"),
        (RuleKind.Client, "client"),
        (RuleKind.Key, "key"),
        (RuleKind.All, "all"),
    ];

    /// <summary>True for the kinds that deny what began before them, false for those that deny outright.</summary>
    /// <param name="kind">The kind.</param>
    public static bool IsWatermark(this RuleKind kind) => kind is RuleKind.Subject or RuleKind.Client or RuleKind.All;

    /// <summary>True for the kind whose rules never age: whoever stole a key can date tokens as he likes.</summary>
    /// <param name="kind">The kind.</param>
    public static bool IsStanding(this RuleKind kind) => kind is RuleKind.Key;

    /// <summary>The name of a kind, as in <c>/admin/revocations</c> and in stores.</summary>
    /// <param name="kind">One of the six.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is none of the six.</exception>
    public static string Name(this RuleKind kind) => kind is >= RuleKind.Token and <= RuleKind.All
        ? All[(int)kind - 1].Name
        : throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a kind of rule.");

    /// <summary>The kind of this exact name, or null.</summary>
    /// <param name="name">A name in lower case.</param>
    public static RuleKind? Find(string? name)
    {
        foreach (var (kind, candidate) in All)
        {
            if (candidate == name)
            {
                return kind;
            }
        }

        return null;
    }
}
