using System.Buffers.Text;
using System.Runtime.InteropServices;

namespace TokenSessions.Service.Tests.Leaks;

/// <summary>Texts that only their owners may see, and whether another text gives one away, whole or a part of it.</summary>
/// <remarks>
/// A run hands out tens of thousands of tokens, and its logs are hundreds of megabytes. So of a secret only each eighth place is kept as
/// where a part may begin: whatever has 16 characters of it has one of these whole, and only then the secrets themselves are looked at.
/// </remarks>
internal sealed class Secrets
{
    /// <summary>Characters. A shorter part is of no use to anybody, and may stand elsewhere by chance.</summary>
    public const int PartLength = 16;

    /// <summary>Shorter texts, as tests of bad input send them, are no secrets: they stand everywhere.</summary>
    private const int MinLength = 8;

    /// <summary>Characters: as many as one number of 128 bits holds.</summary>
    private const int BlockLength = PartLength / 2;

    private readonly Lock _gate = new();
    private readonly HashSet<string> _texts = new(StringComparer.Ordinal);
    private readonly HashSet<UInt128> _blocks = [];

    /// <summary>Adds a password, a cookie's value, a key, or a token.</summary>
    public void Add(string secret)
    {
        var text = secret[LengthOfPublic(secret)..];
        lock (_gate)
        {
            if (text.Length < MinLength || !_texts.Add(text))
            {
                return;
            }

            for (var start = 0; start + BlockLength <= text.Length; start += BlockLength)
            {
                _blocks.Add(Block(text, start));
            }
        }
    }

    /// <summary>True if a secret stands in a text, or <see cref="PartLength"/> characters of one.</summary>
    public bool AreIn(string text)
    {
        lock (_gate)
        {
            for (var start = 0; start + BlockLength <= text.Length; start++)
            {
                if (_blocks.Contains(Block(text, start)) && IsPart(text, start))
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Fails if a secret was told, and names every place.</summary>
    public static void AssertNoneTold(IEnumerable<string> places)
    {
        var each = places.Distinct().ToArray();
        Assert.True(each.Length == 0, $"Secrets were told here:\n{string.Join('\n', each)}");
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

    private static UInt128 Block(string text, int start) => MemoryMarshal.Read<UInt128>(MemoryMarshal.AsBytes(text.AsSpan(start, BlockLength)));

    /// <summary>Whether what surrounds a block is as much of a secret as may not be told.</summary>
    private bool IsPart(string text, int block)
    {
        var first = Math.Max(0, block - BlockLength);
        foreach (var secret in _texts)
        {
            if (secret.Length < PartLength)
            {
                if (text.AsSpan(block).StartsWith(secret, StringComparison.Ordinal))
                {
                    return true;
                }

                continue;
            }

            for (var start = first; start <= block && start + PartLength <= text.Length; start++)
            {
                if (secret.AsSpan().IndexOf(text.AsSpan(start, PartLength)) >= 0)
                {
                    return true;
                }
            }
        }

        return false;
    }
}
