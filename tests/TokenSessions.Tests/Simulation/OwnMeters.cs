using System.Diagnostics.Metrics;

namespace TokenSessions.Tests.Simulation;

/// <summary>Makes meters that are disposed together: a meter that is not, is never forgotten.</summary>
internal sealed class OwnMeters : IMeterFactory
{
    private readonly Lock _gate = new();
    private readonly List<Meter> _meters = [];

    public Meter Create(MeterOptions options)
    {
        var meter = new Meter(options.Name);
        lock (_gate)
        {
            _meters.Add(meter);
        }

        return meter;
    }

    public void Dispose() => _meters.ForEach(meter => meter.Dispose());
}
