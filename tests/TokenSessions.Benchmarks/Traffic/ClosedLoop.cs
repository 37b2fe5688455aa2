using System.Diagnostics;
using System.Text;

namespace TokenSessions.Benchmarks.Traffic;

/// <summary>As many requests as a server answers, from a few connections of which each waits for its answer.</summary>
internal static class ClosedLoop
{
    /// <summary>
    /// One thread goes around the connections: takes the answer, sends the next request. All others are under way meanwhile, so
    /// a server that is slower than this thread never waits for it. Answers count from when this thread gets to them.
    /// </summary>
    /// <param name="connections">The connections, with nothing under way.</param>
    /// <param name="next">The next request of a connection, which may look at the last answer.</param>
    /// <param name="duration">From the first request to the last.</param>
    public static Load Run(IReadOnlyList<Connection> connections, Func<Connection, byte[]> next, TimeSpan duration)
    {
        var times = new List<TimeSpan>(1 << 17);
        var sentAt = new long[connections.Count];
        var startedAt = Stopwatch.GetTimestamp();
        for (var i = 0; i < connections.Count; i++)
        {
            Send(i);
        }

        for (var i = 0; Stopwatch.GetElapsedTime(startedAt) < duration; i = (i + 1) % connections.Count)
        {
            Receive(i);
            Send(i);
        }

        var elapsed = Stopwatch.GetElapsedTime(startedAt);
        var counted = times.Count;
        for (var i = 0; i < connections.Count; i++)
        {
            Receive(i);
        }

        return new(elapsed, [.. times.Take(counted).Order()]);

        void Send(int i)
        {
            var request = next(connections[i]);
            sentAt[i] = Stopwatch.GetTimestamp();
            connections[i].Send(request);
        }

        void Receive(int i)
        {
            if (connections[i].Receive() is var status and not 200)
            {
                throw new InvalidOperationException($"Connection {i} was answered {status}: {Encoding.UTF8.GetString(connections[i].Body)}");
            }

            times.Add(Stopwatch.GetElapsedTime(sentAt[i]));
        }
    }

    /// <summary>One request after the other, and again from the first; for any number of threads.</summary>
    public static Func<Connection, byte[]> Cycle(byte[][] requests)
    {
        var at = -1;
        return _ => requests[Interlocked.Increment(ref at) % requests.Length];
    }
}
