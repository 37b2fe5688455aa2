using System.Buffers.Text;

namespace TokenSessions.Service.Tests.Leaks;

/// <summary>Texts that only their owners may see, and whether another text gives one away, whole or a part of it.</summary>
internal sealed class Secrets
{
    /// <summary>Characters. A shorter part is of no use to anybody, and may stand elsewhere by chance.</summary>
    public const int PartLength = 16;

    /// <summary>Shorter texts, as tests of bad input send them, are no secrets: they stand everywhere.</summary>
    private const int MinLength = 8;

    private readonly Lock _gate = new();
    private readonly HashSet<string> _parts = new(StringComparer.Ordinal);
    private readonly HashSet<string> _short = new(StringComparer.Ordinal);

    /// <summary>Adds a password, a cookie's value, or a token.</summary>
    public void Add(string secret)
    {
        var text = secret[LengthOfPublic(secret)..];
        lock (_gate)
        {
            if (text.Length is >= MinLength and < PartLength)
            {
                _short.Add(text);
            }

            for (var start = 0; start + PartLength <= text.Length; start++)
            {
                _parts.Add(text.Substring(start, PartLength));
            }
        }
    }

    /// <summary>
    /// A token's header says no more than the algorithm and the key; the issuer, with which its claims begin, stands at the beginning of
    /// every document that the issuer signs.
    /// </summary>
    private static int LengthOfPublic(string secret)
    {
        if (!secret.StartsWith("eyJ", StringComparison.Ordinal))
        {
            return 0;
        }

        var start = secret.IndexOf('.', StringComparison.Ordinal) + 1;
        var claims = new byte[secret.Length];
        Base64Url.DecodeFromChars(secret.AsSpan(start), claims, out _, out var length, isFinalBlock: false);
        var beginning = claims.AsSpan(0, length);
        return beginning.StartsWith("{\"iss\":\""u8) && beginning.IndexOf("\","u8) is > 0 and var end
            ? Math.Min(secret.Length, start + ((end + 3) * 4 / 3)) // With the quotation mark that follows.
            : start;
    }

    /// <summary>True if a secret stands in a text, or <see cref="PartLength"/> characters of one.</summary>
    public bool AreIn(string text)
    {
        lock (_gate)
        {
            var parts = _parts.GetAlternateLookup<ReadOnlySpan<char>>();
            for (var start = 0; start + PartLength <= text.Length; start++)
            {
                if (parts.Contains(text.AsSpan(start, PartLength)))
                {
                    return true;
                }
            }

            return _short.Any(secret => text.Contains(secret, StringComparison.Ordinal));
        }
    }
}
