using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Validation;

/// <summary>
/// The claims that the checks ask for (RFC 7519 §4.1, RFC 9068 §2.2), read in one pass without an allocation. UTF-8, unescaped;
/// lives as long as the bytes it was read from.
/// </summary>
internal ref struct CheckedClaims
{
    /// <summary>9999-12-31T23:59:59Z: later seconds are no date on this platform.</summary>
    private const long LastSecond = 253402300799;

    private ReadOnlySpan<byte> _issuer;
    private ReadOnlySpan<byte> _subject;
    private ReadOnlySpan<byte> _clientId;
    private ReadOnlySpan<byte> _tokenId;
    private ReadOnlySpan<byte> _sessionId;
    private bool _hasAudience;
    private bool _isForOneOf;
    private long? _expiresAt;
    private long? _issuedAt;
    private long? _notBefore;
    private Seen _seen;

    public readonly ReadOnlySpan<byte> Issuer => _issuer;

    public readonly ReadOnlySpan<byte> Subject => _subject;

    public readonly ReadOnlySpan<byte> ClientId => _clientId;

    public readonly ReadOnlySpan<byte> TokenId => _tokenId;

    public readonly ReadOnlySpan<byte> SessionId => _sessionId;

    /// <summary>Whether one of the <c>aud</c> is among those asked for.</summary>
    public readonly bool IsForOneOf => _isForOneOf;

    /// <summary>The <c>exp</c>, in seconds since 1970 UTC.</summary>
    public readonly long ExpiresAt => _expiresAt.GetValueOrDefault();

    /// <summary>The <c>iat</c>, in seconds since 1970 UTC.</summary>
    public readonly long IssuedAt => _issuedAt.GetValueOrDefault();

    /// <summary>The <c>nbf</c>, in seconds since 1970 UTC; 0 where absent.</summary>
    public readonly long NotBefore => _notBefore.GetValueOrDefault();

    /// <summary>The watermarks that the session has seen.</summary>
    public readonly Seen Seen => _seen;

    /// <summary>Reads a claims set.</summary>
    /// <param name="payload">The decoded second segment.</param>
    /// <param name="space">As long as <paramref name="payload"/>: room for what is written with escapes.</param>
    /// <param name="audiences">The audiences asked for, in UTF-8.</param>
    /// <param name="claims">What was read.</param>
    /// <returns>
    /// False if the payload is not strict JSON, a required claim is missing or empty, a known one is of a wrong type or out of
    /// range, or at no moment could the token be valid: its <c>exp</c> is not after its <c>iat</c> and <c>nbf</c>.
    /// </returns>
    public static bool TryRead(
        ReadOnlySpan<byte> payload, Span<byte> space, ReadOnlySpan<byte[]> audiences, out CheckedClaims claims)
    {
        claims = default;
        var read = default(CheckedClaims);
        var reader = new StrictJsonReader(payload, space);
        if (!reader.TryOpen())
        {
            return false;
        }

        while (reader.NextMember(out var name))
        {
            if (!read.TryReadClaim(name, ref reader, audiences))
            {
                return false;
            }
        }

        claims = read;
        return reader.IsComplete && read.HasAllRequired();
    }

    private bool TryReadClaim(
        scoped ReadOnlySpan<byte> name, scoped ref StrictJsonReader reader, scoped ReadOnlySpan<byte[]> audiences)
    {
        if (name.SequenceEqual("iss"u8))
        {
            return reader.TryReadText(out _issuer);
        }

        if (name.SequenceEqual("sub"u8))
        {
            return reader.TryReadText(out _subject);
        }

        if (name.SequenceEqual("aud"u8))
        {
            return TryReadAudiences(ref reader, audiences);
        }

        if (name.SequenceEqual("client_id"u8))
        {
            return reader.TryReadText(out _clientId);
        }

        if (name.SequenceEqual("iat"u8))
        {
            return TryReadSeconds(ref reader, out _issuedAt);
        }

        if (name.SequenceEqual("exp"u8))
        {
            return TryReadSeconds(ref reader, out _expiresAt);
        }

        if (name.SequenceEqual("jti"u8))
        {
            return reader.TryReadText(out _tokenId);
        }

        if (name.SequenceEqual("sid"u8))
        {
            return reader.TryReadText(out _sessionId);
        }

        if (name.SequenceEqual("nbf"u8))
        {
            return TryReadSeconds(ref reader, out _notBefore);
        }

        if (name.SequenceEqual("auth_time"u8))
        {
            return TryReadSeconds(ref reader, out _);
        }

        if (name.SequenceEqual("scope"u8))
        {
            return reader.TryReadText(out _);
        }

        if (name.SequenceEqual("roles"u8))
        {
            return TryPassTexts(ref reader);
        }

        return name.SequenceEqual("seen"u8) ? TryReadSeen(ref reader) : reader.TrySkip();
    }

    private readonly bool HasAllRequired() => !_issuer.IsEmpty && !_subject.IsEmpty && !_clientId.IsEmpty && !_tokenId.IsEmpty
        && !_sessionId.IsEmpty && _hasAudience && _issuedAt < _expiresAt && !(_notBefore >= _expiresAt); // Comparing with an absent one is false.

    /// <summary>RFC 7519 §4.1.3: one string, or an array of strings.</summary>
    private bool TryReadAudiences(scoped ref StrictJsonReader reader, scoped ReadOnlySpan<byte[]> audiences)
    {
        if (reader.IsAtText())
        {
            return TryReadAudience(ref reader, audiences);
        }

        if (!reader.TryEnterArray())
        {
            return false;
        }

        while (reader.NextElement())
        {
            if (!TryReadAudience(ref reader, audiences))
            {
                return false;
            }
        }

        return _hasAudience;
    }

    private bool TryReadAudience(scoped ref StrictJsonReader reader, scoped ReadOnlySpan<byte[]> audiences)
    {
        if (!reader.TryReadText(out var audience) || audience.IsEmpty)
        {
            return false;
        }

        foreach (var wanted in audiences)
        {
            _isForOneOf |= audience.SequenceEqual(wanted);
        }

        return _hasAudience = true;
    }

    private bool TryReadSeen(scoped ref StrictJsonReader reader)
    {
        if (!reader.TryEnterObject())
        {
            return false;
        }

        while (reader.NextMember(out var name))
        {
            if (!reader.TryReadInteger(out var watermark) || watermark < 0)
            {
                return false;
            }

            if (Seen.FindMember(name) is var (kind, region))
            {
                _seen = _seen.With(kind, region, watermark);
            }
        }

        return true;
    }

    /// <summary>Whole seconds only: no fraction, no exponent, nothing that is no date.</summary>
    private static bool TryReadSeconds(ref StrictJsonReader reader, out long? seconds)
    {
        var isRead = reader.TryReadInteger(out var value) && value is >= 0 and <= LastSecond;
        seconds = isRead ? value : null;
        return isRead;
    }

    private static bool TryPassTexts(ref StrictJsonReader reader)
    {
        if (!reader.TryEnterArray())
        {
            return false;
        }

        while (reader.NextElement())
        {
            if (!reader.TryReadText(out _))
            {
                return false;
            }
        }

        return true;
    }
}
