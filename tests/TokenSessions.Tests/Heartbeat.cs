using System.Diagnostics;

namespace TokenSessions.Tests;

/// <summary>Says now and then that a long test goes on.</summary>
/// <remarks>
/// <c>dotnet test</c> reads what a test process says behind its end, and once it has been silent for a minute does not wait for the rest: a
/// run in which all is well would at times be called crashed.
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
