using System.Diagnostics.Metrics;

namespace TokenSessions.Validation;

/// <summary>The name under which everything here is counted.</summary>
public static class Metering
{
    /// <summary>The name of the meter of every TokenSessions package.</summary>
    public const string MeterName = "TokenSessions";

    /// <summary>The meter of this name: a host's factory makes it; without a factory it belongs to nobody in particular.</summary>
    /// <param name="meters">The host's factory; null if there is none.</param>
    public static Meter Create(IMeterFactory? meters) =>
        meters is null ? new Meter(MeterName) : meters.Create(new MeterOptions(MeterName));
}
