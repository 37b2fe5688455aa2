using System.Globalization;
using TokenSessions.Issuing.Keys;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Issuing.Feed;

/// <summary>Publishes the denylist to validators that cannot read the store: two signed documents, served from memory.</summary>
/// <remarks>
/// The <em>snapshot</em> is the whole window; the <em>recent</em> document has the rules stamped within
/// <see cref="DenylistDocument.RecentSpan"/>. Each is made when somebody asks, from what the sync has then, by one maker for all
/// who wait, and at most once a second. There is no sequence number: several instances publish, and a document's age counts
/// from its <c>as_of</c>.
/// </remarks>
public sealed class SignedFeed
{
    /// <summary>The media type of a document; its <c>typ</c> is the same without <c>application/</c>.</summary>
    public const string MediaType = "application/" + DenylistDocument.Type;

    /// <summary>How old our own snapshot may be to be published, unless told otherwise: 30 seconds.</summary>
    public static readonly TimeSpan DefaultMaxStaleness = TimeSpan.FromSeconds(30);

    /// <summary>The shortest time between the starts of two makings of the same document: 1 second. It is how long one may be cached.</summary>
    public static readonly TimeSpan MakeInterval = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How far a cursor may lie from the recent document: 2 minutes. With the span of that document the answer overlaps what the
    /// cursor stands for by 3 minutes, so late arrivals are in it.
    /// </summary>
    public static readonly TimeSpan MaxCursorAge = TimeSpan.FromMinutes(2);

    private readonly DenylistSync _denylist;
    private readonly TimeSpan _maxStaleness;
    private readonly SignedDocumentMaker _snapshot;
    private readonly SignedDocumentMaker _recent;

    /// <summary>A feed that has made nothing yet.</summary>
    /// <param name="denylist">What is published. Its host keeps it in step.</param>
    /// <param name="issuer">The <c>iss</c> of the documents.</param>
    /// <param name="feedKey">The feed key in use, ES256; null if there is none. Never a key that signs tokens.</param>
    /// <param name="time">The clock.</param>
    /// <param name="maxStaleness">How old our own snapshot may be; null for <see cref="DefaultMaxStaleness"/>.</param>
    public SignedFeed(
        DenylistSync denylist, string issuer, Func<ISigningKey?> feedKey, TimeProvider time, TimeSpan? maxStaleness = null)
    {
        ArgumentNullException.ThrowIfNull(denylist);
        ArgumentException.ThrowIfNullOrEmpty(issuer);
        ArgumentNullException.ThrowIfNull(feedKey);
        ArgumentNullException.ThrowIfNull(time);
        (_denylist, _maxStaleness) = (denylist, maxStaleness ?? DefaultMaxStaleness);
        _snapshot = new(feedKey, time, snapshot => Describe(snapshot, issuer, isWhole: true));
        _recent = new(feedKey, time, snapshot => Describe(snapshot, issuer, isWhole: false));
    }

    /// <summary>The whole window.</summary>
    /// <param name="cancellationToken">Ends this caller's wait; the document is made for the others.</param>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public Task<SignedFeedAnswer> GetSnapshotAsync(CancellationToken cancellationToken = default) =>
        TryGetFresh(out var snapshot, out var problem)
            ? _snapshot.GetAsync(snapshot!, cancellationToken)
            : Task.FromResult(new SignedFeedAnswer(null, problem));

    /// <summary>What a reader of an earlier document does not have yet; the whole window if that cannot be told.</summary>
    /// <param name="after">The <c>cursor</c> of the earlier document. One that is absent, no cursor or too old gets the whole window.</param>
    /// <param name="cancellationToken">Ends this caller's wait; the document is made for the others.</param>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public Task<SignedFeedAnswer> GetChangesAsync(string? after, CancellationToken cancellationToken = default) =>
        TryGetFresh(out var snapshot, out var problem)
            ? (CanContinue(snapshot!, after) ? _recent : _snapshot).GetAsync(snapshot!, cancellationToken)
            : Task.FromResult(new SignedFeedAnswer(null, problem));

    private static DenylistDocument Describe(DenylistSnapshot snapshot, string issuer, bool isWhole)
    {
        var from = (snapshot.AsOf - DenylistDocument.RecentSpan).ToUnixTimeMilliseconds();
        return new()
        {
            Issuer = issuer,
            AsOf = snapshot.AsOf,
            Cursor = snapshot.AsOf.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture),
            IsWhole = isWhole,
            Head = snapshot.Head,
            Rules = isWhole ? snapshot.Rules : [.. snapshot.Rules.Where(rule => rule.IsStanding || rule.StampedAt >= from)],
        };
    }

    /// <summary>Another instance may be a little ahead of us, so a cursor may lie on either side.</summary>
    private static bool CanContinue(DenylistSnapshot snapshot, string? after) =>
        after is { Length: <= DenylistDocument.MaxCursorLength }
        && long.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out var asOf)
        && Math.Abs((double)snapshot.AsOf.ToUnixTimeMilliseconds() - asOf) <= MaxCursorAge.TotalMilliseconds;

    private bool TryGetFresh(out DenylistSnapshot? snapshot, out string problem)
    {
        if (!_denylist.TryGetSnapshot(out snapshot, out var age))
        {
            problem = "The denylist has not been read completely yet.";
            return false;
        }

        problem = age > _maxStaleness
            ? $"The denylist was last read {age.TotalSeconds:F1} s ago; what is older than {_maxStaleness.TotalSeconds} s is not published."
            : "";
        return problem.Length == 0;
    }
}

/// <summary>A document of the feed, or why there is none.</summary>
/// <param name="Document">The compact JWS in ASCII, of media type <see cref="SignedFeed.MediaType"/>; null: answer 503.</param>
/// <param name="Problem">Without a document, why; else empty.</param>
public sealed record SignedFeedAnswer(ReadOnlyMemory<byte>? Document, string Problem);
