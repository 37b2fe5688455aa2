using System.Security.Cryptography;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Issuing;

/// <summary>The shape of every <c>jti</c>, <c>sid</c> and sealing <c>kid</c>: 16 bytes in base64url, 22 characters.</summary>
internal static class TokenId
{
    private const int Bytes = 16;
    private const int Characters = 22;

    /// <summary>16 random bytes.</summary>
    public static string New()
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        RandomNumberGenerator.Fill(bytes);
        return StrictBase64Url.Encode(bytes);
    }

    /// <summary>A fresh <c>sid</c>: its first byte is the index of the session's home region, the other 15 are random.</summary>
    public static string NewSession(byte homeRegion)
    {
        var bytes = RandomNumberGenerator.GetBytes(Bytes);
        bytes[0] = homeRegion;
        return StrictBase64Url.Encode(bytes);
    }

    /// <summary>The home region of a <c>sid</c>, 0 to 255, configured or not; null if the text is no <c>sid</c>.</summary>
    public static int? FindHomeRegion(string sessionId) => IsOne(sessionId) ? StrictBase64Url.Decode(sessionId)![0] : null;

    public static bool IsOne(string text) => text.Length == Characters && StrictBase64Url.IsCanonical(text);
}
