using System.Buffers;
using System.Buffers.Text;

namespace TokenSessions.Validation.Jose;

/// <summary>Base64url as RFC 7515 §2 means it: no padding, no white space, no spare bits, so every value has one spelling.</summary>
/// <remarks>The platform's decoder accepts <c>=</c>, <c>%</c> and white space; a second spelling would be a second token.</remarks>
public static class StrictBase64Url
{
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    private static readonly SearchValues<char> Characters = SearchValues.Create(Alphabet);
    private static readonly SearchValues<byte> Bytes = SearchValues.Create([.. Alphabet.Select(c => (byte)c)]);

    /// <summary>How many bytes <paramref name="encodedLength"/> characters decode to.</summary>
    /// <param name="encodedLength">A length in characters, not negative.</param>
    public static int DecodedLength(int encodedLength) => (int)(encodedLength * 3L / 4);

    /// <summary>Whether the text is the one canonical encoding of some bytes.</summary>
    /// <param name="text">Any characters.</param>
    public static bool IsCanonical(ReadOnlySpan<char> text) =>
        !text.ContainsAnyExcept(Characters) && IsCanonicalEnd(text.Length, text.IsEmpty ? 'A' : text[^1]);

    /// <inheritdoc cref="IsCanonical(ReadOnlySpan{char})"/>
    internal static bool IsCanonical(ReadOnlySpan<byte> text) =>
        !text.ContainsAnyExcept(Bytes) && IsCanonicalEnd(text.Length, text.IsEmpty ? 'A' : (char)text[^1]);

    /// <summary>Decodes into <paramref name="destination"/>.</summary>
    /// <param name="text">The encoded value, possibly empty.</param>
    /// <param name="destination">At least <see cref="DecodedLength"/> bytes.</param>
    /// <param name="written">How many bytes were decoded; 0 on failure.</param>
    /// <returns>False if the text is not the one canonical encoding of some bytes, or does not fit.</returns>
    public static bool TryDecode(ReadOnlySpan<char> text, Span<byte> destination, out int written)
    {
        written = 0;
        // The platform's decoder may throw instead of answering false when the bytes do not fit.
        return DecodedLength(text.Length) <= destination.Length
            && IsCanonical(text) && Base64Url.TryDecodeFromChars(text, destination, out written);
    }

    /// <inheritdoc cref="TryDecode(ReadOnlySpan{char}, Span{byte}, out int)"/>
    public static bool TryDecode(ReadOnlySpan<byte> text, Span<byte> destination, out int written)
    {
        written = 0;
        return DecodedLength(text.Length) <= destination.Length
            && IsCanonical(text) && Base64Url.TryDecodeFromUtf8(text, destination, out written);
    }

    /// <summary>Decodes to an array; null if the text is not canonical base64url.</summary>
    /// <param name="text">The encoded value.</param>
    public static byte[]? Decode(ReadOnlySpan<char> text)
    {
        var bytes = new byte[DecodedLength(text.Length)];
        return TryDecode(text, bytes, out var written) && written == bytes.Length ? bytes : null;
    }

    /// <summary>Encodes without padding.</summary>
    /// <param name="bytes">Any bytes.</param>
    public static string Encode(ReadOnlySpan<byte> bytes) => Base64Url.EncodeToString(bytes);

    /// <summary>A last group of two characters leaves four bits over, of three leaves two; they must be zero (RFC 4648 §3.5).</summary>
    private static bool IsCanonicalEnd(int length, char last) => (length % 4) switch
    {
        0 => true,
        2 => last is 'A' or 'Q' or 'g' or 'w',
        3 => Alphabet.IndexOf(last, StringComparison.Ordinal) % 4 == 0,
        _ => false,
    };
}
