using System.Text.Json.Nodes;
using TokenSessions.Issuing;
using TokenSessions.Issuing.Stores;
using TokenSessions.Tests.Stores;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Tests.Simulation;

/// <summary>What happened in truth: sessions, tokens and rules, and what stands in the tables. No node sees any of it.</summary>
internal sealed class History(World world)
{
    private readonly Dictionary<(int Region, object Key), List<(TimeSpan At, int Step, long Stamp, long Watermark)>> _arrivals = [];

    public List<Session> Sessions { get; } = [];

    public Dictionary<string, AccessToken> AccessTokens { get; } = [];

    public List<Rule> Rules { get; } = [];

    public HashSet<string> DisabledSubjects { get; } = [];

    /// <summary>Subjects that were disabled at some time.</summary>
    public HashSet<string> OnceDisabled { get; } = [];

    /// <summary>How often what is worth a check came about.</summary>
    public SortedDictionary<string, int> Seen { get; } = new(StringComparer.Ordinal);

    public void Note(string what) => Seen[what] = Seen.GetValueOrDefault(what) + 1;

    /// <summary>A session and the tokens of its first generation were handed out.</summary>
    public Session Began(
        IssuedTokens tokens, int home, SessionStart start, IReadOnlyDictionary<AuthorityKey, long> watermarksBefore)
    {
        var session = new Session(Sessions.Count, tokens.SessionId, home, start.Subject, start.ClientId!, start.Audience!, world.Step, watermarksBefore);
        Sessions.Add(session);
        HandedOut(session, 0, tokens);
        return session;
    }

    public void HandedOut(Session session, int generation, IssuedTokens tokens)
    {
        var keyId = JsonNode.Parse(StrictBase64Url.Decode(tokens.RefreshToken.Split('.')[0]))!["kid"];
        session.RefreshTokens[generation] = new(tokens.RefreshToken, (string)keyId!, world.Time.Elapsed + tokens.RefreshExpiresIn);
        var token = AccessToken.Read(tokens.AccessToken, session) with { HandedOutAt = world.Time.Elapsed };
        session.AccessTokens.Add(token);
        AccessTokens.Add(token.Text, token);
    }

    public static PresentedToken Present(Session session, int generation) =>
        new(session, generation, session.RefreshTokens[generation].KeyId, session.Generation);

    /// <summary>The store has spent a token.</summary>
    public static void Advanced(Request request, SessionAdvance advance)
    {
        var session = request.Presented!.Session;
        SingleLineage.CheckAdvance(session, advance);
        if (advance.Spent + 1 > session.Generation)
        {
            session.Generation = advance.Spent + 1;
            session.RotatedAt[session.Generation] = request.BegunAt;
        }
    }

    /// <summary>An item stands in a region from now on.</summary>
    public void Arrived(int region, object key, object item)
    {
        var (stamp, watermark, ruleKey) = item switch
        {
            ReplicatedStore.FeedItem feed => (feed.Rule.StampedAt, feed.Rule.Watermark, (object)feed.Rule.Key),
            AuthorityItem { IsDenied: true } authority => (0, authority.Watermark, authority.Key),
            _ => (-1, 0, key),
        };
        if (stamp < 0)
        {
            return;
        }

        if (!_arrivals.TryGetValue((region, ruleKey), out var arrivals))
        {
            _arrivals[(region, ruleKey)] = arrivals = [];
        }

        arrivals.Add((world.Time.Elapsed, world.Step, stamp, watermark));
    }

    /// <summary>From when on every poll of a validator finds an acknowledged rule, in true time; null if that cannot be said yet.</summary>
    public TimeSpan? FoundFrom(Rule rule, ValidatorNode validator)
    {
        if (validator.Region == rule.Key.Region)
        {
            return rule.AcknowledgedAt;
        }

        var arrivals = _arrivals.GetValueOrDefault((validator.Region, rule.Key.RuleKey)) ?? [];
        var found = arrivals.Where(arrival => arrival.Watermark >= rule.Watermark).Select(arrival =>
        {
            var late = rule.Kind.IsStanding() // Every answer has them all.
                ? TimeSpan.Zero
                : SimulatedTime.Start + arrival.At - DateTimeOffset.FromUnixTimeMilliseconds(arrival.Stamp);
            return arrival.At + (Promises.FoundAfter(late) * (validator.ReadsSignedFeed ? 2 : 1));
        });
        return found.Select(at => (TimeSpan?)(at > rule.AcknowledgedAt ? at : rule.AcknowledgedAt)).Min();
    }

    /// <summary>Whether a rule stood in a region at a time.</summary>
    public bool HadArrived(Rule rule, int region, TimeSpan at) => region == rule.Key.Region
        || (_arrivals.GetValueOrDefault((region, rule.Key)) ?? []).Exists(arrival => arrival.At < at && arrival.Watermark >= rule.Watermark);

    /// <summary>Whether every request in a region that began after this step reads an acknowledged rule.</summary>
    public bool IsReadFrom(Rule rule, int region, int step) => region == rule.Key.Region
        ? rule.AcknowledgedAtStep < step
        : (_arrivals.GetValueOrDefault((region, rule.Key)) ?? []).Exists(
            arrival => arrival.Step < step && arrival.Watermark >= rule.Watermark) && rule.AcknowledgedAtStep < step;

    public bool IsKeyRevoked(string keyId, int region) => WriterRegions.Any(
        writer => world.Table.Regions[region].Find(new(IssuerNode.Issuer, RuleKind.Key, keyId, writer)) is { IsDenied: true });

    /// <summary>Whether somebody revoked a key anywhere.</summary>
    public bool IsKeyRevoked(string keyId) => WriterRegions.Any(region => IsKeyRevoked(keyId, region));

    /// <summary>The watermarks that stand in a region and concern a subject and a client.</summary>
    public Dictionary<AuthorityKey, long> Watermarks(int region, string subject, string clientId)
    {
        var watermarks = new Dictionary<AuthorityKey, long>();
        foreach (var key in WatermarkKeys(subject, clientId))
        {
            watermarks[key] = world.Table.Regions[region].Find(key)?.Watermark ?? 0;
        }

        return watermarks;
    }

    /// <summary>Whether any authority, anywhere, has something against a session, a token or a key.</summary>
    /// <param name="session">The session.</param>
    /// <param name="tokenId">An access token's <c>jti</c>; null for none.</param>
    /// <param name="keyId">The key it was signed with; null for none.</param>
    public bool HasRuleAgainst(Session session, string? tokenId = null, string? keyId = null)
    {
        foreach (var store in world.Table.Regions)
        {
            foreach (var key in WatermarkKeys(session.Subject, session.ClientId))
            {
                if (store.Find(key) is { IsDenied: true } item && item.Watermark > session.WatermarksBefore[key])
                {
                    return true;
                }
            }

            foreach (var writer in WriterRegions)
            {
                bool IsDenied(RuleKind kind, string value) => store.Find(new(IssuerNode.Issuer, kind, value, writer)) is { IsDenied: true };
                if (IsDenied(RuleKind.Session, session.Id) || (tokenId is not null && IsDenied(RuleKind.Token, tokenId))
                    || (keyId is not null && IsDenied(RuleKind.Key, keyId)))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private IEnumerable<int> WriterRegions => Enumerable.Range(0, world.Regions);

    private IEnumerable<AuthorityKey> WatermarkKeys(string subject, string clientId) => WriterRegions.SelectMany(writer => new AuthorityKey[]
    {
        new(IssuerNode.Issuer, RuleKind.Subject, subject, writer),
        new(IssuerNode.Issuer, RuleKind.Client, clientId, writer),
        new(IssuerNode.Issuer, RuleKind.All, "", writer),
    });
}
