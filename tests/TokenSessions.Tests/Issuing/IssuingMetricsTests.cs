using System.Diagnostics.Metrics;
using TokenSessions.Issuing;
using TokenSessions.Issuing.Stores;

namespace TokenSessions.Tests.Issuing;

public sealed class IssuingMetricsTests : IAsyncDisposable, IMeterFactory
{
    private readonly IssuerUnderTest _issuer = new();
    private readonly List<Meter> _meters = [];
    private readonly MeterListener _listener = new();
    private readonly List<string> _seen = [];

    public IssuingMetricsTests()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (_meters.Contains(instrument.Meter))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Note(instrument.Name, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Note(instrument.Name, value, tags));
        _listener.Start();
    }

    [Fact]
    public async Task Counts_starts_and_refreshes_by_result_and_times_store_and_signatures_in_seconds()
    {
        var cancellation = TestContext.Current.CancellationToken;
        _issuer.Store.Before = _ => _issuer.Time.Advance(TimeSpan.FromMilliseconds(250));
        var sessions = new SessionIssuer(_issuer.Options, _issuer.Keys, _issuer.Store, _issuer.Subjects, _issuer.Time, this);

        var tokens = (await sessions.StartAsync(new() { Subject = "ada" }, cancellation)).Tokens!;
        await sessions.StartAsync(new() { Subject = "nobody" }, cancellation);
        await sessions.RefreshAsync(new() { RefreshToken = "junk" }, cancellation);
        await sessions.RefreshAsync(new() { RefreshToken = tokens.RefreshToken }, cancellation);
        _issuer.Store.FailOnce(nameof(ISessionStore.ReadAsync), isDone: false);
        await Assert.ThrowsAsync<SessionStoreUnavailableException>(() => sessions.StartAsync(new() { Subject = "ada" }, cancellation));

        Assert.Equal(
            [
                "tokensessions.store.duration 0.25 read_head Done",
                "tokensessions.store.duration 0.25 raise_head Done",
                "tokensessions.store.duration 0.25 read Done",
                "tokensessions.sign.duration 0 ES256",
                "tokensessions.tokens.issued 1 start Issued",
                "tokensessions.store.duration 0.25 read Done",
                "tokensessions.tokens.issued 1 start SubjectNotAllowed",
                "tokensessions.tokens.issued 1 refresh RefreshTokenInvalid",
                "tokensessions.store.duration 0.25 read Done",
                "tokensessions.sign.duration 0 ES256",
                "tokensessions.store.duration 0.25 advance Done",
                "tokensessions.tokens.issued 1 refresh Issued",
                "tokensessions.store.duration 0 read Failed",
                "tokensessions.tokens.issued 1 start Failed",
            ],
            _seen);
    }

    public Meter Create(MeterOptions options)
    {
        Assert.Equal("TokenSessions", options.Name);
        options.Scope = this;
        var meter = new Meter(options);
        _meters.Add(meter);
        return meter;
    }

    public void Dispose()
    {
        // A meter factory must have it; the test is disposed below.
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        _meters.ForEach(meter => meter.Dispose());
        await _issuer.DisposeAsync();
    }

    private void Note<T>(string name, T value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        _seen.Add(string.Join(' ', (object?[])[name, value, .. tags.ToArray().Select(tag => tag.Value)]));
}
