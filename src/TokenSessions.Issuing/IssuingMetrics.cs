using System.Diagnostics.Metrics;
using TokenSessions.Validation;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Issuing;

/// <summary>What issuing counts, under the meter <see cref="Metering.MeterName"/>.</summary>
internal sealed class IssuingMetrics
{
    private readonly TimeProvider _time;
    private readonly Counter<long> _issued;
    private readonly Histogram<double> _store;
    private readonly Histogram<double> _sign;

    public IssuingMetrics(TimeProvider time, IMeterFactory? meters)
    {
        _time = time;
        var meter = Metering.Create(meters);
        _issued = meter.CreateCounter<long>("tokensessions.tokens.issued", "{token}", "Session starts and refreshes, by kind and result.");
        _store = meter.CreateHistogram<double>("tokensessions.store.duration", "s", "Calls of the session store, by operation and result.");
        _sign = meter.CreateHistogram<double>("tokensessions.sign.duration", "s", "Signatures of access tokens, by algorithm.");
    }

    public long Now() => _time.GetTimestamp();

    /// <summary>Decides, and counts the outcome: <c>Issued</c>, the rejection's name, or <c>Failed</c> if the world was bad.</summary>
    /// <param name="kind"><c>start</c> or <c>refresh</c>.</param>
    /// <param name="decide">The decision.</param>
    public async Task<SessionResult> CountAsync(string kind, Func<Task<SessionResult>> decide)
    {
        var outcome = "Failed";
        try
        {
            var result = await decide().ConfigureAwait(false);
            outcome = result.ToString();
            return result;
        }
        finally
        {
            _issued.Add(1, new("kind", kind), new("result", outcome));
        }
    }

    public void Signed(SignatureAlgorithm algorithm, long startedAt) =>
        _sign.Record(_time.GetElapsedTime(startedAt).TotalSeconds, new KeyValuePair<string, object?>("algorithm", algorithm.Name));

    public void Stored(string operation, bool isDone, long startedAt) => _store.Record(
        _time.GetElapsedTime(startedAt).TotalSeconds, new("operation", operation), new("result", isDone ? "Done" : "Failed"));
}
