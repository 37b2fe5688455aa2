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

    [ThreadStatic]
    private static IncrementalHash? _ofThisThread;

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
        var valueLength = Encoding.UTF8.GetByteCount(value);
        var length = sizeof(int) + issuerLength + sizeof(int) + sizeof(int) + valueLength;
        var input = length <= StackLimit ? stackalloc byte[length] : new byte[length];

        var rest = input;
        BinaryPrimitives.WriteInt32BigEndian(rest, issuerLength);
        Encoding.UTF8.GetBytes(issuer, rest[sizeof(int)..]);
        rest = rest[(sizeof(int) + issuerLength)..];
        BinaryPrimitives.WriteInt32BigEndian(rest, (int)kind | (region << RegionShift)); // Numbers of fixed length need no length of their own.
        rest = rest[sizeof(int)..];
        BinaryPrimitives.WriteInt32BigEndian(rest, valueLength);
        Encoding.UTF8.GetBytes(value, rest[sizeof(int)..]);

        return Of(input);
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

    /// <summary>The hash of this thread: <see cref="SHA256.HashData(ReadOnlySpan{byte})"/> shares what makes two threads as slow as one.</summary>
    private static RuleKey Of(ReadOnlySpan<byte> input)
    {
        // Kept again only after it was reset: if anything is thrown in between, no later key begins with the rest of this one.
        var sha256 = _ofThisThread ?? IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        _ofThisThread = null;
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        sha256.AppendData(input);
        sha256.GetHashAndReset(hash);
        _ofThisThread = sha256;
        return new(BinaryPrimitives.ReadUInt128BigEndian(hash));
    }

    /// <summary>22 characters of base64url.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Length];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, Value);
        return StrictBase64Url.Encode(bytes);
    }
}
