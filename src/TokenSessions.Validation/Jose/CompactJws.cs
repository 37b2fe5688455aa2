using TokenSessions.Validation.Keys;

namespace TokenSessions.Validation.Jose;

/// <summary>The three segments of a compact JWS (RFC 7515 §7.1), still encoded. Nothing in it has been believed yet.</summary>
internal readonly ref struct CompactJws
{
    /// <summary>The longest signature read, in bytes: an RSA key of 8,192 bits.</summary>
    private const int MaxSignatureLength = 1024;

    private readonly ReadOnlySpan<byte> _token;
    private readonly int _firstDot;
    private readonly int _secondDot;

    private CompactJws(ReadOnlySpan<byte> token, int firstDot, int secondDot)
    {
        _token = token;
        (_firstDot, _secondDot) = (firstDot, secondDot);
    }

    /// <summary>Where the payload stands in the token.</summary>
    public Range Payload => (_firstDot + 1).._secondDot;

    private ReadOnlySpan<byte> HeaderSegment => _token[.._firstDot];

    private ReadOnlySpan<byte> SignatureSegment => _token[(_secondDot + 1)..];

    /// <summary>Finds the segments.</summary>
    /// <param name="token">ASCII; whatever else was received stands here as a character that is no base64url.</param>
    /// <param name="jws">The segments.</param>
    /// <returns>False unless these are exactly three segments, none empty, each the one canonical base64url of some bytes.</returns>
    public static bool TrySplit(ReadOnlySpan<byte> token, out CompactJws jws)
    {
        var firstDot = token.IndexOf((byte)'.');
        var secondDot = firstDot < 0 ? -1 : token[(firstDot + 1)..].IndexOf((byte)'.') + firstDot + 1;
        if (secondDot <= firstDot)
        {
            jws = default;
            return false;
        }

        // A third dot is no base64url character, so it is found below.
        jws = new(token, firstDot, secondDot);
        return IsSegment(jws.HeaderSegment) && IsSegment(token[jws.Payload]) && IsSegment(jws.SignatureSegment);
    }

    /// <summary>Reads the header.</summary>
    /// <param name="space">Where it is decoded and unescaped: at least as long as the token. Overwritten by what is decoded next.</param>
    /// <param name="header">What it says.</param>
    /// <returns>False if it is too long, not strict JSON, or a known member is no string.</returns>
    public bool TryReadHeader(Span<byte> space, out JwsHeader header)
    {
        header = default;
        var length = StrictBase64Url.DecodedLength(HeaderSegment.Length);
        return length <= JwsHeader.MaxLength
            && StrictBase64Url.TryDecode(HeaderSegment, space, out _)
            && JwsHeader.TryRead(space[..length], space[length..], out header);
    }

    /// <summary>Whether the third segment is the key's signature over the first two.</summary>
    public bool IsSignedBy(VerificationKey key)
    {
        Span<byte> signature = stackalloc byte[MaxSignatureLength];
        return StrictBase64Url.DecodedLength(SignatureSegment.Length) == key.SignatureLength
            && StrictBase64Url.TryDecode(SignatureSegment, signature, out var length)
            && key.Verify(_token[.._secondDot], signature[..length]);
    }

    private static bool IsSegment(ReadOnlySpan<byte> segment) => !segment.IsEmpty && StrictBase64Url.IsCanonical(segment);
}
