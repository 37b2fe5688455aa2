using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace TokenSessions.Service.Tests.Service;

public sealed class MetricsTests : IAsyncDisposable
{
    private readonly TestService _service = new();
    private readonly MeterListener _listener = new();
    private readonly List<(string Name, double Value, string? Tag)> _measured = [];

    public MetricsTests()
    {
        // Of this service alone: other tests have theirs in the same process.
        _listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Name == "TokenSessions" && instrument.Meter.Scope == _service.Services.GetRequiredService<IMeterFactory>())
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Take(instrument, value, tags));
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Take(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Take(instrument, value, tags));
        _service.CreateClient().Dispose();
        _listener.Start();
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _service.DisposeAsync();
    }

    [Fact]
    public async Task Every_request_with_an_access_token_counts_one_validation_and_others_none()
    {
        var tokens = await _service.LoginAsync();
        var admin = await _service.AdminTokenAsync();

        Assert.Equal("", await ValidationsOfAsync("/health/live", HttpMethod.Get, tokens.AccessToken));
        Assert.Equal("", await ValidationsOfAsync("/.well-known/jwks.json", HttpMethod.Get, tokens.AccessToken));
        Assert.Equal("Accepted", await ValidationsOfAsync("/session", HttpMethod.Get, tokens.AccessToken));
        Assert.Equal("Accepted", await ValidationsOfAsync("/admin/keys", HttpMethod.Get, admin));
        Assert.Equal("AudienceMismatch", await ValidationsOfAsync("/admin/keys", HttpMethod.Get, tokens.AccessToken));
        Assert.Equal("Accepted", await ValidationsOfAsync("/logout", HttpMethod.Post, tokens.AccessToken));
        Assert.Equal("Revoked", await ValidationsOfAsync("/session", HttpMethod.Get, tokens.AccessToken));
    }

    [Fact]
    public async Task What_the_service_does_is_counted_and_timed()
    {
        var tokens = await _service.LoginAsync();
        await _service.RefreshAsync(tokens.RefreshToken);
        await _service.RevokeAsync("session", tokens.SessionId);
        _listener.RecordObservableInstruments();

        lock (_measured)
        {
            Assert.Equal(["start", "refresh", "start"], TagsOf("tokensessions.tokens.issued")); // The last is the administrator's.
            Assert.Equal(["ES256", "ES256", "ES256"], TagsOf("tokensessions.sign.duration"));
            Assert.Contains("advance", TagsOf("tokensessions.store.duration"));
            Assert.Contains("deny", TagsOf("tokensessions.store.duration"));
            Assert.Equal(1, Assert.Single(_measured, one => one.Name == "tokensessions.denylist.rules").Value);
            Assert.InRange(Assert.Single(_measured, one => one.Name == "tokensessions.denylist.staleness").Value, 0, 5);
        }
    }

    private IEnumerable<string?> TagsOf(string name) => _measured.Where(one => one.Name == name).Select(one => one.Tag);

    private async Task<string> ValidationsOfAsync(string path, HttpMethod method, string accessToken)
    {
        lock (_measured)
        {
            _measured.Clear();
        }

        await _service.SendAsync(method, path, bearer: accessToken);
        lock (_measured)
        {
            return string.Join(' ', _measured.Where(one => one.Name == "tokensessions.tokens.validated").Select(one => one.Tag));
        }
    }

    private void Take(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        lock (_measured)
        {
            _measured.Add((instrument.Name, value, tags.Length > 0 ? tags[0].Value as string : null));
        }
    }
}
