namespace TokenSessions.Aws.Tests.Chaos;

/// <summary>An access token and when it was got.</summary>
internal sealed record HeldToken(string Text, DateTimeOffset GotAt);

/// <summary>Somebody was told that a session has ended.</summary>
/// <param name="At">When.</param>
/// <remarks>The times are written here once more, as they are promised: what a mistake in the product makes longer must not be believed.</remarks>
internal sealed record Acknowledgement(DateTimeOffset At)
{
    /// <summary>From then on every API that hears of it refuses the session.</summary>
    public static readonly TimeSpan Bound = TimeSpan.FromSeconds(8);

    /// <summary>An API that hears of nothing any more accepts what it last knew for so long.</summary>
    private static readonly TimeSpan MaxStaleness = TimeSpan.FromSeconds(30);

    /// <summary>From when an API has to refuse the session.</summary>
    /// <param name="isBlind">True if it cannot hear of revocations.</param>
    public DateTimeOffset HeededFrom(bool isBlind) => At + (isBlind ? MaxStaleness : Bound);
}

/// <summary>A session as its one client knows it. Whoever works on it for its client has taken it; what is asked of APIs needs no taking.</summary>
internal sealed class LoadSession(string id, string refreshToken, string accessToken)
{
    private volatile IReadOnlyList<HeldToken> _accessTokens = [new(accessToken, DateTimeOffset.UtcNow)];
    private int _isTaken;
    private volatile bool _isRevocationAsked;
    private volatile Acknowledgement? _end;
    private volatile bool _isOver;

    public string Id => id;

    /// <summary>The refresh token of each generation; the last is the one to use.</summary>
    public List<string> RefreshTokens { get; } = [refreshToken];

    /// <summary>When the first refresh since the last answer was sent that nobody answered, or 503; null if there is none.</summary>
    public DateTimeOffset? UncertainSince { get; set; }

    /// <summary>True if it ended for reuse of its newest token, as is right only if the store counted one generation more before.</summary>
    public bool IsExcused { get; set; }

    public IReadOnlyList<HeldToken> AccessTokens => _accessTokens;

    /// <summary>True from when somebody asks for its end: it may then be over or not.</summary>
    public bool IsRevocationAsked
    {
        get => _isRevocationAsked;
        set => _isRevocationAsked = value;
    }

    /// <summary>True if its client uses it no longer.</summary>
    public bool IsOver
    {
        get => _isOver;
        set => _isOver = value;
    }

    /// <summary>The acknowledgement of its end; null while there is none.</summary>
    public Acknowledgement? End
    {
        get => _end;
        set => _end = value;
    }

    public bool TryTake() => Interlocked.Exchange(ref _isTaken, 1) == 0;

    public void GiveBack() => Volatile.Write(ref _isTaken, 0);

    /// <summary>Keeps what a refresh gave.</summary>
    public void Refreshed(string refreshToken, string accessToken)
    {
        RefreshTokens.Add(refreshToken);
        UncertainSince = null;
        Keep(accessToken);
    }

    /// <summary>Keeps one more access token.</summary>
    public void Keep(string accessToken) => _accessTokens = [.. _accessTokens.TakeLast(9), new(accessToken, DateTimeOffset.UtcNow)];
}
