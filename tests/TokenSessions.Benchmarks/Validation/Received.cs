using System.Diagnostics;
using TokenSessions.Benchmarks.Measuring;

namespace TokenSessions.Benchmarks.Validation;

/// <summary>Tokens as a server has them: text that it has just written from what arrived, and that is not the one the validator saw first.</summary>
/// <param name="tokens">One after the other, over and over.</param>
/// <param name="start">Which of them is the first.</param>
internal sealed class Received(string[] tokens, int start = 0)
{
    /// <summary>Written ahead: so many that reading the clock does not count, so few that they stay in the processor's cache.</summary>
    private const int Ahead = 64;

    private readonly char[][] _buffers = [.. Enumerable.Range(0, Ahead).Select(_ => new char[tokens.Max(token => token.Length)])];
    private readonly ReadOnlyMemory<char>[] _texts = new ReadOnlyMemory<char>[Ahead];
    private int _next = start;

    /// <summary>Gives so many of them, on from where it ended before. Only what is done with them counts.</summary>
    public Spent Give(int times, Action<ReadOnlyMemory<char>> check)
    {
        var (elapsed, bytes) = (0L, 0L);
        for (var left = times; left > 0; left -= Ahead)
        {
            var count = Math.Min(left, Ahead);
            Write(count);
            var bytesBefore = GC.GetAllocatedBytesForCurrentThread();
            var startedAt = Stopwatch.GetTimestamp();
            for (var i = 0; i < count; i++)
            {
                check(_texts[i]);
            }

            elapsed += Stopwatch.GetTimestamp() - startedAt;
            bytes += GC.GetAllocatedBytesForCurrentThread() - bytesBefore;
        }

        return new(Stopwatch.GetElapsedTime(0, elapsed), bytes);
    }

    private void Write(int count)
    {
        for (var i = 0; i < count; i++)
        {
            var token = tokens[_next];
            token.CopyTo(_buffers[i]);
            _texts[i] = _buffers[i].AsMemory(0, token.Length);
            _next = _next + 1 < tokens.Length ? _next + 1 : 0;
        }
    }
}
