using TokenSessions.Validation.Jose;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Validation.Denylist;

/// <summary>The three segments of a compact JWS (RFC 7515 §7.1) too large for a token. Nothing in it has been believed yet.</summary>
internal sealed class SignedDenylistDocument
{
    private const int SignatureLength = 64; // ES256: r‖s of 32 bytes each (RFC 7518 §3.4).

    private readonly ReadOnlyMemory<byte> _text;
    private readonly int _firstDot;
    private readonly int _lastDot;

    private SignedDenylistDocument(ReadOnlyMemory<byte> text, int firstDot, int lastDot)
    {
        (_text, _firstDot, _lastDot) = (text, firstDot, lastDot);
    }

    /// <summary>Finds the segments. A dot too many is found when the payload is decoded: it is no base64url character.</summary>
    /// <returns>Null unless there are at least three segments.</returns>
    public static SignedDenylistDocument? Split(ReadOnlyMemory<byte> text)
    {
        var firstDot = text.Span.IndexOf((byte)'.');
        var lastDot = text.Span.LastIndexOf((byte)'.');
        return firstDot >= 0 && lastDot > firstDot ? new(text, firstDot, lastDot) : null;
    }

    /// <summary>Reads the header, strictly.</summary>
    /// <returns>False if it is longer than that of a token may be, not strict JSON, or a known member is no string.</returns>
    public bool TryReadHeader(out JwsHeader header)
    {
        header = default;
        var space = new byte[2 * JwsHeader.MaxLength];
        return StrictBase64Url.TryDecode(_text.Span[.._firstDot], space.AsSpan(0, JwsHeader.MaxLength), out var length)
            && JwsHeader.TryRead(space.AsSpan(0, length), space.AsSpan(length), out header);
    }

    /// <summary>Whether the last segment is the key's signature over what stands before it.</summary>
    public bool IsSignedBy(VerificationKey key)
    {
        Span<byte> signature = stackalloc byte[SignatureLength];
        return StrictBase64Url.TryDecode(_text.Span[(_lastDot + 1)..], signature, out var length)
            && key.Verify(_text.Span[.._lastDot], signature[..length]);
    }

    /// <summary>The payload; null if it is not canonical base64url. Decode it only after <see cref="IsSignedBy"/>.</summary>
    public byte[]? DecodePayload()
    {
        var segment = _text.Span[(_firstDot + 1).._lastDot];
        var payload = new byte[StrictBase64Url.DecodedLength(segment.Length)];
        return StrictBase64Url.TryDecode(segment, payload, out _) ? payload : null;
    }
}
