namespace TokenSessions.Tests.Validation;

/// <summary>Base64url (RFC 7515 §2) the long way: translated to base64 and back, and compared.</summary>
internal static class ReferenceBase64Url
{
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    public static string Encode(byte[] bytes) => Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    /// <summary>The bytes; null for the empty text and for any but the one spelling of some bytes.</summary>
    public static byte[]? Decode(string text)
    {
        foreach (var character in text)
        {
            if (!Alphabet.Contains(character, StringComparison.Ordinal))
            {
                return null;
            }
        }

        if (text.Length == 0 || text.Length % 4 == 1)
        {
            return null;
        }

        var padding = new string('=', (4 - (text.Length % 4)) % 4);
        var bytes = Convert.FromBase64String(text.Replace('-', '+').Replace('_', '/') + padding);
        return Encode(bytes) == text ? bytes : null; // Spare bits that are not zero do not come back.
    }
}
