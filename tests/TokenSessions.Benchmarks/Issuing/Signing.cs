using System.Collections.Concurrent;
using System.Diagnostics;
using System.Security.Cryptography;

namespace TokenSessions.Benchmarks.Issuing;

/// <summary>How the platform signs fastest, on one and on two threads. What writing a token costs beside that, see <see cref="Issuing.LocalKeys"/>.</summary>
internal static class Signing
{
    private const int InputLength = 450; // A usual token's.
    private const int Rounds = 151;
    private static readonly TimeSpan RoundTime = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan ThreadTime = TimeSpan.FromMilliseconds(150);
    private static readonly HashAlgorithmName Sha256 = HashAlgorithmName.SHA256;

    public static void Measure()
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var rsa = RSA.Create(3072);
        var input = RandomNumberGenerator.GetBytes(InputLength);
        Console.WriteLine($"{InputLength} bytes to sign. Ratios are medians of {Rounds} rounds side by side.");
        Console.WriteLine();
        MeasureOne(ecdsa, input);
        Console.WriteLine();
        MeasureThreads(ecdsa, rsa, input);
    }

    private static void MeasureOne(ECDsa ecdsa, byte[] input)
    {
        const DSASignatureFormat fixedFields = DSASignatureFormat.IeeeP1363FixedFieldConcatenation;
        var digest = SHA256.HashData(input);
        var signature = new byte[64];
        (string Name, Action Call)[] ways =
        [
            ("`SignData`", () => ecdsa.SignData(input, Sha256)),
            ("`SignHash`", () => ecdsa.SignHash(digest)),
            ("`SignHash` with the format", () => ecdsa.SignHash(digest, fixedFields)),
            ("`TrySignHash` into a span", () => ecdsa.TrySignHash(digest, signature, fixedFields, out _)),
            ("`TrySignData` into a span", () => ecdsa.TrySignData(input, signature, Sha256, fixedFields, out _)),
            ("`TrySignHash` into a span, no format", () => ecdsa.TrySignHash(digest, signature, out _)),
            ("`TrySignData` into a span, no format", () => ecdsa.TrySignData(input, signature, Sha256, out _)),
            ("`HashData`, then `TrySignHash`, no format", () =>
            {
                SHA256.HashData(input, digest);
                ecdsa.TrySignHash(digest, signature, out _);
            }),
            ("`SHA256.HashData`", () => SHA256.HashData(input, digest)),
        ];
        foreach (var (_, call) in ways)
        {
            Spin(call, TimeSpan.FromMilliseconds(300)); // Until it is compiled for good.
        }

        var times = new double[ways.Length][];
        for (var i = 0; i < ways.Length; i++)
        {
            times[i] = new double[Rounds];
        }

        for (var round = 0; round < Rounds; round++)
        {
            for (var i = 0; i < ways.Length; i++)
            {
                times[i][round] = Spin(ways[i].Call, RoundTime);
            }
        }

        Console.WriteLine("| ES256 on one thread | µs | × `SignData` | bytes |");
        Console.WriteLine("|---|---|---|---|");
        for (var i = 0; i < ways.Length; i++)
        {
            var ratio = Median(times[i].Zip(times[0], (own, bare) => own / bare));
            Console.WriteLine($"| {ways[i].Name} | {Median(times[i]):0.0} | {ratio:0.00} | {Bytes(ways[i].Call)} |");
        }
    }

    /// <summary>The same signature by one shared instance, by instances that are borrowed, and by one for each thread.</summary>
    private static void MeasureThreads(ECDsa ecdsa, RSA rsa, byte[] input)
    {
        Console.WriteLine("| signatures a second | one thread | two threads | × |");
        Console.WriteLine("|---|---|---|---|");
        Compare("ES256", () => ECDsa.Create(ecdsa.ExportParameters(true)), key => key.SignData(input, Sha256));
        Compare("RS256, 3,072 bits", () => RSA.Create(rsa.ExportParameters(true)), key => key.SignData(input, Sha256, RSASignaturePadding.Pkcs1));

        static void Compare<T>(string name, Func<T> create, Action<T> sign)
            where T : class, IDisposable
        {
            using var shared = create();
            var pool = new ConcurrentBag<T>();
            using var own = new ThreadLocal<T>(create, trackAllValues: true);
            (string Name, Action Call)[] ways =
            [
                ("one shared", () => sign(shared)),
                ("pooled", () =>
                {
                    var key = pool.TryTake(out var taken) ? taken : create();
                    sign(key);
                    pool.Add(key);
                }),
                ("one per thread", () => sign(own.Value!)),
            ];
            foreach (var way in ways)
            {
                OnThreads(2, way.Call);
                var one = Median(Enumerable.Range(0, 5).Select(_ => OnThreads(1, way.Call)));
                var two = Median(Enumerable.Range(0, 5).Select(_ => OnThreads(2, way.Call)));
                Console.WriteLine($"| {name}, {way.Name} | {one:n0} | {two:n0} | {two / one:0.00} |");
            }

            foreach (var key in own.Values.Concat(pool))
            {
                key.Dispose();
            }
        }
    }

    /// <returns>Microseconds a call.</returns>
    private static double Spin(Action call, TimeSpan duration)
    {
        var (calls, startedAt) = (0, Stopwatch.GetTimestamp());
        do
        {
            call();
            calls++;
        }
        while (Stopwatch.GetElapsedTime(startedAt) < duration);
        return Stopwatch.GetElapsedTime(startedAt).TotalMicroseconds / calls;
    }

    /// <returns>Calls a second, of all threads together.</returns>
    private static double OnThreads(int count, Action call)
    {
        var perSecond = new double[count];
        var threads = Enumerable.Range(0, count).Select(i => new Thread(() => perSecond[i] = 1e6 / Spin(call, ThreadTime))).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        return perSecond.Sum();
    }

    private static long Bytes(Action call)
    {
        const int Calls = 200;
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Calls; i++)
        {
            call();
        }

        return (GC.GetAllocatedBytesForCurrentThread() - before) / Calls;
    }

    private static double Median(IEnumerable<double> values) => values.Order().ToArray() is var sorted ? sorted[sorted.Length / 2] : 0;
}
