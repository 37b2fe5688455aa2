using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using TokenSessions.Issuing.Feed;
using TokenSessions.Issuing.Keys;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Jose;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Benchmarks.Denylist;

/// <summary>The first load of a validator through a service's signed feed, without the network between.</summary>
internal static class RulesThroughFeed
{
    private const string Issuer = "https://issuer.example";

    /// <summary>What one load took. The pauses are all of the load's together, so no single one was longer.</summary>
    public readonly record struct Figures(TimeSpan Made, TimeSpan Loaded, TimeSpan Paused, double Megabytes);

    public static async Task<Figures> MeasureAsync(IDenylistFeed store, int count)
    {
        var time = TimeProvider.System;
        var service = new DenylistSync(store, time);
        await service.SyncAsync();
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
