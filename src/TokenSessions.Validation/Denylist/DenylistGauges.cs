using System.Diagnostics.Metrics;

namespace TokenSessions.Validation.Denylist;

/// <summary>The two gauges of a sync. A meter keeps its instruments for ever, so they hold the sync only weakly.</summary>
internal sealed class DenylistGauges : IDisposable
{
    private readonly WeakReference<DenylistSync> _sync;
    private readonly Meter? _ownMeter;

    public DenylistGauges(DenylistSync sync, IMeterFactory? meters)
    {
        _sync = new(sync);
        var meter = Metering.Create(meters);
        _ownMeter = meters is null ? meter : null; // A factory disposes its meters itself.
        meter.CreateObservableGauge(
            "tokensessions.denylist.staleness", Staleness, "s", "Age of the denylist; before the first complete sync, of the sync itself.");
        meter.CreateObservableGauge("tokensessions.denylist.rules", Rules, "{rule}", "Rules of the denylist in memory.");
    }

    /// <summary>Nothing is measured from here on.</summary>
    public void Dispose()
    {
        _sync.SetTarget(null!);
        _ownMeter?.Dispose();
    }

    private IEnumerable<Measurement<double>> Staleness() =>
        _sync.TryGetTarget(out var sync) ? [new(sync.Staleness.TotalSeconds)] : [];

    private IEnumerable<Measurement<long>> Rules() =>
        _sync.TryGetTarget(out var sync) ? [new(sync.RuleCount)] : [];
}
