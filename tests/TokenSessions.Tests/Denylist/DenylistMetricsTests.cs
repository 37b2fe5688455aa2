using System.Diagnostics.Metrics;
using TokenSessions.Validation;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Denylist;

public sealed class DenylistMetricsTests : IDisposable
{
    private readonly FakeClock _clock = new();
    private readonly Meters _meters = new();
    private readonly MeterListener _listener = new();
    private readonly List<(string Name, double Value)> _seen = [];

    public DenylistMetricsTests()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter == _meters.Meter)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => _seen.Add((instrument.Name, value)));
        _listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => _seen.Add((instrument.Name, value)));
        _listener.Start();
    }

    public void Dispose()
    {
        _listener.Dispose();
        _meters.Dispose();
    }

    [Fact]
    public async Task Shows_staleness_in_seconds_and_the_number_of_rules()
    {
        var feed = new TimedFeed(_clock);
        feed.Add("one");
        var sync = new DenylistSync(feed, _clock, _meters);
        _clock.Advance(TimeSpan.FromSeconds(40));
        Assert.Equal([("tokensessions.denylist.rules", 0), ("tokensessions.denylist.staleness", 40)], Observe());

        await sync.SyncAsync(TestContext.Current.CancellationToken);
        _clock.Advance(TimeSpan.FromSeconds(1.5));
        Assert.Equal([("tokensessions.denylist.rules", 1), ("tokensessions.denylist.staleness", 1.5)], Observe());
        GC.KeepAlive(sync); // The gauges do not.
    }

    [Fact]
    public void Is_not_kept_alive_by_its_gauges()
    {
        var sync = Forget();
        for (var i = 0; i < 5 && sync.IsAlive; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.False(sync.IsAlive);
        Assert.Empty(Observe());
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private WeakReference Forget() => new(new DenylistSync(new TimedFeed(_clock), _clock, _meters));

    private IEnumerable<(string Name, double Value)> Observe()
    {
        _seen.Clear();
        _listener.RecordObservableInstruments();
        return _seen.Order();
    }

    private sealed class Meters : IMeterFactory
    {
        public Meter Meter { get; } = new(Metering.MeterName);

        public Meter Create(MeterOptions options)
        {
            Assert.Equal(Metering.MeterName, options.Name);
            return Meter;
        }

        public void Dispose() => Meter.Dispose();
    }
}
