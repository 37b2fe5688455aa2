using System.Diagnostics.Metrics;

namespace TokenSessions.Validation;

/// <summary>The name under which everything here is counted.</summary>
public static class Metering
{
    /// <summary>The name of the meter of every TokenSessions package.</summary>
    public const string MeterName = "TokenSessions";

    /// <summary>The meter from a host's factory; without a factory, one that nobody listens to by mistake: it is the same name.</summary>
    internal static Meter Create(IMeterFactory? meters) =>
        meters is null ? new Meter(MeterName) : meters.Create(new MeterOptions(MeterName));
}
