namespace TokenSessions.Tests.Validation;

/// <summary>Changes the characters of a compact token.</summary>
internal static class TextMutator
{
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    /// <summary>What a lenient decoder lets through, what is cut to a good character in 8 or 7 bits, and what is no text at all.</summary>
    private const string Strangers = "=%+/. \t\r\n\0\"\\é\u0141\u0161\uFF21\u212A\u0130\u200B\uFEFF\uD800\uDC00\u007F\u0080,:~";

    /// <param name="random">Decides.</param>
    /// <param name="token">A good token.</param>
    /// <param name="other">Another good token.</param>
    /// <returns>The changed text, and what was done.</returns>
    public static (string Text, string Description) Mutate(Random random, string token, string other)
    {
        var description = "";
        for (var steps = random.Next(5) switch { 0 => 2, 1 => 3, _ => 1 }; steps > 0; steps--)
        {
            var kind = random.Next(22);
            token = kind switch
            {
                0 or 1 => Replace(random, token, Alphabet[random.Next(Alphabet.Length)]),
                2 => Replace(random, token, Strangers[random.Next(Strangers.Length)]),
                3 => Flip(random, token),
                4 => token.Insert(Position(random, token, 1), $"{Any(random)}"),
                5 => Cut(random, token, 1),
                6 => Repeat(random, token),
                7 => Cut(random, token, random.Next(1, 40)),
                8 => token[..random.Next(token.Length + 1)],
                9 => ChangeSegment(random, token, segment => segment + new string('=', random.Next(1, 3))),
                10 => ChangeSegment(random, token, segment => SpareBits(random, segment)),
                11 => ChangeSegment(random, token, segment => random.Next(2) == 0 ? segment.ToUpperInvariant() : segment.ToLowerInvariant()),
                12 => ChangeSegment(random, token, _ => ""),
                13 => SwapSegments(random, token, other),
                14 => token + (random.Next(4) switch { 0 => ".", 1 => ".AAAA", 2 => "\n", _ => token }),
                15 => (random.Next(4) switch { 0 => ".", 1 => "Bearer ", 2 => " ", _ => "\uFEFF" }) + token,
                16 => Lengthen(random, token),
                17 => ChangeSegment(random, token, segment => new string('A', segment.Length)),
                18 => ChangeSegment(random, token, segment => segment + Alphabet[random.Next(Alphabet.Length)]),
                19 => ChangeSegment(random, token, segment => segment.Replace('-', '+').Replace('_', '/')),
                20 => Noise(random),
                _ => ChangeSegment(random, token, segment => new([.. segment.Reverse()])),
            };
            description += $"{kind} ";
        }

        return (token, $"changes of text {description}");
    }

    /// <summary>Half of the time in the header or at a segment's edge, where most of the rules are.</summary>
    private static int Position(Random random, string token, int room)
    {
        var end = token.Length + room;
        return random.Next(4) switch
        {
            _ when end <= 0 => 0,
            0 => random.Next(Math.Min(end, 100)),
            1 => Math.Clamp(token.IndexOf('.', random.Next(token.Length + 1)) + random.Next(-2, 3), 0, end - 1),
            2 => random.Next(Math.Max(end - 4, 0), end),
            _ => random.Next(end),
        };
    }

    private static char Any(Random random) =>
        random.Next(3) == 0 ? Strangers[random.Next(Strangers.Length)] : Alphabet[random.Next(Alphabet.Length)];

    private static string Replace(Random random, string token, char with) =>
        Position(random, token, 0) is var at && at < token.Length ? $"{token[..at]}{with}{token[(at + 1)..]}" : token;

    /// <summary>Another bit: also those that a narrowing to 8 bits would lose.</summary>
    private static string Flip(Random random, string token) =>
        Position(random, token, 0) is var at && at < token.Length
            ? $"{token[..at]}{(char)(token[at] ^ (1 << random.Next(16)))}{token[(at + 1)..]}"
            : token;

    private static string Cut(Random random, string token, int length) =>
        Position(random, token, 0) is var at && at < token.Length ? token.Remove(at, Math.Min(length, token.Length - at)) : token;

    private static string Repeat(Random random, string token)
    {
        var at = Position(random, token, 0);
        var length = Math.Min(random.Next(1, 9), token.Length - at);
        return token.Insert(at, token.Substring(at, length));
    }

    private static string ChangeSegment(Random random, string token, Func<string, string> change)
    {
        var segments = token.Split('.');
        var index = random.Next(segments.Length);
        segments[index] = change(segments[index]);
        return string.Join('.', segments);
    }

    private static string SpareBits(Random random, string segment) => segment.Length == 0
        ? segment
        : segment[..^1] + (Alphabet.IndexOf(segment[^1], StringComparison.Ordinal) is >= 0 and var value
            ? Alphabet[value ^ random.Next(1, 16)]
            : segment[^1]);

    private static string SwapSegments(Random random, string token, string other)
    {
        string[] own = token.Split('.'), all = [.. own, .. other.Split('.')];
        var count = random.Next(4) == 0 ? random.Next(1, 6) : 3;
        return random.Next(3) == 0 && own.Length == 3
            ? string.Join('.', own[0], own[1], other.Split('.')[^1])
            : string.Join('.', Enumerable.Range(0, count).Select(_ => all[random.Next(all.Length)]));
    }

    /// <summary>To about a length at which something ends: of a token, of a header or signature of 1,024 bytes, of their buffers.</summary>
    private static string Lengthen(Random random, string token)
    {
        if (random.Next(2) == 0)
        {
            var missing = 8192 + random.Next(-3, 4) - token.Length;
            return missing > 0 ? token.Insert(Position(random, token, 1), new string(Alphabet[random.Next(Alphabet.Length)], missing)) : token;
        }

        int[] limits = [2, 3, 4, 5, 171, 342, 1365, 1366, 1367, 1368, 2048, 2731, 4096];
        var length = limits[random.Next(limits.Length)] + random.Next(-1, 2);
        return ChangeSegment(random, token, segment => segment.Length < length ? segment.PadRight(length, 'A') : segment[..length]);
    }

    private static string Noise(Random random)
    {
        var length = random.Next(4) == 0 ? random.Next(300) : random.Next(12);
        return string.Concat(Enumerable.Range(0, length).Select(_ => "AAgQw-_..=\n1eyJ"[random.Next(15)]));
    }
}
