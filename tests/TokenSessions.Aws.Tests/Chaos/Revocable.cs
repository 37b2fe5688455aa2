using TokenSessions.Validation.Denylist;

namespace TokenSessions.Aws.Tests.Chaos;

/// <summary>What one rule ends: a token, a session, or all that a user has begun until then.</summary>
internal sealed class Revocable(RuleKind kind, string value)
{
    private volatile bool _isAsked;
    private volatile Acknowledgement? _end;

    public RuleKind Kind => kind;

    public string Value => value;

    /// <summary>True from when somebody asks for its end: it may then be over or not.</summary>
    public bool IsAsked
    {
        get => _isAsked;
        set => _isAsked = value;
    }

    /// <summary>The acknowledgement of its end; null while there is none.</summary>
    public Acknowledgement? End
    {
        get => _end;
        set => _end = value;
    }
}

/// <summary>Somebody was told that a rule is made.</summary>
/// <param name="AskedAt">When it was asked for.</param>
/// <param name="At">When the answer came.</param>
/// <remarks>The times are written here once more, as they are promised: what a mistake in the product makes longer must not be believed.</remarks>
internal sealed record Acknowledgement(DateTimeOffset AskedAt, DateTimeOffset At)
{
    /// <summary>So soon everybody who hears of it refuses what it ends: the API on the signed feed last.</summary>
    public static readonly TimeSpan LongestBound = TimeSpan.FromSeconds(8);

    /// <summary>So soon do those who read the table themselves: the services, and the other API.</summary>
    private static readonly TimeSpan BoundAtTable = TimeSpan.FromSeconds(5);

    /// <summary>Whoever hears of nothing any more accepts what he last knew for so long.</summary>
    private static readonly TimeSpan MaxStaleness = TimeSpan.FromSeconds(30);

    /// <summary>From when it has to be heeded.</summary>
    /// <param name="check">By whose check.</param>
    /// <param name="isBlind">True if that one cannot hear of revocations.</param>
    public DateTimeOffset HeededFrom(Work check, bool isBlind) =>
        At + (isBlind ? MaxStaleness : check == Work.CheckAtFeedApi ? LongestBound : BoundAtTable);
}
