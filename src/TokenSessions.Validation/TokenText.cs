using System.Runtime.InteropServices;

namespace TokenSessions.Validation;

/// <summary>A token as it was received: a part of a string, which cannot change after it has been checked.</summary>
internal readonly struct TokenText
{
    /// <summary>How much longer than the token the string may be. Else whoever remembers the token would keep all of it.</summary>
    private const int MaxBeside = 64;

    private readonly int _start;
    private readonly int _length;

    private TokenText(string text, int start, int length) => (Text, _start, _length) = (text, start, length);

    /// <summary>The string.</summary>
    public string Text { get; }

    /// <summary>The token.</summary>
    public ReadOnlySpan<char> Span => Text.AsSpan(_start, _length);

    /// <summary>What stands in memory: the string itself where that is short enough, else a copy.</summary>
    public static TokenText Of(ReadOnlyMemory<char> token) =>
        MemoryMarshal.TryGetString(token, out var text, out var start, out var length) && text.Length - length <= MaxBeside
            ? new(text, start, length)
            : new(token.ToString(), 0, token.Length);
}
