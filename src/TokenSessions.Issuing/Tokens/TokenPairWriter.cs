using System.Security.Cryptography;
using TokenSessions.Issuing.Denylist;
using TokenSessions.Issuing.Keys;

namespace TokenSessions.Issuing.Tokens;

/// <summary>Writes the two tokens of a session's generation.</summary>
internal sealed class TokenPairWriter(SessionIssuerOptions options, IssuingMetrics metrics)
{
    /// <summary>The largest part of its lifetime by which a token expires early, so that refreshes do not come in herds: 1/20.</summary>
    private const int JitterDivisor = 20;

    private readonly TokenWriter _writer = new(metrics);

    /// <summary>Signs an access token and seals the refresh token that follows it.</summary>
    /// <param name="session">The session; its times are those of its last token, and are replaced.</param>
    /// <param name="subject">What the directory says of the subject today.</param>
    /// <param name="audience">The session's audience.</param>
    /// <param name="scopes">Of the access token.</param>
    /// <param name="issuedAt">The <c>iat</c>: before the store was asked. Before the session's end.</param>
    /// <param name="lifetime">Of the access token.</param>
    /// <param name="keys">The ring, leased.</param>
    /// <param name="authority">Says which keys are revoked.</param>
    /// <param name="cancellationToken">The request's deadline: past it nothing is signed.</param>
    /// <exception cref="SigningKeyUnavailableException">There is no key in use, or it does not sign.</exception>
    /// <exception cref="SubjectRecordException">The directory's claims make no token.</exception>
    public async Task<IssuedTokens> WriteAsync(
        RefreshToken session, SubjectRecord subject, Audience audience, IReadOnlyList<string> scopes, DateTimeOffset issuedAt,
        TimeSpan lifetime, KeyRing keys, AuthorityReading authority, CancellationToken cancellationToken)
    {
        var signingKey = keys.FindSigningKey(audience.Algorithm, issuedAt, authority.IsKeyRevoked)
            ?? throw new SigningKeyUnavailableException($"The key ring has no signing key ({audience.Algorithm}) in use.");
        var sealingKey = keys.FindSealingKey(issuedAt, authority.IsKeyRevoked)
            ?? throw new SigningKeyUnavailableException("The key ring has no sealing key in use.");

        var now = issuedAt.ToUnixTimeSeconds();
        var jitter = RandomNumberGenerator.GetInt32(((int)lifetime.TotalSeconds / JitterDivisor) + 1);
        var expiresAt = Math.Min(now + (long)lifetime.TotalSeconds - jitter, session.SessionEndsAt);
        var refresh = session with
        {
            IssuedAt = now,
            ExpiresAt = Math.Min(now + (long)options.RefreshIdleLifetime.TotalSeconds, session.SessionEndsAt),
        };
        // Sealed first, because it costs nothing: too many scopes are found before a signature is paid for.
        var refreshText = TokenSealer.Seal(refresh, sealingKey);

        var access = new AccessToken
        {
            Session = session,
            TokenId = TokenId.New(),
            IssuedAt = now,
            ExpiresAt = expiresAt,
            Scopes = scopes,
            Subject = subject,
        };
        var accessText = await _writer.WriteAsync(access, signingKey.SigningKey, audience.Type, cancellationToken).ConfigureAwait(false);
        return new(
            accessText, TimeSpan.FromSeconds(expiresAt - now), refreshText, TimeSpan.FromSeconds(refresh.ExpiresAt - now), scopes,
            session.SessionId);
    }
}
