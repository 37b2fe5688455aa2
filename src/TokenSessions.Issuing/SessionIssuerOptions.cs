using System.Text;
using TokenSessions.Issuing.Keys;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Issuing;

/// <summary>What one issuer issues. Checked when the <see cref="SessionIssuer"/> is built.</summary>
public sealed record SessionIssuerOptions
{
    /// <summary>The longest <c>sub</c> and <c>client_id</c>, in bytes of UTF-8.</summary>
    public const int MaxNameLength = 255;

    /// <summary>How long a feed item is kept beyond the longest access token and its verifiers' skew: 5 minutes.</summary>
    internal static readonly TimeSpan FeedMargin = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan MinLifetime = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan MaxLifetime = TimeSpan.FromHours(24);
    private static readonly TimeSpan MaxSession = TimeSpan.FromDays(366);
    private static readonly TimeSpan MaxGrace = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan MaxClockSkew = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan MaxReplicationLag = FeedMargin; // A rule must reach the other regions before it leaves the feed.

    /// <summary>
    /// The <c>iss</c>: an https address (http for loopback hosts) of at most 255 characters, in its normal form, without user,
    /// query, fragment or trailing slash. Required.
    /// </summary>
    public string Issuer { get; set; } = "";

    /// <summary>The <c>aud</c> of a session whose start names none. It always counts as an audience. Required.</summary>
    public string DefaultAudience { get; set; } = "";

    /// <summary>The audiences that can be asked for. The issuer and the default audience count even when they do not stand here.</summary>
    public IList<AudienceOptions> Audiences { get; set; } = [];

    /// <summary>
    /// The clients that can have sessions, each at most 255 bytes. A start that names none gets the first. Default <c>default</c>.
    /// </summary>
    public IList<string> ClientIds { get; set; } = ["default"];

    /// <summary>From <c>iat</c> to <c>exp</c>, minus a jitter of up to 5 %. Default 10 minutes, 1 minute to 24 hours.</summary>
    public TimeSpan AccessTokenLifetime { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>For how long a session may go without a refresh. Default 14 days, 1 minute to 366 days.</summary>
    public TimeSpan RefreshIdleLifetime { get; set; } = TimeSpan.FromDays(14);

    /// <summary>For how long a session may go on at all. Default 30 days, 1 minute to 366 days.</summary>
    public TimeSpan SessionLifetime { get; set; } = TimeSpan.FromDays(30);

    /// <summary>
    /// For how long a spent refresh token still gets the same successor. Default 30 seconds, 0 to 5 minutes; with 0, of two tabs
    /// that race one ends the session.
    /// </summary>
    public TimeSpan Grace { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The largest clock skew that any verifier of these tokens allows. Default 30 seconds, at most 5 minutes.</summary>
    public TimeSpan ClockSkew { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How many regions write this denylist, each to a replica of its own. Default 1, at most 4; it never shrinks. The same in
    /// every region, and raised everywhere before the first issuer of a new one starts: so many regions are asked for rules.
    /// </summary>
    public int Regions { get; set; } = 1;

    /// <summary>The region of this instance, from 0 on. Default 0. It is the home of the sessions that start here.</summary>
    public int Region { get; set; }

    /// <summary>
    /// How long a write may take to reach the other regions. Default 5 seconds, 0 to 5 minutes; counts only with more than one
    /// region. It is added to the time by which a rule is promised to act, and no rule waits for it.
    /// </summary>
    public TimeSpan ReplicationLag { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Into how many parts the feed of a store that is split is written, 1 to 64. Default 1. It never shrinks, and is used 2
    /// minutes after it was raised, when every validator knows. The same in every region.
    /// </summary>
    public int FeedShards { get; set; } = 1;

    /// <summary>Everything wrong with these options, not only the first thing; empty when they can be used.</summary>
    public IEnumerable<string> Problems()
    {
        if (IssuerProblem() is { } problem)
        {
            yield return problem;
        }

        if (string.IsNullOrWhiteSpace(DefaultAudience))
        {
            yield return $"{nameof(DefaultAudience)} is missing: give the aud of the API that most sessions are for.";
        }
        else if (AudienceOptions.UriProblem(DefaultAudience) is { } broken)
        {
            yield return $"{nameof(DefaultAudience)} {broken}";
        }

        foreach (var (index, audience) in Audiences.Index())
        {
            foreach (var broken in audience.Problems())
            {
                yield return $"{nameof(Audiences)}[{index}].{broken}";
            }
        }

        if (Audiences.GroupBy(audience => audience.Uri).FirstOrDefault(same => same.Count() > 1) is { } twice)
        {
            yield return $"{nameof(Audiences)} names {twice.Key} twice.";
        }

        if (ClientIds.Count == 0)
        {
            yield return $"{nameof(ClientIds)} is empty: name at least one client.";
        }

        foreach (var client in ClientIds.Where(client => NameProblem(client) is not null))
        {
            yield return $"{nameof(ClientIds)}: {NameProblem(client)}";
        }

        foreach (var range in RangeProblems())
        {
            yield return range;
        }
    }

    /// <summary>Why this cannot be a <c>sub</c> or <c>client_id</c>; null if it can.</summary>
    /// <param name="name">The name: not blank, no control characters, well-formed, at most 255 bytes of UTF-8.</param>
    public static string? NameProblem(string? name)
    {
        if (string.IsNullOrWhiteSpace(name))
        {
            return "a name must not be empty.";
        }

        if (name.Any(char.IsControl) || !UnicodeText.IsWellFormed(name))
        {
            return "a name must be Unicode text without control characters.";
        }

        return Encoding.UTF8.GetByteCount(name) > MaxNameLength ? $"a name has at most {MaxNameLength} bytes." : null;
    }

    /// <summary>Our own copy: the caller may go on changing theirs.</summary>
    internal SessionIssuerOptions Copy()
    {
        var copy = this with
        {
            Audiences = [.. Audiences.Select(audience => audience with { Scopes = audience.Scopes is null ? null : [.. audience.Scopes] })],
            ClientIds = [.. ClientIds],
        };
        return copy.Problems().ToArray() is { Length: > 0 } problems ? throw new ArgumentException(string.Join(' ', problems)) : copy;
    }

    /// <summary>What the head of the denylist must at least say while this issuer issues.</summary>
    internal DenylistHead Head() => new()
    {
        Shards = FeedShards,
        Regions = Regions,
        LongestAccessTokenLifetime = AccessTokenLifetime,
        LongestRefreshLife = SessionLifetime,
        Window = AccessTokenLifetime + ClockSkew + FeedMargin,
    };

    /// <summary>What does not fit between these options and a key ring.</summary>
    internal IEnumerable<string> ProblemsWith(KeyRing keys)
    {
        foreach (var audience in new AudienceTable(this).All.Where(audience => !keys.HasSigningKey(audience.Algorithm)))
        {
            yield return $"The key ring has no signing key for {audience.Algorithm}, which the audience {audience.Uri} needs: add one.";
        }

        if (AccessTokenLifetime + ClockSkew > keys.Options.KeepPublished)
        {
            yield return $"{nameof(KeyRingOptions.KeepPublished)} of the key ring must be at least {nameof(AccessTokenLifetime)} "
                + $"plus {nameof(ClockSkew)}, {AccessTokenLifetime + ClockSkew}.";
        }

        if (RefreshIdleLifetime > keys.Options.LongestRefreshIdle)
        {
            yield return $"{nameof(KeyRingOptions.LongestRefreshIdle)} of the key ring must be at least {nameof(RefreshIdleLifetime)}, "
                + $"{RefreshIdleLifetime}.";
        }
    }

    private string? IssuerProblem()
    {
        if (string.IsNullOrWhiteSpace(Issuer))
        {
            return $"{nameof(Issuer)} is missing: give the address of this issuer, such as https://sessions.example.com.";
        }

        var isAddress = Uri.TryCreate(Issuer, UriKind.Absolute, out var uri)
            && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback));
        if (Issuer.Length > MaxNameLength)
        {
            return $"{nameof(Issuer)} must have at most {MaxNameLength} characters.";
        }

        if (!isAddress || uri!.UserInfo.Length > 0 || uri.Query.Length > 0 || uri.Fragment.Length > 0 || Issuer.EndsWith('/')
            || uri.AbsoluteUri.TrimEnd('/') != Issuer)
        {
            return $"{nameof(Issuer)} must be an https address (http for loopback hosts only) in its normal form, without user, "
                + $"query, fragment, default port, upper-case host or trailing slash, but is {Issuer}.";
        }

        return null;
    }

    private IEnumerable<string> RangeProblems()
    {
        foreach (var (name, value, least, most) in new[]
        {
            (nameof(AccessTokenLifetime), AccessTokenLifetime, MinLifetime, MaxLifetime),
            (nameof(RefreshIdleLifetime), RefreshIdleLifetime, MinLifetime, MaxSession),
            (nameof(SessionLifetime), SessionLifetime, MinLifetime, MaxSession),
            (nameof(Grace), Grace, TimeSpan.Zero, MaxGrace),
            (nameof(ClockSkew), ClockSkew, TimeSpan.Zero, MaxClockSkew),
            (nameof(ReplicationLag), ReplicationLag, TimeSpan.Zero, MaxReplicationLag),
        })
        {
            if (value < least || value > most)
            {
                yield return $"{name} must be from {least} to {most}, but is {value}.";
            }
        }

        foreach (var (name, value, least, most) in new[]
        {
            (nameof(Regions), Regions, 1, DenylistHead.MaxRegions),
            (nameof(FeedShards), FeedShards, 1, DenylistHead.MaxShards),
        })
        {
            if (value < least || value > most)
            {
                yield return $"{name} must be from {least} to {most}, but is {value}.";
            }
        }

        if (Region < 0 || Region >= Regions)
        {
            yield return $"{nameof(Region)} must be from 0 to one less than {nameof(Regions)}, which is {Regions}, but is {Region}.";
        }
    }
}
