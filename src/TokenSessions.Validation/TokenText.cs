using System.Runtime.InteropServices;

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
    public ReadOnlyMemory<char> Memory => _string.AsMemory(_start);

    /// <inheritdoc cref="Memory"/>
    public ReadOnlySpan<char> Span => _string.AsSpan(_start);

    /// <summary>Whether it is exactly this one.</summary>
    /// <remarks>False, and no error, where other threads were just writing it: then it may be none, or a string with the start of another one.</remarks>
    public bool IsExactly(ReadOnlySpan<char> token) =>
        _string is not null && _start <= _string.Length && _string.AsSpan(_start).SequenceEqual(token);

    /// <summary>What stands in memory: the string itself where that is hardly longer, as a header's value is, else a copy.</summary>
    public static TokenText Of(ReadOnlyMemory<char> token) =>
        MemoryMarshal.TryGetString(token, out var text, out var start, out var length) && start <= MaxBefore && start + length == text.Length
            ? new(text, start)
            : new(token.ToString(), 0);
}
