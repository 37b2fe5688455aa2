using System.Diagnostics.Metrics;

namespace TokenSessions.Validation.Denylist;

/// <summary>The two gauges of a sync. A meter keeps its instruments as long as it lives, so they hold the sync only weakly.</summary>
internal sealed class DenylistGauges
{
    private readonly WeakReference<DenylistSync> _sync;

    private DenylistGauges(DenylistSync sync)
    {
        _sync = new(sync);
    }

    /// <summary>Measures this sync until it is no longer used, or the factory's meter ends with its host.</summary>
    public static void Measure(DenylistSync sync, IMeterFactory? meters)
    {
        var gauges = new DenylistGauges(sync);
        var meter = Metering.Create(meters);
        meter.CreateObservableGauge(
            "tokensessions.denylist.staleness", gauges.Staleness, "s", "Age of the denylist; before the first complete sync, of the sync itself.");
        meter.CreateObservableGauge("tokensessions.denylist.rules", gauges.Rules, "{rule}", "Rules of the denylist in memory.");
    }

    private IEnumerable<Measurement<double>> Staleness() =>
        _sync.TryGetTarget(out var sync) ? [new(sync.Staleness.TotalSeconds)] : [];

    private IEnumerable<Measurement<long>> Rules() =>
        _sync.TryGetTarget(out var sync) ? [new(sync.RuleCount)] : [];
}
