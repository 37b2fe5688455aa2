using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace TokenSessions.Service.Tests.Leaks;

/// <summary>All texts in traces and metrics of this process: whoever listens to them hears those of every host in it.</summary>
internal static class Telemetry
{
    /// <summary>Each text once, and all places where it was heard.</summary>
    private static readonly ConcurrentDictionary<string, ConcurrentDictionary<string, bool>> Heard = new(StringComparer.Ordinal);

    private static readonly ActivityListener Traces = new()
    {
        ShouldListenTo = _ => true,
        Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
        ActivityStopped = Take,
    };

    private static readonly MeterListener Metrics = new() { InstrumentPublished = (instrument, self) => self.EnableMeasurementEvents(instrument) };

    static Telemetry()
    {
        Metrics.SetMeasurementEventCallback<byte>((instrument, _, tags, _) => Take(instrument, tags));
        Metrics.SetMeasurementEventCallback<short>((instrument, _, tags, _) => Take(instrument, tags));
        Metrics.SetMeasurementEventCallback<int>((instrument, _, tags, _) => Take(instrument, tags));
        Metrics.SetMeasurementEventCallback<long>((instrument, _, tags, _) => Take(instrument, tags));
        Metrics.SetMeasurementEventCallback<float>((instrument, _, tags, _) => Take(instrument, tags));
        Metrics.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Take(instrument, tags));
        Metrics.SetMeasurementEventCallback<decimal>((instrument, _, tags, _) => Take(instrument, tags));
    }

    /// <summary>Where anything was heard.</summary>
    public static IEnumerable<string> Places => Heard.Values.SelectMany(places => places.Keys);

    public static void Listen()
    {
        ActivitySource.AddActivityListener(Traces);
        Metrics.Start();
    }

    /// <summary>Asks those instruments that speak only when they are asked: before their host ends, and with it they.</summary>
    public static void Observe() => Metrics.RecordObservableInstruments();

    /// <summary>Where any of these secrets was heard.</summary>
    public static IEnumerable<string> PlacesOf(Secrets secrets) =>
        Heard.Where(heard => secrets.AreIn(heard.Key)).SelectMany(heard => heard.Value.Keys);

    private static void Take(Activity activity)
    {
        var place = $"trace {activity.Source.Name} {activity.OperationName}";
        Take(place, activity.Source.Tags ?? []);
        Take(place, activity.DisplayName);
        Take(place, activity.StatusDescription);
        Take(place, activity.TraceStateString);
        Take(place, activity.TagObjects);
        Take(place, activity.Baggage);
        foreach (var happened in activity.Events)
        {
            Take(place, happened.Name);
            Take(place, happened.Tags);
        }

        foreach (var link in activity.Links)
        {
            Take(place, link.Context.TraceState);
            Take(place, link.Tags ?? []);
        }
    }

    private static void Take(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        Take($"metric {instrument.Name}", instrument.Tags ?? []);
        Take($"metric {instrument.Name}", instrument.Meter.Tags ?? []);
        foreach (var (name, value) in tags)
        {
            Take($"metric {instrument.Name}, tag {name}", value?.ToString());
        }
    }

    private static void Take<T>(string place, IEnumerable<KeyValuePair<string, T>> tags)
    {
        foreach (var (name, value) in tags)
        {
            Take($"{place}, tag {name}", value?.ToString());
        }
    }

    private static void Take(string place, string? text)
    {
        if (text is { Length: > 0 })
        {
            Heard.GetOrAdd(text, _ => new(StringComparer.Ordinal)).TryAdd(place, true);
        }
    }
}
