using System.Diagnostics;

namespace TokenSessions.Benchmarks.Traffic;

/// <summary>Requests at a steady rate, whatever the server does; each connection has a thread of its own and one request under way.</summary>
internal static class OpenLoop
{
    private static readonly TimeSpan ShortestSleep = TimeSpan.FromMilliseconds(1);

    /// <summary>Starts to send. What came late because the answer before it did counts from when it was due.</summary>
    /// <param name="connections">The connections, with nothing under way.</param>
    /// <param name="next">The next request of a connection; called by many threads.</param>
    /// <param name="expected">The only right status.</param>
    /// <param name="perSecond">Requests a second, on all connections together.</param>
    /// <param name="duration">How long.</param>
    public static async Task<Load> RunAsync(
        IReadOnlyList<Connection> connections, Func<Connection, byte[]> next, int expected, double perSecond, TimeSpan duration)
    {
        var interval = TimeSpan.FromSeconds(connections.Count / perSecond);
        var startedAt = Stopwatch.GetTimestamp();
        var times = await Task.WhenAll(connections.Select((connection, i) => Task.Factory.StartNew(
            () => Run(connection, next, expected, startedAt, interval * i / connections.Count, interval, duration),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)));
        return new(Stopwatch.GetElapsedTime(startedAt), [.. times.SelectMany(some => some).Order()]);
    }

    private static List<TimeSpan> Run(
        Connection connection, Func<Connection, byte[]> next, int expected, long startedAt, TimeSpan first, TimeSpan interval, TimeSpan duration)
    {
        var times = new List<TimeSpan>((int)(duration / interval) + 1);
        for (var due = first; due < duration; due += interval)
        {
            var request = next(connection);
            var from = due;
            if (Stopwatch.GetElapsedTime(startedAt) is var now && now < due)
            {
                Thread.Sleep(due - now > ShortestSleep ? due - now : ShortestSleep);
                from = Stopwatch.GetElapsedTime(startedAt); // The sleep's own lateness is not the server's.
            }

            connection.Send(request);
            if (connection.Receive() is var status && status != expected)
            {
                throw new InvalidOperationException($"Answered {status}, not {expected}.");
            }

            times.Add(Stopwatch.GetElapsedTime(startedAt) - from);
        }

        return times;
    }
}
