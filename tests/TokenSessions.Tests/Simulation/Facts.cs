using System.Text.Json;
using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Tests.Simulation;

/// <summary>A session that somebody was given, and what has become of it in truth.</summary>
/// <param name="number">For the trace: ids are random.</param>
/// <param name="id">The <c>sid</c>.</param>
/// <param name="home">Its home region.</param>
/// <param name="subject">The <c>sub</c>.</param>
/// <param name="clientId">The <c>client_id</c>.</param>
/// <param name="audience">The <c>aud</c> that was asked for.</param>
/// <param name="begunAtStep">When its start was answered.</param>
/// <param name="watermarksBefore">The watermarks that stood in its home when its start was asked for: it has seen these at least.</param>
internal sealed class Session(
    int number, string id, int home, string subject, string clientId, string audience, int begunAtStep,
    IReadOnlyDictionary<AuthorityKey, long> watermarksBefore)
{
    public int Number => number;

    public string Id => id;

    public int Home => home;

    public string Subject => subject;

    public string ClientId => clientId;

    public string Audience => audience;

    public int BegunAtStep => begunAtStep;

    public IReadOnlyDictionary<AuthorityKey, long> WatermarksBefore => watermarksBefore;

    /// <summary>The refresh token of each generation that was handed out, by generation.</summary>
    public Dictionary<int, RefreshTokenText> RefreshTokens { get; } = [];

    public List<AccessToken> AccessTokens { get; } = [];

    /// <summary>When the refresh was asked for that began a generation, by generation.</summary>
    public Dictionary<int, TimeSpan> RotatedAt { get; } = [];

    /// <summary>The generation that the store has counted to.</summary>
    public int Generation { get; set; }

    /// <summary>True if its client was told that it is over.</summary>
    public bool IsRefused { get; set; }

    /// <summary>The newest generation that its client was given.</summary>
    public int NewestKnown => RefreshTokens.Keys.Max();

    public AuthorityKey Key => new(IssuerNode.Issuer, RuleKind.Session, Id, Home);
}

/// <summary>A sealed refresh token and the <c>kid</c> it is sealed under.</summary>
internal sealed record RefreshTokenText(string Text, string KeyId, TimeSpan ExpiresAt);

/// <summary>An access token that was issued in this run.</summary>
internal sealed record AccessToken(
    string Text, Session Session, string TokenId, string KeyId, DateTimeOffset IssuedAt, DateTimeOffset ExpiresAt)
{
    /// <summary>When its holder got it, in true time.</summary>
    public TimeSpan HandedOutAt { get; init; }

    /// <summary>Whom it is for: whatever it says itself.</summary>
    public string Audience => Session.Audience;

    public static AccessToken Read(string text, Session session)
    {
        var segments = text.Split('.');
        using var header = JsonDocument.Parse(StrictBase64Url.Decode(segments[0]));
        using var claims = JsonDocument.Parse(StrictBase64Url.Decode(segments[1]));
        return new(
            text,
            session,
            claims.RootElement.GetProperty("jti").GetString()!,
            header.RootElement.GetProperty("kid").GetString()!,
            DateTimeOffset.FromUnixTimeSeconds(claims.RootElement.GetProperty("iat").GetInt64()),
            DateTimeOffset.FromUnixTimeSeconds(claims.RootElement.GetProperty("exp").GetInt64()));
    }
}

/// <summary>A refresh token that a request presents, and how it stood with its session at that moment.</summary>
/// <param name="Session">The session.</param>
/// <param name="Generation">The token's.</param>
/// <param name="KeyId">It is sealed under this.</param>
/// <param name="Stored">The generation that the store had counted to.</param>
internal sealed record PresentedToken(Session Session, int Generation, string KeyId, int Stored);

/// <summary>A rule that somebody asked for. Until it is acknowledged it may stand or not.</summary>
/// <param name="Key">Whose authority.</param>
/// <param name="AskedAtStep">When.</param>
internal sealed record Rule(AuthorityKey Key, int AskedAtStep)
{
    public RuleKind Kind => Key.Kind;

    public bool IsAcknowledged => AcknowledgedAt is not null;

    /// <summary>When its caller heard that it stands, in true time.</summary>
    public TimeSpan? AcknowledgedAt { get; private set; }

    public int AcknowledgedAtStep { get; private set; }

    /// <summary>At most so large is its T: it may have been raised again since.</summary>
    public long Watermark { get; private set; }

    public void Acknowledge(World world)
    {
        (AcknowledgedAt, AcknowledgedAtStep) = (world.Time.Elapsed, world.Step);
        Watermark = world.Table.Regions[Key.Region].Find(Key)?.Watermark ?? 0;
    }

    /// <summary>Whether it certainly ends a session: one that had begun when it was asked for.</summary>
    public bool Ends(Session session) => Kind switch
    {
        RuleKind.Session => Key.Value == session.Id,
        RuleKind.Subject => Key.Value == session.Subject && session.BegunAtStep < AskedAtStep,
        RuleKind.Client => Key.Value == session.ClientId && session.BegunAtStep < AskedAtStep,
        RuleKind.All => session.BegunAtStep < AskedAtStep,
        RuleKind.None or RuleKind.Token or RuleKind.Key => false,
    };

    /// <summary>Whether it certainly ends an access token.</summary>
    public bool Ends(AccessToken token) => Kind switch
    {
        RuleKind.Token => Key.Value == token.TokenId,
        RuleKind.Key => Key.Value == token.KeyId,
        RuleKind.None or RuleKind.Session or RuleKind.Subject or RuleKind.Client or RuleKind.All => Ends(token.Session),
    };
}
