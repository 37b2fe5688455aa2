using System.Text;
using TokenSessions.Validation.Jose;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Validation.Denylist;

/// <summary>The signed feed of a service, read over HTTP. Whoever hosts the documents need not be trusted: they are signed and age.</summary>
public sealed class HttpDenylistFeed : IDenylistFeed
{
    /// <summary>How far the clock of a document's maker may be ahead of ours: 5 seconds. Beyond, one of the two is wrong.</summary>
    public static readonly TimeSpan MaxClockAhead = TimeSpan.FromSeconds(5);

    /// <summary>The longest answer read of what comes after a cursor, in bytes: 8 MiB. Beyond, the snapshot is read instead.</summary>
    private const int MaxChangesLength = 8 * 1024 * 1024;

    private readonly HttpClient _http;
    private readonly Uri _snapshot;
    private readonly Uri _changes;
    private readonly string _issuer;
    private readonly KeySetCache _feedKeys;
    private readonly TimeProvider _time;
    private readonly TimeSpan _maxStaleness;
    private readonly Lock _gate = new();

    // Under the gate. Never dropped: a stolen key stays stolen, and its documents would not name the rule against it. An honest
    // service whose standing rules are more than a document takes publishes none, so that they are no more here either.
    private readonly HashSet<RuleKey> _deniedByOthers = [];
    private (string Cursor, DateTimeOffset AsOf)? _newest;

    /// <summary>A feed that has read nothing yet.</summary>
    /// <param name="http">Must not follow redirects; stays the caller's. An API key of the host goes into its default headers.</param>
    /// <param name="baseUri">Ends with a slash; <c>snapshot</c> and <c>changes</c> stand below it. https, or http on this machine.</param>
    /// <param name="issuer">The exact <c>iss</c> of the documents.</param>
    /// <param name="feedKeys">
    /// The issuer's feed keys (<c>/.well-known/denylist-jwks.json</c>). Never the keys of its tokens: a stolen token key must not
    /// be able to forge a feed that hides the rule against it.
    /// </param>
    /// <param name="time">The clock.</param>
    /// <param name="maxStaleness">A document older than this is no answer. As in <see cref="TokenValidationOptions.MaxStaleness"/>.</param>
    /// <exception cref="ArgumentException">The address is not such an address.</exception>
    public HttpDenylistFeed(
        HttpClient http, Uri baseUri, string issuer, KeySetCache feedKeys, TimeProvider time, TimeSpan maxStaleness)
    {
        ArgumentNullException.ThrowIfNull(http);
        ArgumentNullException.ThrowIfNull(baseUri);
        ArgumentException.ThrowIfNullOrEmpty(issuer);
        ArgumentNullException.ThrowIfNull(feedKeys);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(maxStaleness, TimeSpan.Zero);
        if (!HttpDocument.IsTrustworthy(baseUri) || baseUri.Query.Length > 0 || baseUri.Fragment.Length > 0
            || !baseUri.AbsolutePath.EndsWith('/'))
        {
            throw new ArgumentException(
                $"{baseUri} must be https, or http on this machine, and end with a slash, without query and fragment.", nameof(baseUri));
        }

        (_http, _issuer, _feedKeys, _time, _maxStaleness) = (http, issuer, feedKeys, time, maxStaleness);
        (_snapshot, _changes) = (new(baseUri, "snapshot"), new(baseUri, "changes"));
    }

    /// <inheritdoc/>
    public async Task<DenylistChanges> ReadAsync(DateTimeOffset? since, CancellationToken cancellationToken)
    {
        DenylistDocument? document = null;
        if (since is { } from && Cursor() is { } cursor)
        {
            var uri = new UriBuilder(_changes) { Query = "after=" + Uri.EscapeDataString(cursor) }.Uri;
            document = await FetchChangesAsync(uri, cancellationToken).ConfigureAwait(false);
            if (document is { IsWhole: false } && from < document.AsOf - DenylistDocument.RecentSpan)
            {
                document = null; // Whoever hosts it gave less than we asked for; rules could be missing in between.
            }
        }

        if (document is null)
        {
            document = await FetchAsync(_snapshot, DenylistDocument.MaxLength, cancellationToken).ConfigureAwait(false);
            if (!document.IsWhole)
            {
                throw new DenylistUnavailableException($"{_snapshot} gave a part of the denylist for the whole.");
            }
        }

        lock (_gate)
        {
            // The whole window is asked for to start afresh, after the clocks were set back too.
            if (since is null || _newest is not { } newest || document.AsOf >= newest.AsOf)
            {
                _newest = (document.Cursor, document.AsOf);
            }
        }

        return new(document.AsOf, document.Head, document.Rules as IReadOnlyList<DenylistRule> ?? [.. document.Rules], document.IsWhole) { IsCopy = true };
    }

    private string? Cursor()
    {
        lock (_gate)
        {
            return _newest?.Cursor;
        }
    }

    /// <returns>Null if it is longer than such an answer may be.</returns>
    private async Task<DenylistDocument?> FetchChangesAsync(Uri uri, CancellationToken cancellationToken)
    {
        try
        {
            return await FetchAsync(uri, MaxChangesLength, cancellationToken).ConfigureAwait(false);
        }
        catch (DenylistUnavailableException e)
            when (e.InnerException is HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded })
        {
            return null;
        }
    }

    /// <summary>Fetches one document and checks it. Helpers compute; this method decides.</summary>
    private async Task<DenylistDocument> FetchAsync(Uri uri, int maxLength, CancellationToken cancellationToken)
    {
        byte[] text;
        try
        {
            text = await HttpDocument.GetAsync(_http, uri, maxLength, cancellationToken).ConfigureAwait(false);
        }
        catch (HttpRequestException e)
        {
            throw new DenylistUnavailableException($"The denylist could not be fetched from {uri.GetLeftPart(UriPartial.Path)}: {e.Message}", e);
        }

        // Until its signature holds, nothing in it is believed, and nothing of it is repeated in a message.
        if (SignedDenylistDocument.Split(text) is not { } jws)
        {
            throw Refused(uri, "it is not a compact JWS");
        }

        var keyId = ReadKeyId(uri, jws);
        var lookup = await _feedKeys.FindAsync(keyId, cancellationToken).ConfigureAwait(false);
        if (lookup.Key is not { } key || key.Algorithm != SignatureAlgorithm.ES256)
        {
            throw Refused(uri, lookup.Rejection == TokenRejection.KeysUnavailable
                ? "the issuer's feed keys cannot be fetched"
                : "its kid names no ES256 feed key of the issuer");
        }

        if (IsDenied(keyId))
        {
            throw Refused(uri, $"its key {keyId} has been revoked");
        }

        if (!jws.IsSignedBy(key))
        {
            throw Refused(uri, "its signature does not hold");
        }

        var document = Parse(uri, jws);
        if (document.Issuer != _issuer)
        {
            throw Refused(uri, $"its iss is not {_issuer}");
        }

        var age = _time.GetUtcNow() - document.AsOf;
        if (age < -MaxClockAhead)
        {
            throw Refused(uri, $"it is as of {document.AsOf:O}, {-age.TotalSeconds:F1} s ahead of our clock; one of the two clocks is wrong");
        }

        if (age > _maxStaleness)
        {
            throw Refused(uri, $"it is as of {document.AsOf:O}, {age.TotalSeconds:F1} s ago; at most {_maxStaleness.TotalSeconds} s count");
        }

        NoteDenied(document, keyId);
        return document;
    }

    /// <summary>Checks the header.</summary>
    /// <returns>Its <c>kid</c>.</returns>
    private static string ReadKeyId(Uri uri, SignedDenylistDocument jws)
    {
        if (!jws.TryReadHeader(out var header) || header.HasExtension)
        {
            throw Refused(uri, "it is not a compact JWS");
        }

        if (Encoding.UTF8.GetString(header.Type) != DenylistDocument.Type)
        {
            throw Refused(uri, $"its typ is not {DenylistDocument.Type}");
        }

        if (SignatureAlgorithm.Find(header.Algorithm) != SignatureAlgorithm.ES256)
        {
            throw Refused(uri, $"its alg is not {SignatureAlgorithm.ES256}");
        }

        if (Encoding.UTF8.GetString(header.KeyId) is not { Length: > 0 and <= VerificationKey.MaxKeyIdLength } keyId)
        {
            throw Refused(uri, "it has no kid");
        }

        return keyId;
    }

    private static DenylistDocument Parse(Uri uri, SignedDenylistDocument jws)
    {
        try
        {
            return jws.DecodePayload() is { } payload
                ? DenylistDocument.Parse(payload)
                : throw Refused(uri, "it is not a compact JWS");
        }
        catch (FormatException e)
        {
            throw Refused(uri, e.Message.TrimEnd('.'), e);
        }
    }

    private bool IsDenied(string keyId)
    {
        lock (_gate)
        {
            return _deniedByOthers.Contains(RuleFor(keyId));
        }
    }

    /// <summary>
    /// A rule against a feed key counts only from a document under another one: what a key says of itself proves nothing, since
    /// to believe it would be to disbelieve it.
    /// </summary>
    private void NoteDenied(DenylistDocument document, string signedBy)
    {
        var own = RuleFor(signedBy);
        lock (_gate)
        {
            foreach (var rule in document.Rules)
            {
                if (rule.IsStanding && rule.Key != own)
                {
                    _deniedByOthers.Add(rule.Key);
                }
            }
        }
    }

    private RuleKey RuleFor(string keyId) => RuleKey.For(_issuer, RuleKind.Key, keyId);

    private static DenylistUnavailableException Refused(Uri uri, string why, Exception? innerException = null) =>
        new($"The denylist document of {uri} is refused: {why}.", innerException);
}
