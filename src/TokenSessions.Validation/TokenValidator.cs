using System.Diagnostics.Metrics;
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
    private readonly KeySetCache _keys;
    private readonly DenylistSync? _denylist;
    private readonly TimeProvider _time;
    private readonly Counter<long> _validated;

    /// <summary>A validator for one API.</summary>
    /// <param name="options">What it accepts. Copied.</param>
    /// <param name="keys">The issuer's keys.</param>
    /// <param name="denylist">The issuer's denylist; null only with <see cref="TokenValidationOptions.AcceptTokensWithoutDenylist"/>.</param>
    /// <param name="time">The clock that decides expiry.</param>
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

        (_keys, _denylist, _time) = (keys, denylist, time);
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
    public ValueTask<TokenValidationResult> ValidateAsync(string token, CancellationToken cancellationToken = default) =>
        ValidateAsync(token, TimeSpan.MaxValue, cancellationToken);

    /// <inheritdoc cref="ValidateAsync(string, CancellationToken)"/>
    /// <param name="token">The compact JWS as received, without the <c>Bearer </c> prefix.</param>
    /// <param name="acceptWhileDenylistIsDown">
    /// Lowers <see cref="TokenValidationOptions.AcceptTokensWhileDenylistIsDown"/> for this call; a larger value changes nothing.
    /// </param>
    /// <param name="cancellationToken">Ends the wait for keys.</param>
    public async ValueTask<TokenValidationResult> ValidateAsync(
        string token, TimeSpan acceptWhileDenylistIsDown, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(token);
        var result = await DecideAsync(token, acceptWhileDenylistIsDown, cancellationToken).ConfigureAwait(false);
        _validated.Add(1, new KeyValuePair<string, object?>("result", result.ToString()));
        return result;
    }

    /// <summary>All checks, in order. Helpers compute; this method decides.</summary>
    private async ValueTask<TokenValidationResult> DecideAsync(
        string token, TimeSpan acceptWhileDenylistIsDown, CancellationToken cancellationToken)
    {
        // 1. Shape.
        if (token.Length > MaxTokenLength)
        {
            return new(TokenRejection.TooLong);
        }

        if (!CompactJws.TrySplit(token, out var jws) || !jws.TryReadHeader(out var header))
        {
            return new(TokenRejection.Malformed);
        }

        // 2. Header.
        if (header.HasExtension)
        {
            return new(TokenRejection.ExtensionNotSupported);
        }

        if (!IsTypeAccepted(header.Type))
        {
            return new(TokenRejection.TypeNotAccepted);
        }

        if (SignatureAlgorithm.Find(header.Algorithm) is not { } algorithm)
        {
            return new(TokenRejection.AlgorithmNotAllowed);
        }

        if (header.KeyId is not { Length: > 0 and <= VerificationKey.MaxKeyIdLength } keyId)
        {
            return new(TokenRejection.KeyIdMissing);
        }

        // 3. Key: of exactly this issuer, for exactly one algorithm.
        var lookup = await _keys.FindAsync(keyId, cancellationToken).ConfigureAwait(false);
        if (lookup.Key is not { } key)
        {
            return new(lookup.Rejection);
        }

        if (key.Algorithm != algorithm)
        {
            return new(TokenRejection.AlgorithmNotAllowed);
        }

        // 4. Signature.
        if (!jws.IsSignedBy(key))
        {
            return new(TokenRejection.SignatureInvalid);
        }

        // 5. Claims.
        var payload = jws.DecodePayload();
        if (TokenClaims.Read(payload) is not { } claims)
        {
            return new(TokenRejection.ClaimsInvalid);
        }

        if (claims.Issuer != _options.Issuer)
        {
            return new(TokenRejection.IssuerMismatch);
        }

        if (!_options.AcceptAnyAudience && !claims.Audiences.Any(_options.Audiences.Contains))
        {
            return new(TokenRejection.AudienceMismatch);
        }

        var now = _time.GetUtcNow();
        if (Expiry.IsReached(claims.ExpiresAt, now, _options.ClockSkew + _options.AcceptTokensExpiredFor))
        {
            return new(TokenRejection.Expired);
        }

        var lifetime = TimeSpan.FromSeconds(claims.ExpiresAt - claims.IssuedAt);
        if (lifetime > _options.MaxTokenLifetime)
        {
            return new(TokenRejection.LifetimeTooLong);
        }

        if (Expiry.IsInFuture(claims.IssuedAt, now, _options.ClockSkew)
            || (claims.NotBefore is { } notBefore && Expiry.IsInFuture(notBefore, now, _options.ClockSkew)))
        {
            return new(TokenRejection.NotYetValid);
        }

        // 6. Denylist: clear, denied, or unknown. Denied is certain however old the snapshot is.
        var isOnStaleDenylist = false;
        if (_denylist is not null)
        {
            if (!_denylist.TryGetSnapshot(out var snapshot, out var age))
            {
                return new(TokenRejection.RevocationUnknown);
            }

            if (IsDenied(snapshot, claims, keyId))
            {
                return new(TokenRejection.Revoked);
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

        return new(new ValidatedToken(claims, keyId, payload), isOnStaleDenylist);
    }

    /// <summary>RFC 7515 §4.1.9: <c>application/</c> may be left out; media types compare in any case.</summary>
    private bool IsTypeAccepted(string? type)
    {
        if (type is null)
        {
            return false;
        }

        var name = type.StartsWith(TokenValidationOptions.TypePrefix, StringComparison.OrdinalIgnoreCase) ? type[TokenValidationOptions.TypePrefix.Length..] : type;
        return _options.Types.Contains(name, StringComparer.OrdinalIgnoreCase);
    }

    private static bool IsDenied(DenylistSnapshot snapshot, TokenClaims claims, string keyId) =>
        snapshot.Rules.Count > 0
        && (snapshot.Denies(RuleKey.For(claims.Issuer, RuleKind.Token, claims.TokenId))
            || snapshot.Denies(RuleKey.For(claims.Issuer, RuleKind.Session, claims.SessionId))
            || snapshot.Denies(RuleKey.For(claims.Issuer, RuleKind.Key, keyId))
            || IsDeniedByWatermark(snapshot, claims));

    /// <summary>Each region counts the T of its watermarks by itself; what denies outright has no region.</summary>
    private static bool IsDeniedByWatermark(DenylistSnapshot snapshot, TokenClaims claims)
    {
        for (var region = 0; region < snapshot.Head.Regions; region++)
        {
            if (Denies(RuleKind.Subject, claims.Subject, region)
                || Denies(RuleKind.Client, claims.ClientId, region)
                || Denies(RuleKind.All, "", region))
            {
                return true;
            }
        }

        return false;

        bool Denies(RuleKind kind, string value, int region) =>
            snapshot.Denies(RuleKey.For(claims.Issuer, kind, value, region), claims.Seen[kind, region]);
    }

    private TimeSpan Outage(TimeSpan lowered) =>
        lowered < _options.AcceptTokensWhileDenylistIsDown ? lowered : _options.AcceptTokensWhileDenylistIsDown;
}
