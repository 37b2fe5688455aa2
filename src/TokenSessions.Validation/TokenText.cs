using System.Runtime.InteropServices;
using System.Text;

namespace TokenSessions.Validation;

/// <summary>A token as it was received: the end of a string, which cannot change after it has been checked.</summary>
internal readonly record struct TokenText
{
    /// <summary>How much longer than the token the string may be. Else whoever remembers the token would keep all of it.</summary>
    private const int MaxBefore = 64;

    private readonly string _string;
    private readonly int _start;

    private TokenText(string text, int start) => (_string, _start) = (text, start);

    /// <summary>How long the string is that is kept, in characters.</summary>
    public int KeptLength => _string.Length;

    /// <summary>The token.</summary>
    public ReadOnlySpan<char> Span => _string.AsSpan(_start);

    /// <summary>Whether it is exactly this one.</summary>
    /// <remarks>False, and no error, where other threads were just writing it: then it may be none, or a string with the start of another one.</remarks>
    public bool IsExactly(ReadOnlySpan<char> token) =>
        _string is not null && _start <= _string.Length && _string.AsSpan(_start).SequenceEqual(token);

    /// <summary>The string itself where that is hardly longer, as a header's value is, else a copy.</summary>
    /// <param name="token">As received.</param>
    /// <param name="ascii">The very characters that were checked: what was received may be memory that changes.</param>
    public static TokenText Of(ReadOnlyMemory<char> token, ReadOnlySpan<byte> ascii) =>
        MemoryMarshal.TryGetString(token, out var text, out var start, out var length) && start <= MaxBefore && start + length == text.Length
            ? new(text, start)
            : new(Encoding.ASCII.GetString(ascii), 0);
}
