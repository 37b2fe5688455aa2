using System.Collections.Concurrent;
using System.Diagnostics;
using TokenSessions.Benchmarks.Measuring;

namespace TokenSessions.Benchmarks.Traffic;

/// <summary>Many calls of one kind, a fixed number of them at a time.</summary>
/// <param name="Elapsed">From the first call to the last answer.</param>
/// <param name="Times">How long each took, ascending.</param>
/// <param name="MostThreads">The most threads that the pool had meanwhile; 0 if nobody looked.</param>
internal sealed record Load(TimeSpan Elapsed, IReadOnlyList<TimeSpan> Times, int MostThreads = 0)
{
    private static readonly TimeSpan SampleInterval = TimeSpan.FromMilliseconds(5);

    public double PerSecond => Times.Count / Elapsed.TotalSeconds;

    public static async Task<Load> RunAsync(int calls, int atATime, Func<Task> call)
    {
        var times = new ConcurrentBag<TimeSpan>();
        var (left, mostThreads, isDone) = (calls, 0, false);
        var sampler = new Thread(() => // Not of the pool that it watches.
        {
            while (!Volatile.Read(ref isDone))
            {
                mostThreads = Math.Max(mostThreads, ThreadPool.ThreadCount);
                Thread.Sleep(SampleInterval);
            }
        });
        sampler.Start();
        var startedAt = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, atATime).Select(async _ =>
        {
            await Task.Yield();
            while (Interlocked.Decrement(ref left) >= 0)
            {
                var calledAt = Stopwatch.GetTimestamp();
                await call();
                times.Add(Stopwatch.GetElapsedTime(calledAt));
            }
        }));
        var elapsed = Stopwatch.GetElapsedTime(startedAt);
        Volatile.Write(ref isDone, true);
        sampler.Join();
        return new(elapsed, [.. times.Order()], mostThreads);
    }

    /// <summary>What several rounds of one load came to, for a row: their medians.</summary>
    /// <param name="rounds">The rounds.</param>
    /// <param name="processorMicroseconds">What the server's processor took for a request.</param>
    public static string Describe(IReadOnlyCollection<Load> rounds, double processorMicroseconds)
    {
        var (half, most) = (Median(load => load.Milliseconds(0.5)), Median(load => load.Milliseconds(0.99)));
        return $"{Median(load => load.PerSecond):N0} requests/s, p50 {half:0.00} ms, p99 {most:0.00} ms, {processorMicroseconds:0} µs of processor each";

        double Median(Func<Load, double> of) => Figure.Median(rounds.Select(of));
    }

    public double Milliseconds(double part) => Times[(int)Math.Min(Times.Count - 1, Times.Count * part)].TotalMilliseconds;
}
