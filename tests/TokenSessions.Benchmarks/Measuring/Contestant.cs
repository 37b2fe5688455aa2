using System.Diagnostics;

namespace TokenSessions.Benchmarks.Measuring;

/// <summary>One way of doing the thing that is measured.</summary>
/// <param name="Name">For the row.</param>
/// <param name="Run">Does it so many times, and says what that cost. What it prepares first does not count.</param>
/// <param name="Most">The most times in one run.</param>
internal sealed record Contestant(string Name, Func<int, Spent> Run, int Most = int.MaxValue)
{
    /// <summary>One that needs no preparation.</summary>
    /// <param name="name">For the row.</param>
    /// <param name="loop">Does it so many times.</param>
    /// <param name="most">The most times in one run.</param>
    public static Contestant Of(string name, Action<int> loop, int most = int.MaxValue) => new(name, times => Spent.On(loop, times), most);
}

/// <summary>What a run cost.</summary>
/// <param name="Elapsed">By the clock.</param>
/// <param name="Bytes">Allocated by the thread that ran; 0 where that says nothing.</param>
internal readonly record struct Spent(TimeSpan Elapsed, long Bytes)
{
    public static Spent On(Action<int> loop, int times)
    {
        var bytes = GC.GetAllocatedBytesForCurrentThread();
        var startedAt = Stopwatch.GetTimestamp();
        loop(times);
        var elapsed = Stopwatch.GetElapsedTime(startedAt);
        return new(elapsed, GC.GetAllocatedBytesForCurrentThread() - bytes);
    }

    /// <summary>The same on several threads at once, each with its number from 0: until the last is done.</summary>
    public static Spent OnThreads(int threads, Action<int, int> loop, int times)
    {
        using var go = new ManualResetEventSlim();
        using var ready = new CountdownEvent(threads);
        var running = Enumerable.Range(0, threads).Select(number => new Thread(() =>
        {
            ready.Signal();
            go.Wait();
            loop(number, times);
        })).ToArray();
        foreach (var thread in running)
        {
            thread.Start();
        }

        ready.Wait();
        var startedAt = Stopwatch.GetTimestamp();
        go.Set();
        foreach (var thread in running)
        {
            thread.Join();
        }

        return new(Stopwatch.GetElapsedTime(startedAt), 0);
    }
}
