using System.Buffers;
using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Jose;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Validation;

/// <summary>Verifies access tokens with no server storage and no call per request (RFC 7519 §7.2, RFC 9068 §4).</summary>
public sealed class TokenValidator
{
    /// <summary>The longest token read, in characters.</summary>
    public const int MaxTokenLength = 8192;

    private readonly TokenValidationOptions _options;
    private readonly byte[] _issuer;
    private readonly byte[][] _audiences;
    private readonly byte[][] _types;
    private readonly KeySetCache _keys;
    private readonly DenylistSync? _denylist;
    private readonly TimeProvider _time;
    private readonly TokenMemory? _memory;
    private readonly SharedRuleKeys _clientRules;
    private readonly SharedRuleKeys _keyRules;
    private readonly RuleKey[] _allRules;
    private readonly Counter<long> _validated;

    /// <summary>A validator for one API.</summary>
    /// <param name="options">What it accepts. Copied.</param>
    /// <param name="keys">The issuer's keys.</param>
    /// <param name="denylist">The issuer's denylist; null only with <see cref="TokenValidationOptions.AcceptTokensWithoutDenylist"/>.</param>
    /// <param name="time">The clock that decides expiry, and how old keys and denylist are: the very one that both were given.</param>
    /// <param name="meters">Where <c>tokensessions.tokens.validated</c> is counted, by result.</param>
    /// <exception cref="ArgumentException">The options cannot be used; the message names every problem.</exception>
    public TokenValidator(
        TokenValidationOptions options, KeySetCache keys, DenylistSync? denylist, TimeProvider time, IMeterFactory? meters = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(time);
        // Our own copy, and the one we check: the caller may go on changing theirs.
        _options = options with { Audiences = [.. options.Audiences], Types = [.. options.Types] };
        if (_options.Problems().ToArray() is { Length: > 0 } problems)
        {
            throw new ArgumentException(string.Join(' ', problems), nameof(options));
        }

        if (denylist is null && !_options.AcceptTokensWithoutDenylist)
        {
            throw new ArgumentException(
                $"Without a denylist no revocation is seen: give one, or say {nameof(options.AcceptTokensWithoutDenylist)}.", nameof(denylist));
        }

        if (keys.Time != time || (denylist is not null && denylist.Time != time))
        {
            throw new ArgumentException("Keys, denylist and validator must be given the same clock: what one has read, another measures.", nameof(time));
        }

        (_keys, _denylist, _time) = (keys, denylist, time);
        _issuer = Encoding.UTF8.GetBytes(_options.Issuer);
        _audiences = [.. _options.Audiences.Select(Encoding.UTF8.GetBytes)];
        _types = [.. _options.Types.Select(Encoding.UTF8.GetBytes)];
        _memory = _options.MaxRememberedTokens > 0 ? new(_options.MaxRememberedTokens, _options.MaxRememberedBytes) : null;
        _clientRules = new(_issuer, RuleKind.Client, DenylistHead.MaxRegions);
        _keyRules = new(_issuer, RuleKind.Key, regions: 1);
        _allRules = [.. Enumerable.Range(0, DenylistHead.MaxRegions).Select(region => RuleKey.For(_options.Issuer, RuleKind.All, "", region))];
        _validated = Metering.Create(meters).CreateCounter<long>(
            "tokensessions.tokens.validated", "{token}", "Access tokens checked, by result.");
    }

    /// <summary>Decides whether an access token is good for this API at this moment.</summary>
    /// <param name="token">The compact JWS as received, without the <c>Bearer </c> prefix.</param>
    /// <param name="cancellationToken">Ends the wait for keys.</param>
    /// <returns>The token, or the first reason against it. Nothing inside a token can make this method throw.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    /// <remarks>
    /// Cheapest check first, and nothing from the token is believed before its signature holds. The denylist comes last.
    /// Completes synchronously unless a key set has to be fetched.
    /// </remarks>
    public ValueTask<TokenValidationResult> ValidateAsync(string token, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(token);
        return ValidateAsync(token.AsMemory(), TimeSpan.MaxValue, cancellationToken);
    }

    /// <inheritdoc cref="ValidateAsync(string, CancellationToken)"/>
    /// <param name="token">
    /// The compact JWS as received, without the <c>Bearer </c> prefix. A part of a string, such as a header's value, is kept with
    /// that string while the token is remembered; of anything else a copy is made.
    /// </param>
    /// <param name="acceptWhileDenylistIsDown">
    /// Lowers <see cref="TokenValidationOptions.AcceptTokensWhileDenylistIsDown"/> for this call; a larger value changes nothing.
    /// </param>
    /// <param name="cancellationToken">Ends the wait for keys.</param>
    [MethodImpl(MethodImplOptions.NoInlining)] // Within the other, the result would be copied twice on its way out.
    public ValueTask<TokenValidationResult> ValidateAsync(
        ReadOnlyMemory<char> token, TimeSpan acceptWhileDenylistIsDown, CancellationToken cancellationToken = default)
    {
        if (token.Length > MaxTokenLength)
        {
            return new(Counted(new(TokenRejection.TooLong)));
        }

        var result = Decide(token, Moment.Now(_time), acceptWhileDenylistIsDown, fetched: null, out var keyToFetch);
        if (keyToFetch is not null)
        {
            return FetchAndDecideAsync(token, keyToFetch, acceptWhileDenylistIsDown, cancellationToken);
        }

        return new(Counted(result));
    }

    private async ValueTask<TokenValidationResult> FetchAndDecideAsync(
        ReadOnlyMemory<char> token, string keyToFetch, TimeSpan acceptWhileDenylistIsDown, CancellationToken cancellationToken)
    {
        // Whoever gave memory that is no string may use it for something else while we wait.
        var text = MemoryMarshal.TryGetString(token, out _, out _, out _) ? token : token.ToArray();
        var fetched = await _keys.FindAsync(keyToFetch, cancellationToken).ConfigureAwait(false);
        return Counted(Decide(text, Moment.Now(_time), acceptWhileDenylistIsDown, fetched, out _));
    }

    private TokenValidationResult Counted(TokenValidationResult result)
    {
        _validated.Add(1, new KeyValuePair<string, object?>("result", result.ToString()));
        return result;
    }

    /// <summary>
    /// All checks, in order. What the text alone decides is asked once, by <see cref="Verify"/>; the key, the time and the denylist
    /// are asked every time. Helpers compute; these two methods decide.
    /// </summary>
    /// <param name="received">The token.</param>
    /// <param name="now">This moment.</param>
    /// <param name="acceptWhileDenylistIsDown">See <see cref="ValidateAsync(ReadOnlyMemory{char}, TimeSpan, CancellationToken)"/>.</param>
    /// <param name="fetched">What became of <paramref name="keyToFetch"/>; null before it was asked for.</param>
    /// <param name="keyToFetch">The <c>kid</c> without which nothing can be said yet, if not null; then the result means nothing.</param>
    private TokenValidationResult Decide(
        ReadOnlyMemory<char> received, in Moment now, TimeSpan acceptWhileDenylistIsDown, KeyLookup? fetched, out string? keyToFetch)
    {
        keyToFetch = null;
        var keys = _keys.CurrentAt(now);

        // 1 to 5. What was verified before, is verified: but only while the issuer still publishes that very key.
        var token = _memory?.Find(received.Span, now.Wall);
        var isRemembered = token is not null && HasKey(keys, token);
        if (!isRemembered)
        {
            var rejection = Verify(received, keys, fetched, out token, out keyToFetch);
            if (token is null)
            {
                return new(rejection);
            }
        }

        // 5. Times.
        if (Expiry.IsReached(token!.ExpiresAtSeconds, now.Wall, _options.ClockSkew + _options.AcceptTokensExpiredFor))
        {
            return new(TokenRejection.Expired);
        }

        var lifetime = token.Lifetime;
        if (lifetime > _options.MaxTokenLifetime)
        {
            return new(TokenRejection.LifetimeTooLong);
        }

        if (Expiry.IsInFuture(token.NotBeforeSeconds, now.Wall, _options.ClockSkew))
        {
            return new(TokenRejection.NotYetValid);
        }

        // 6. Denylist: clear, denied, or unknown. Denied is certain however old the snapshot is.
        var isOnStaleDenylist = false;
        if (_denylist is not null)
        {
            if (!_denylist.TryGetSnapshot(now, out var snapshot, out var age))
            {
                return new(TokenRejection.RevocationUnknown);
            }

            // Once our clock was set back it could outlive its rules. Further apart than clocks may be, nobody can tell which is wrong.
            if (snapshot.AsOf > now.Wall
                && Expiry.IsReached(token.ExpiresAtSeconds, snapshot.AsOf, _options.ClockSkew + _options.AcceptTokensExpiredFor))
            {
                var isOneWrong = snapshot.AsOf - now.Wall > HttpDenylistFeed.MaxClockAhead;
                return new(isOneWrong ? TokenRejection.RevocationUnknown : TokenRejection.Expired);
            }

            if (token.ClearIn != snapshot.Version)
            {
                if (IsDenied(snapshot, token))
                {
                    return new(TokenRejection.Revoked);
                }

                token.ClearIn = snapshot.Version; // Not every time: threads with one token would write the same line of memory.
            }

            if (lifetime > snapshot.Head.LongestAccessTokenLifetime)
            {
                return new(TokenRejection.LifetimeTooLong); // Its rules may have left the feed before it expires.
            }

            isOnStaleDenylist = age > _options.MaxStaleness;
            if (isOnStaleDenylist && age - _options.MaxStaleness > Outage(acceptWhileDenylistIsDown))
            {
                return new(TokenRejection.RevocationUnknown);
            }
        }

        if (!isRemembered)
        {
            _memory?.Add(token, now.Wall);
        }

        return new(token, isOnStaleDenylist);
    }

    /// <summary>The checks that the text alone decides, in order. Nothing from it is believed before its signature holds.</summary>
    /// <returns>Why there is no token; means nothing if there is one, or if a key has to be fetched first.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)] // What it needs on the stack would be cleared for every repeat too.
    private TokenRejection Verify(ReadOnlyMemory<char> received, KeySet? keys, KeyLookup? fetched, out ValidatedToken? token, out string? keyToFetch)
    {
        token = null;
        keyToFetch = null;
        var length = received.Length;
        var rented = ArrayPool<byte>.Shared.Rent(3 * length);
        try
        {
            // The token in ASCII; what is decoded of it; what of that is unescaped. The latter two never are longer.
            var ascii = rented.AsSpan(0, length);
            var space = rented.AsSpan(length, 2 * length);
            Encoding.ASCII.GetBytes(received.Span, ascii);

            // 1. Shape.
            if (!CompactJws.TrySplit(ascii, out var jws) || !jws.TryReadHeader(space, out var header))
            {
                return TokenRejection.Malformed;
            }

            // 2. Header.
            if (header.HasExtension)
            {
                return TokenRejection.ExtensionNotSupported;
            }

            if (!IsTypeAccepted(header.Type))
            {
                return TokenRejection.TypeNotAccepted;
            }

            if (SignatureAlgorithm.Find(header.Algorithm) is not { } algorithm)
            {
                return TokenRejection.AlgorithmNotAllowed;
            }

            if (header.KeyId.IsEmpty || Encoding.UTF8.GetCharCount(header.KeyId) > VerificationKey.MaxKeyIdLength)
            {
                return TokenRejection.KeyIdMissing;
            }

            // 3. Key: of exactly this issuer, for exactly one algorithm.
            if ((fetched?.Key ?? keys?.Find(header.KeyId)) is not { } key)
            {
                var refusal = fetched is { } missed ? missed.Rejection : _keys.RefusalOfUnknown(keys);
                keyToFetch = refusal is null ? Encoding.UTF8.GetString(header.KeyId) : null;
                return refusal.GetValueOrDefault();
            }

            if (key.Algorithm != algorithm)
            {
                return TokenRejection.AlgorithmNotAllowed;
            }

            // 4. Signature.
            if (!jws.IsSignedBy(key))
            {
                return TokenRejection.SignatureInvalid;
            }

            // 5. Claims.
            StrictBase64Url.TryDecode(ascii[jws.Payload], space, out var payloadLength);
            if (!CheckedClaims.TryRead(space[..payloadLength], space[payloadLength..], _audiences, out var claims))
            {
                return TokenRejection.ClaimsInvalid;
            }

            if (!claims.Issuer.SequenceEqual(_issuer))
            {
                return TokenRejection.IssuerMismatch;
            }

            if (!_options.AcceptAnyAudience && !claims.IsForOneOf)
            {
                return TokenRejection.AudienceMismatch;
            }

            // A key that was fetched just now may be of another set than the one at hand.
            token = Keep(TokenText.Of(received, ascii), key, claims, fetched is null ? keys : null);
            return default;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>RFC 7515 §4.1.9: <c>application/</c> may be left out; media types compare in any case.</summary>
    private bool IsTypeAccepted(ReadOnlySpan<byte> type)
    {
        var prefix = TokenValidationOptions.TypePrefix.Length;
        var name = type.Length > prefix && Ascii.EqualsIgnoreCase(type[..prefix], TokenValidationOptions.TypePrefix) ? type[prefix..] : type;
        foreach (var accepted in _types)
        {
            if (Ascii.EqualsIgnoreCase(name, accepted))
            {
                return true;
            }
        }

        return false;
    }

    private ValidatedToken Keep(TokenText text, VerificationKey key, in CheckedClaims claims, KeySet? foundIn) => _denylist is null
        ? new(text, key, claims) { KeyFoundIn = foundIn }
        : new(text, key, claims)
        {
            KeyFoundIn = foundIn,
            TokenRule = RuleKey.For(_issuer, RuleKind.Token, claims.TokenId),
            SessionRule = RuleKey.For(_issuer, RuleKind.Session, claims.SessionId),
            SubjectRule = RuleKey.For(_issuer, RuleKind.Subject, claims.Subject),
            ClientRules = _clientRules.Of(claims.ClientId),
            KeyRule = _keyRules.Of(key.Utf8KeyId)[0],
        };

    /// <summary>Whether the set has the very key that verified the token, whichever object holds it there.</summary>
    private static bool HasKey(KeySet? keys, ValidatedToken token)
    {
        if (keys is null)
        {
            return false;
        }

        if (token.KeyFoundIn != keys)
        {
            if (keys.Find(token.Key.Utf8KeyId) is not { } key || !key.IsSameAs(token.Key))
            {
                return false;
            }

            token.KeyFoundIn = keys;
        }

        return true;
    }

    private bool IsDenied(DenylistSnapshot snapshot, ValidatedToken token) =>
        snapshot.Denies(token.TokenRule)
        || snapshot.Denies(token.SessionRule)
        || snapshot.Denies(token.KeyRule)
        || (snapshot.HasWatermarks && IsDeniedByWatermark(snapshot, token));

    /// <summary>Each region counts the T of its watermarks by itself; what denies outright has no region.</summary>
    private bool IsDeniedByWatermark(DenylistSnapshot snapshot, ValidatedToken token)
    {
        for (var region = 0; region < snapshot.Head.Regions; region++)
        {
            var subject = region == 0
                ? token.SubjectRule
                : RuleKey.For(_options.Issuer, RuleKind.Subject, token.Subject, region);
            if (snapshot.Denies(subject, token.Seen[RuleKind.Subject, region])
                || snapshot.Denies(token.ClientRules[region], token.Seen[RuleKind.Client, region])
                || snapshot.Denies(_allRules[region], token.Seen[RuleKind.All, region]))
            {
                return true;
            }
        }

        return false;
    }

    private TimeSpan Outage(TimeSpan lowered) =>
        lowered < _options.AcceptTokensWhileDenylistIsDown ? lowered : _options.AcceptTokensWhileDenylistIsDown;
}
