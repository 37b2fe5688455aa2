using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using TokenSessions.Benchmarks.Measuring;
using TokenSessions.Issuing.Feed;
using TokenSessions.Issuing.Keys;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Jose;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Benchmarks.Denylist;

/// <summary>The first load of a validator through a service's signed feed, without the network between.</summary>
internal static class FullLoad
{
    private const string Issuer = "https://issuer.example";
    private const int Runs = 3;

    private static readonly TimeSpan MostPause = TimeSpan.FromMilliseconds(50);

    public static async Task<IReadOnlyList<Row>> MeasureAsync(int count, TimeSpan mostTime)
    {
        await LoadAsync(1_000); // Compiled by then.
        var loads = new Figures[Runs];
        for (var run = 0; run < Runs; run++)
        {
            loads[run] = await LoadAsync(count);
        }

        var (made, loaded) = (Figure.Median(loads.Select(load => load.Made.TotalNanoseconds)), Figure.Median(loads.Select(load => load.Loaded.TotalNanoseconds)));
        var paused = loads.Max(load => load.Paused);
        return
        [
            Row.Of(
                $"denylist: {count:N0} rules, full load through a signed feed, without the network ({loads[0].Megabytes:0.0} MiB, made in {Row.Time(made)})",
                $"≤ {mostTime.TotalSeconds:0} s", Row.Time(loaded), "", loaded <= mostTime.TotalNanoseconds),
            Row.Of(
                $"… all pauses of the garbage collector in it, the worst of {Runs}",
                $"≤ {MostPause.TotalMilliseconds:0} ms", $"{paused.TotalMilliseconds:0.0} ms", "", paused <= MostPause),
        ];
    }

    private static async Task<Figures> LoadAsync(int count)
    {
        var time = TimeProvider.System;
        var (_, service) = await ManyRules.SyncedAsync(count);
        var key = new FeedKey();
        var feed = new SignedFeed(service, Issuer, () => key, time);
        var startedAt = Stopwatch.GetTimestamp();
        var document = (await feed.GetSnapshotAsync()).Document ?? throw new InvalidOperationException("There is no document.");
        var made = Stopwatch.GetElapsedTime(startedAt);

        using var http = new HttpClient(new Host(document));
        var keys = new KeySetCache(key, time);
        var validator = new DenylistSync(
            new HttpDenylistFeed(http, new("https://issuer.example/denylist/"), Issuer, keys, time, TimeSpan.FromSeconds(30)), time);
        var pausedBefore = GC.GetTotalPauseDuration();
        startedAt = Stopwatch.GetTimestamp();
        var outcome = await validator.SyncAsync();
        var loaded = Stopwatch.GetElapsedTime(startedAt);
        var paused = GC.GetTotalPauseDuration() - pausedBefore;
        return validator.TryGetSnapshot(out var snapshot, out _) && snapshot.Rules.Count == count
            ? new(made, loaded, paused, document.Length / (1024.0 * 1024))
            : throw new InvalidOperationException($"It was not loaded: {outcome.Problem}");
    }

    /// <summary>What one load took. The pauses are all of the load's together, so no single one was longer.</summary>
    private readonly record struct Figures(TimeSpan Made, TimeSpan Loaded, TimeSpan Paused, double Megabytes);

    private sealed class Host(ReadOnlyMemory<byte> document) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { RequestMessage = request, Content = new ReadOnlyMemoryContent(document) });
    }

    private sealed class FeedKey : ISigningKey, IKeySetSource
    {
        private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        public FeedKey() => VerificationKey = VerificationKey.From(_key, SignatureAlgorithm.ES256);

        public VerificationKey VerificationKey { get; }

        public Task<KeySet> FetchAsync(CancellationToken cancellationToken) => Task.FromResult(new KeySet([VerificationKey]));

        public ValueTask<byte[]> SignAsync(ReadOnlyMemory<byte> signingInput, CancellationToken cancellationToken) =>
            new(_key.SignData(signingInput.Span, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));
    }
}
