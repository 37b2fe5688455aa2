using System.Buffers;
using System.Text;
using System.Text.Json;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Validation.Jose;

/// <summary>The three segments of a compact JWS (RFC 7515 §7.1), still encoded. Nothing in it has been believed yet.</summary>
internal readonly struct CompactJws
{
    /// <summary>The longest header read, in bytes after decoding.</summary>
    public const int MaxHeaderLength = 1024;

    /// <summary>The longest signature read, in bytes: an RSA key of 8,192 bits.</summary>
    private const int MaxSignatureLength = 1024;

    private const int OnStack = 2048;

    private readonly string _token;
    private readonly int _firstDot;
    private readonly int _secondDot;

    private CompactJws(string token, int firstDot, int secondDot)
    {
        (_token, _firstDot, _secondDot) = (token, firstDot, secondDot);
    }

    private ReadOnlySpan<char> HeaderSegment => _token.AsSpan(0, _firstDot);

    private ReadOnlySpan<char> PayloadSegment => _token.AsSpan(_firstDot + 1, _secondDot - _firstDot - 1);

    private ReadOnlySpan<char> SignatureSegment => _token.AsSpan(_secondDot + 1);

    private ReadOnlySpan<char> SigningInput => _token.AsSpan(0, _secondDot);

    /// <summary>Finds the segments.</summary>
    /// <returns>False unless these are exactly three segments, none empty, each the one canonical base64url of some bytes.</returns>
    public static bool TrySplit(string token, out CompactJws jws)
    {
        var firstDot = token.IndexOf('.', StringComparison.Ordinal);
        var secondDot = firstDot < 0 ? -1 : token.IndexOf('.', firstDot + 1);
        if (secondDot < 0)
        {
            jws = default;
            return false;
        }

        // A third dot is no base64url character, so it is found below.
        jws = new(token, firstDot, secondDot);
        return IsSegment(jws.HeaderSegment) && IsSegment(jws.PayloadSegment) && IsSegment(jws.SignatureSegment);
    }

    /// <summary>Reads the header.</summary>
    /// <returns>False if it is longer than <see cref="MaxHeaderLength"/>, not strict JSON, or a known member is no string.</returns>
    public bool TryReadHeader(out JwsHeader header)
    {
        header = default;
        Span<byte> json = stackalloc byte[MaxHeaderLength];
        return StrictBase64Url.DecodedLength(HeaderSegment.Length) <= MaxHeaderLength
            && StrictBase64Url.TryDecode(HeaderSegment, json, out var length)
            && JwsHeader.TryRead(json[..length], out header);
    }

    /// <summary>Whether the third segment is the key's signature over the first two.</summary>
    public bool IsSignedBy(VerificationKey key)
    {
        Span<byte> signature = stackalloc byte[MaxSignatureLength];
        if (StrictBase64Url.DecodedLength(SignatureSegment.Length) > MaxSignatureLength
            || !StrictBase64Url.TryDecode(SignatureSegment, signature, out var length))
        {
            return false;
        }

        var input = SigningInput;
        var rented = input.Length > OnStack ? ArrayPool<byte>.Shared.Rent(input.Length) : null;
        var bytes = rented is null ? stackalloc byte[OnStack] : rented;
        var isSigned = key.Verify(bytes[..Encoding.ASCII.GetBytes(input, bytes)], signature[..length]);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }

        return isSigned;
    }

    /// <summary>The payload. Decode it only after <see cref="IsSignedBy"/>.</summary>
    public byte[] DecodePayload() => StrictBase64Url.Decode(PayloadSegment)!;

    private static bool IsSegment(ReadOnlySpan<char> segment) => !segment.IsEmpty && StrictBase64Url.IsCanonical(segment);
}

/// <summary>The members of a JWS header that mean something here; <c>jwk jku x5u x5c</c> and unknown ones are ignored.</summary>
/// <param name="Algorithm">The <c>alg</c>.</param>
/// <param name="KeyId">The <c>kid</c>.</param>
/// <param name="Type">The <c>typ</c>.</param>
/// <param name="HasExtension">True if <c>crit</c> or <c>b64</c> is present, whatever its value.</param>
internal readonly record struct JwsHeader(string? Algorithm, string? KeyId, string? Type, bool HasExtension)
{
    /// <summary>The most names in a header, those of objects in it included. RFC 7515 §4.1 knows 11.</summary>
    private const int MaxNames = 16;

    public static bool TryRead(ReadOnlySpan<byte> json, out JwsHeader header)
    {
        header = default;
        if (!StrictJson.IsObject(json, MaxNames)) // Whoever has no token at all must not cause a search among many names.
        {
            return false;
        }

        string? algorithm = null, keyId = null, type = null;
        var hasExtension = false;
        var reader = StrictJson.Reader(json);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isRead = true;
            if (reader.ValueTextEquals("alg"u8))
            {
                isRead = TryReadText(ref reader, out algorithm);
            }
            else if (reader.ValueTextEquals("kid"u8))
            {
                isRead = TryReadText(ref reader, out keyId);
            }
            else if (reader.ValueTextEquals("typ"u8))
            {
                isRead = TryReadText(ref reader, out type);
            }
            else
            {
                hasExtension |= reader.ValueTextEquals("crit"u8) || reader.ValueTextEquals("b64"u8);
                reader.Read();
                reader.Skip();
            }

            if (!isRead)
            {
                return false;
            }
        }

        header = new(algorithm, keyId, type, hasExtension);
        return true;
    }

    private static bool TryReadText(ref Utf8JsonReader reader, out string? text)
    {
        reader.Read();
        text = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
        return text is not null;
    }
}
