using System.Buffers.Text;
using System.Text.Json.Nodes;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Aws.Tests.Chaos;

/// <summary>An access token and when it was got.</summary>
internal sealed record HeldToken(string Text, DateTimeOffset GotAt)
{
    public Revocable Itself { get; } = new(RuleKind.Token, JsonNode.Parse(Base64Url.DecodeFromChars(Text.Split('.')[1]))!["jti"]!.GetValue<string>());
}

/// <summary>A session as its one client knows it. Whoever works on it for its client has taken it; what is asked of APIs needs no taking.</summary>
/// <param name="user">All that its user has begun since the last rule against that.</param>
/// <param name="id">The <c>sid</c>.</param>
/// <param name="refreshToken">The first.</param>
/// <param name="accessToken">The first.</param>
internal sealed class LoadSession(Revocable user, string id, string refreshToken, string accessToken)
{
    private const int TokensKept = 10;

    private readonly DateTimeOffset _begunAt = DateTimeOffset.UtcNow;
    private readonly Lock _keeping = new();
    private volatile IReadOnlyList<HeldToken> _accessTokens = [new(accessToken, DateTimeOffset.UtcNow)];
    private int _isTaken;
    private volatile bool _isOver;

    public string Id => id;

    public Revocable User => user;

    public Revocable Itself { get; } = new(RuleKind.Session, id);

    /// <summary>The refresh token of each generation; the last is the one to use.</summary>
    public List<string> RefreshTokens { get; } = [refreshToken];

    /// <summary>When the first refresh since the last answer was sent that may have been counted although it gave no tokens; null if there is none.</summary>
    public DateTimeOffset? UncertainSince { get; set; }

    /// <summary>True if it ended for reuse of its newest token, as is right only if the store counted one generation more before.</summary>
    public bool IsExcused { get; set; }

    public IReadOnlyList<HeldToken> AccessTokens => _accessTokens;

    /// <summary>True from when somebody asks for its end, or its user's: it may then be over or not.</summary>
    public bool IsRevocationAsked => Itself.IsAsked || user.IsAsked;

    /// <summary>True if somebody was told that it has ended.</summary>
    public bool IsEnded => Ends.Any();

    /// <summary>Those of its access tokens that somebody was told have ended.</summary>
    public IEnumerable<HeldToken> EndedTokens => _accessTokens.Where(token => EndsOf(token).Any());

    /// <summary>True if its client uses it no longer.</summary>
    public bool IsOver
    {
        get => _isOver;
        set => _isOver = value;
    }

    /// <summary>A rule against a user ends what was begun before it was asked for. What is begun meanwhile may be over or not.</summary>
    private IEnumerable<Acknowledgement> Ends =>
        new[] { Itself.End, user.End is { } end && _begunAt <= end.AskedAt ? end : null }.OfType<Acknowledgement>();

    /// <summary>From when whoever checks it has to refuse an access token; null while nobody was told that it, or all of them, ended.</summary>
    /// <param name="token">One of this session.</param>
    /// <param name="check">Whose check it is.</param>
    /// <param name="isBlind">True if that one cannot hear of revocations.</param>
    public DateTimeOffset? RefusedFrom(HeldToken token, Work check, bool isBlind) =>
        EndsOf(token).Min(each => (DateTimeOffset?)each.HeededFrom(check, isBlind));

    public bool TryTake() => Interlocked.Exchange(ref _isTaken, 1) == 0;

    public void GiveBack() => Volatile.Write(ref _isTaken, 0);

    /// <summary>Goes on with the next refresh token.</summary>
    public void Refreshed(string refreshToken)
    {
        RefreshTokens.Add(refreshToken);
        UncertainSince = null;
    }

    /// <summary>Keeps one more access token: the newest, and those that somebody wants to end.</summary>
    public void Keep(string accessToken)
    {
        lock (_keeping)
        {
            var old = _accessTokens.Count - TokensKept;
            _accessTokens = [.. _accessTokens.Where((token, i) => i > old || token.Itself.IsAsked), new(accessToken, DateTimeOffset.UtcNow)];
        }
    }

    private IEnumerable<Acknowledgement> EndsOf(HeldToken token) => token.Itself.End is { } end ? Ends.Append(end) : Ends;
}
