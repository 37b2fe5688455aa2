using System.Collections.Concurrent;
using System.Diagnostics;
using Amazon;
using Amazon.Util;

namespace TokenSessions.Aws.Tests.Leaks;

/// <summary>All that the AWS SDK logs in this process while this lives, asked for as much as it can. For tests that run alone.</summary>
internal sealed class SdkLog : TraceListener
{
    private const string Source = "Amazon"; // Above all sources of the SDK.

    private static readonly LoggingConfig Config = AWSConfigs.LoggingConfig;

    private readonly ConcurrentQueue<string> _lines = new();
    private readonly (LoggingOptions LogTo, ResponseLoggingOption Responses, bool Metrics) _before = (Config.LogTo, Config.LogResponses, Config.LogMetrics);

    public SdkLog()
        : base(nameof(SdkLog))
    {
        (Config.LogTo, Config.LogResponses, Config.LogMetrics) = (LoggingOptions.SystemDiagnostics, ResponseLoggingOption.Always, true);
        AWSConfigs.AddTraceListener(Source, this);
    }

    public IReadOnlyCollection<string> Lines => _lines;

    public override void Write(string? message) => _lines.Enqueue(message ?? "");

    public override void WriteLine(string? message) => _lines.Enqueue(message ?? "");

    protected override void Dispose(bool disposing)
    {
        AWSConfigs.RemoveTraceListener(Source, Name);
        (Config.LogTo, Config.LogResponses, Config.LogMetrics) = _before;
        base.Dispose(disposing);
    }
}
