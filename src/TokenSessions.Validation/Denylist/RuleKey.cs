using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Validation.Denylist;

/// <summary>The key of a rule: the first 16 bytes of SHA-256 over the length-prefixed issuer, kind and value.</summary>
/// <remarks>Exact bytes with their lengths, so no user name can produce another's key; the size is fixed, and the feed shows no names.</remarks>
/// <param name="Value">The 16 bytes, big-endian.</param>
public readonly record struct RuleKey(UInt128 Value)
{
    /// <summary>Bytes of a key.</summary>
    public const int Length = 16;

    internal const int TextLength = 22;

    private const int StackLimit = 1024;
    private const int RegionShift = 8; // Above every kind, so that the keys of a single region are what they were before there were more.

    /// <summary>The key of one rule.</summary>
    /// <param name="issuer">The <c>iss</c> whose tokens the rule ends.</param>
    /// <param name="kind">What it ends.</param>
    /// <param name="value">The <c>jti</c>, <c>sid</c>, <c>sub</c>, <c>client_id</c> or <c>kid</c>; empty for <see cref="RuleKind.All"/>.</param>
    /// <param name="region">The region that raised a watermark, 0 to 3; each counts its own T. 0 for a rule that denies outright.</param>
    public static RuleKey For(string issuer, RuleKind kind, string value, int region = 0)
    {
        ArgumentNullException.ThrowIfNull(issuer);
        ArgumentNullException.ThrowIfNull(value);
        ArgumentOutOfRangeException.ThrowIfNegative(region);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(region, DenylistHead.MaxRegions);

        var issuerLength = Encoding.UTF8.GetByteCount(issuer);
        var length = issuerLength + Encoding.UTF8.GetByteCount(value);
        var utf8 = length <= StackLimit ? stackalloc byte[length] : new byte[length];
        Encoding.UTF8.GetBytes(issuer, utf8);
        Encoding.UTF8.GetBytes(value, utf8[issuerLength..]);
        return For(utf8[..issuerLength], kind, utf8[issuerLength..], region);
    }

    /// <inheritdoc cref="For(string, RuleKind, string, int)"/>
    internal static RuleKey For(ReadOnlySpan<byte> issuer, RuleKind kind, ReadOnlySpan<byte> value, int region = 0)
    {
        var length = sizeof(int) + issuer.Length + sizeof(int) + sizeof(int) + value.Length;
        var input = length <= StackLimit ? stackalloc byte[length] : new byte[length];

        var rest = input;
        BinaryPrimitives.WriteInt32BigEndian(rest, issuer.Length);
        issuer.CopyTo(rest[sizeof(int)..]);
        rest = rest[(sizeof(int) + issuer.Length)..];
        BinaryPrimitives.WriteInt32BigEndian(rest, (int)kind | (region << RegionShift)); // Numbers of fixed length need no length of their own.
        rest = rest[sizeof(int)..];
        BinaryPrimitives.WriteInt32BigEndian(rest, value.Length);
        value.CopyTo(rest[sizeof(int)..]);

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(input, hash);
        return new(BinaryPrimitives.ReadUInt128BigEndian(hash));
    }

    /// <summary>The key written as 22 characters of base64url, or null if the text is not that.</summary>
    /// <param name="text">What <see cref="ToString"/> gave.</param>
    public static RuleKey? Parse(ReadOnlySpan<char> text)
    {
        Span<byte> bytes = stackalloc byte[Length];
        return StrictBase64Url.TryDecode(text, bytes, out var written) && written == Length
            ? new(BinaryPrimitives.ReadUInt128BigEndian(bytes))
            : null;
    }

    /// <summary>Reads the same 22 characters in ASCII.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> ascii, out RuleKey key)
    {
        Span<byte> bytes = stackalloc byte[Length];
        var isRead = StrictBase64Url.TryDecode(ascii, bytes, out var written) && written == Length;
        key = isRead ? new(BinaryPrimitives.ReadUInt128BigEndian(bytes)) : default;
        return isRead;
    }

    /// <summary>Writes the same 22 characters in ASCII.</summary>
    internal void WriteTo(Span<byte> ascii)
    {
        Span<byte> bytes = stackalloc byte[Length];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, Value);
        Base64Url.EncodeToUtf8(bytes, ascii);
    }

    /// <summary>22 characters of base64url.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Length];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, Value);
        return StrictBase64Url.Encode(bytes);
    }
}
