using TokenSessions.Issuing;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Issuing.Regions;

/// <summary>A rule that a run has asked for, and what it should do.</summary>
internal sealed record ExpectedRule(RuleKind Kind, string Value, int Region, int MadeAt, bool IsAcknowledged)
{
    /// <summary>True once it is certain that every region has it.</summary>
    public bool HasArrived { get; set; }

    /// <summary>Whether a login in this region has certainly seen it.</summary>
    public bool IsKnownIn(int region) => HasArrived || region == Region;

    public bool Ends(ExpectedSession session) => Kind switch
    {
        RuleKind.Session => session.Id == Value,
        RuleKind.Subject => session.Subject == Value && session.BegunAt < MadeAt,
        RuleKind.Client or RuleKind.All => session.BegunAt < MadeAt,
        _ => false,
    };

    /// <summary>Also if it was made before the session began, but may have arrived there after.</summary>
    public bool MayEnd(ExpectedSession session) =>
        Ends(session) || (session.Unseen.Contains(this) && (Kind is RuleKind.Client or RuleKind.All || Value == session.Subject));

    public bool EndsToken(ExpectedSession session) =>
        (Kind is RuleKind.Token && Value == session.TokenId) || (Kind is RuleKind.Key && Value == session.KeyId);
}

/// <summary>A session of a run, as its holder knows it.</summary>
internal sealed class ExpectedSession(int home, string subject, int begunAt, IReadOnlyCollection<ExpectedRule> unseen)
{
    private IssuedTokens? _tokens;

    public int Home => home;

    public string Subject => subject;

    public int BegunAt => begunAt;

    public IReadOnlyCollection<ExpectedRule> Unseen => unseen;

    public string Id => Tokens.SessionId;

    public IssuedTokens Tokens => _tokens!;

    public IssuedTokens First { get; private set; } = null!;

    public int Refreshes { get; private set; } = -1;

    /// <summary>True if the test has seen enough of it.</summary>
    public bool HasEnded { get; set; }

    public string KeyId => (string)IssuerUnderTest.ReadSegment(Tokens.AccessToken, 0)["kid"]!;

    public string TokenId => (string)IssuerUnderTest.Claims(Tokens)["jti"]!;

    public DateTimeOffset ExpiresAt => DateTimeOffset.FromUnixTimeSeconds((long)IssuerUnderTest.Claims(Tokens)["exp"]!);

    public void Take(IssuedTokens tokens)
    {
        First ??= tokens;
        _tokens = tokens;
        Refreshes++;
    }
}
