using System.Collections.Concurrent;
using System.Security.Cryptography;
using TokenSessions.Benchmarks.Measuring;

namespace TokenSessions.Benchmarks.Issuing;

/// <summary>How the platform signs fastest, on one and on two threads. What writing a token costs beside that, see <see cref="LocalKeys"/>.</summary>
internal static class Signing
{
    private const int InputLength = 450; // A usual token's.
    private const int RsaBits = 3072;
    private const int SignatureLength = 64;

    private static readonly HashAlgorithmName Sha256 = HashAlgorithmName.SHA256;

    public static Task<IReadOnlyList<Row>> MeasureAsync(Effort effort)
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var rsa = RSA.Create(RsaBits);
        var input = RandomNumberGenerator.GetBytes(InputLength);
        return Task.FromResult<IReadOnlyList<Row>>(
        [
            .. OneThread(effort, ecdsa, input),
            .. TwoThreads(effort, "ES256", () => ECDsa.Create(ecdsa.ExportParameters(true)), key => key.SignData(input, Sha256)),
            .. effort.IsQuick ? [] : TwoThreads(effort, $"RS256, {RsaBits:N0} bits", () => RSA.Create(rsa.ExportParameters(true)), key => key.SignData(input, Sha256, RSASignaturePadding.Pkcs1)),
        ]);
    }

    private static IEnumerable<Row> OneThread(Effort effort, ECDsa key, byte[] input)
    {
        const DSASignatureFormat FixedFields = DSASignatureFormat.IeeeP1363FixedFieldConcatenation;
        var digest = SHA256.HashData(input);
        var signature = new byte[SignatureLength];
        Contestant[] ways =
        [
            Repeat("`SignData`", () => key.SignData(input, Sha256)),
            Repeat("`SignHash`", () => key.SignHash(digest)),
            Repeat("`SignHash` with the format", () => key.SignHash(digest, FixedFields)),
            Repeat("`TrySignHash` into a span", () => key.TrySignHash(digest, signature, FixedFields, out _)),
            Repeat("`TrySignData` into a span", () => key.TrySignData(input, signature, Sha256, FixedFields, out _)),
            Repeat("`TrySignHash` into a span, no format", () => key.TrySignHash(digest, signature, out _)),
            Repeat("`TrySignData` into a span, no format", () => key.TrySignData(input, signature, Sha256, out _)),
            Repeat("`HashData`, then `TrySignHash`, no format", () =>
            {
                SHA256.HashData(input, digest);
                key.TrySignHash(digest, signature, out _);
            }),
            Repeat("`SHA256.HashData`", () => SHA256.HashData(input, digest)),
        ];
        var figures = Rounds.Measure(effort, effort.IsQuick ? ways[..2] : ways);
        return figures.Select((figure, i) => Row.Of(
            $"{(i == 0 ? $"signing: {InputLength} bytes, ES256 on one thread," : "…")} {figure.Name}",
            figure.WithBytes(),
            i == 0 ? "" : $"{Row.Times(figure.RatioTo(figures[0]))} of {figures[0].Name}"));
    }

    /// <summary>The same signature by one shared instance, by instances that are borrowed, and by one for each thread.</summary>
    private static IEnumerable<Row> TwoThreads<T>(Effort effort, string name, Func<T> create, Action<T> sign)
        where T : class, IDisposable
    {
        using var shared = create();
        T[] own = [create(), create()];
        var pool = new ConcurrentBag<T>([create(), create()]);
        (string Name, Action<int> Sign)[] ways =
        [
            ("one shared key", _ => sign(shared)),
            ("a pool of keys", _ =>
            {
                var key = pool.TryTake(out var taken) ? taken : create();
                sign(key);
                pool.Add(key);
            }),
            ("a key for each thread", thread => sign(own[thread])),
        ];
        var figures = Rounds.Measure(effort, [.. ways.SelectMany(way => new[] { On(1, way.Name, way.Sign), On(2, way.Name, way.Sign) })]);
        Array.ForEach([.. own, .. pool], key => key.Dispose());
        for (var i = 0; i < figures.Length; i += 2)
        {
            var (one, two) = (figures[i], figures[i + 1]);
            yield return Row.Of(
                $"signing: {name} on two threads, {one.Name}",
                $"{Row.Time(two.Time / 2)} a signature",
                $"{Row.Times(2 * one.RatioTo(two))} one thread" + (i == 0 ? "" : $", {Row.Times(two.RatioTo(figures[1]))} the time of {figures[0].Name}"));
        }
    }

    private static Contestant On(int threads, string name, Action<int> sign) => new(name, times => Spent.OnThreads(
        threads,
        (thread, count) =>
        {
            for (var i = 0; i < count; i++)
            {
                sign(thread);
            }
        },
        times));

    private static Contestant Repeat(string name, Action sign) => Contestant.Of(name, times =>
    {
        for (var i = 0; i < times; i++)
        {
            sign();
        }
    });
}
