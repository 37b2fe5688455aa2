using System.Diagnostics;

namespace TokenSessions.Tests;

/// <summary>Says now and then that a long test goes on.</summary>
/// <remarks>
/// <c>dotnet test</c> may see a test process end before it has read the last that was said. It waits for that, but only until a minute after
/// what it read before: a longer silence, and a run in which all is well is at times called crashed.
/// </remarks>
internal sealed class Heartbeat : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(40);

    private readonly Timer _timer;

    public Heartbeat()
    {
        var (output, begun) = (TestContext.Current.TestOutputHelper, Stopwatch.GetTimestamp());
        _timer = new(_ => output?.WriteLine($"… for {Stopwatch.GetElapsedTime(begun).TotalSeconds:F0} s"), null, Interval, Interval);
    }

    /// <summary>Waits for what is being said: after its end a test may say nothing.</summary>
    public void Dispose()
    {
        using var isOver = new ManualResetEvent(false);
        if (_timer.Dispose(isOver))
        {
            isOver.WaitOne();
        }
    }
}
