using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using TokenSessions.Issuing.Keys;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Issuing.Tokens;

/// <summary>Seals and opens refresh tokens: compact JWE (RFC 7516 §7.1) with <c>dir</c> and <c>A256GCM</c> (RFC 7518 §4.5, §5.3).</summary>
/// <remarks>
/// Only this class reads what it writes, so it opens exactly what it would have written: the header byte for byte, five segments
/// of canonical base64url. Nothing inside a token makes it throw.
/// </remarks>
internal static class TokenSealer
{
    /// <summary>The longest token sealed or opened, in characters.</summary>
    public const int MaxLength = 8192;

    private const int SegmentCount = 5;

    private static ReadOnlySpan<byte> HeaderStart => "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"kid\":\""u8;

    private static ReadOnlySpan<byte> HeaderEnd => "\",\"typ\":\"rt+jwt\"}"u8;

    /// <summary>Seals a refresh token.</summary>
    /// <exception cref="SubjectRecordException">It would be longer than <see cref="MaxLength"/>: the subject has too many scopes.</exception>
    public static string Seal(RefreshToken token, SealingKey key)
    {
        using var plaintext = new TokenText();
        using (var writer = new Utf8JsonWriter(plaintext))
        {
            token.Write(writer);
        }

        using var text = new TokenText();
        text.Append(HeaderStart);
        text.Append(key.KeyId);
        text.Append(HeaderEnd);
        text.EncodeFrom(0);
        var headerLength = text.Length;
        text.Append(".."u8); // The encrypted key between them is empty with dir.
        var nonceAt = text.Length;
        text.Append(stackalloc byte[Base64Url.GetEncodedLength(SealingKey.NonceLength)]); // Known only after the next step.
        text.Append("."u8);

        Span<byte> nonce = stackalloc byte[SealingKey.NonceLength];
        Span<byte> tag = stackalloc byte[SealingKey.TagLength];
        var ciphertextAt = text.Length;
        var ciphertext = text.GetSpan(plaintext.Length)[..plaintext.Length];
        key.Seal(plaintext.Written, text.Written[..headerLength], nonce, ciphertext, tag); // RFC 7516 §5.1, step 14: the header is authenticated.
        Base64Url.EncodeToUtf8(nonce, text.Written[nonceAt..]);
        text.Advance(ciphertext.Length);
        text.EncodeFrom(ciphertextAt);

        text.Append("."u8);
        var tagAt = text.Length;
        text.Append(tag);
        text.EncodeFrom(tagAt);
        return text.Length <= MaxLength
            ? text.ToString()
            : throw new SubjectRecordException($"The refresh token of {token.Subject} would have {text.Length} characters, more than "
                + $"{MaxLength}: the directory gives the subject too many scopes.");
    }

    /// <summary>
    /// The <c>kid</c> under which this says it is sealed; null if it is no refresh token of ours. Nothing in it is believed yet.
    /// </summary>
    public static string? FindKeyId(string text) =>
        TrySplit(text, out var segments) && StrictBase64Url.Decode(text.AsSpan()[segments[0]]) is { } header
        && header.AsSpan().StartsWith(HeaderStart) && header.AsSpan().EndsWith(HeaderEnd)
        && header.Length > HeaderStart.Length + HeaderEnd.Length
        && Encoding.Latin1.GetString(header.AsSpan()[HeaderStart.Length..^HeaderEnd.Length]) is var keyId && TokenId.IsOne(keyId)
            ? keyId
            : null;

    /// <summary>Opens a refresh token; null unless it was sealed with this key and every character is as it was then.</summary>
    /// <param name="text">One for which <see cref="FindKeyId"/> gave this key's <c>kid</c>.</param>
    /// <param name="key">The key.</param>
    public static RefreshToken? Open(string text, SealingKey key)
    {
        Span<byte> nonce = stackalloc byte[SealingKey.NonceLength];
        Span<byte> tag = stackalloc byte[SealingKey.TagLength];
        if (!TrySplit(text, out var segments)
            || !StrictBase64Url.TryDecode(text.AsSpan()[segments[2]], nonce, out _)
            || StrictBase64Url.Decode(text.AsSpan()[segments[3]]) is not { } ciphertext
            || !StrictBase64Url.TryDecode(text.AsSpan()[segments[4]], tag, out _))
        {
            return null;
        }

        var plaintext = new byte[ciphertext.Length];
        var associated = Encoding.ASCII.GetBytes(text[segments[0]]);
        return key.TryOpen(ciphertext, associated, nonce, tag, plaintext) ? RefreshToken.Read(plaintext) : null;
    }

    /// <summary>The five segments, if each has the shape of its content.</summary>
    private static bool TrySplit(string text, out Range[] segments)
    {
        segments = new Range[SegmentCount + 1];
        return text.Length <= MaxLength
            && text.AsSpan().Split(segments, '.') == SegmentCount
            && text.AsSpan()[segments[1]].IsEmpty
            && IsBase64Url(text.AsSpan()[segments[2]], SealingKey.NonceLength)
            && !text.AsSpan()[segments[3]].IsEmpty && StrictBase64Url.IsCanonical(text.AsSpan()[segments[3]])
            && IsBase64Url(text.AsSpan()[segments[4]], SealingKey.TagLength);
    }

    private static bool IsBase64Url(ReadOnlySpan<char> text, int bytes) =>
        StrictBase64Url.DecodedLength(text.Length) == bytes && StrictBase64Url.IsCanonical(text);
}
