using System.Security.Cryptography;
using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;
using TokenSessions.Aws.Keys;
using TokenSessions.Aws.Tests.Servers;
using TokenSessions.Aws.Tests.Servers.Kms;
using TokenSessions.Benchmarks.Measuring;
using TokenSessions.Benchmarks.Traffic;
using TokenSessions.Issuing;
using TokenSessions.Issuing.Keys;
using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Benchmarks.Issuing;

/// <summary>Session starts whose tokens are signed in a KMS: how much waits, and whether a thread waits with it.</summary>
internal static class KmsStarts
{
    private const int ManyAtATime = 1_000;

    /// <summary>Were one blocked for each start in flight, the pool would grow by one again and again.</summary>
    private static readonly int MostThreads = 8 * Environment.ProcessorCount;

    /// <summary>What KMS takes, and the starts: enough in flight for a KMS that answers soon, few enough to be quick for one that does not.</summary>
    private static readonly (TimeSpan Latency, int Calls, int AtATime)[] Runs =
    [
        (TimeSpan.FromMilliseconds(10), 10_000, ManyAtATime),
        (TimeSpan.FromMilliseconds(200), 4_000, 200),
    ];

    /// <summary>A machine that is busy with something else is to make the figures worse, and not to end the run.</summary>
    private static readonly KmsOptions Patient = new() { Timeout = TimeSpan.FromSeconds(60), AttemptTimeout = TimeSpan.FromSeconds(50) };

    private static readonly (TimeSpan Latency, int Calls, int AtATime)[] QuickRuns = [(TimeSpan.FromMilliseconds(10), 2_000, ManyAtATime)];

    public static async Task<IReadOnlyList<Row>> MeasureAsync(Effort effort)
    {
        var directory = Directory.CreateTempSubdirectory("tokensessions-benchmark-");
        try
        {
            await using var kms = await KmsStandIn.StartAsync();
            return await MeasureAsync(effort, kms, directory.FullName);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static async Task<IReadOnlyList<Row>> MeasureAsync(Effort effort, KmsStandIn kms, string directory)
    {
        var time = TimeProvider.System;
        using var clients = new KmsClients(Patient, time, region => kms.CreateClient(region, client => client.MaxConnectionsPerServer = 1_000));
        var source = new KmsKeySource(clients);
        var (ringPath, options) = (Path.Combine(directory, "ring.json"), new KeyRingOptions { AllowPrivateKeysInFiles = true });
        NewKeyRingEntry[] entries =
        [
            await new Aws.Keys.KmsKeys(clients).CreateAsync(SignatureAlgorithm.ES256, new() { Region = TestCredentials.Region }),
            KeyRingWriter.MakeKeyInFile(ringPath, KeyPurpose.Feed),
            KeyRingWriter.MakeKeyInFile(ringPath, KeyPurpose.Seal),
        ];
        await KeyRingWriter.AddAsync(ringPath, entries, null, options, time, [source]);
        using var ring = await KeyRingFile.OpenAsync(ringPath, options, time, [source]);
        await using var store = JournalStore.Open(Path.Combine(directory, "store"), time);
        var sessions = new SessionIssuer(
            new() { Issuer = "https://id.example.com", DefaultAudience = "https://api.example.com" }, ring, store, new Anybody(), time);
        var keyId = entries[0].Members.First(member => member.Key == "kms_key").Value.GetString()!;
        using var bare = kms.CreateClient(TestCredentials.Region, client => client.MaxConnectionsPerServer = 1_000);

        var rows = new List<Row>();
        foreach (var (latency, calls, atATime) in effort.IsQuick ? QuickRuns : Runs)
        {
            kms.Latency = latency;
            var warmUp = effort.IsQuick ? atATime : 4 * atATime;
            await Load.RunAsync(warmUp, atATime, () => SignAsync(bare, keyId)); // Compiled, and connected.
            await Load.RunAsync(warmUp, atATime, () => StartAsync(sessions));
            var sign = await Load.RunAsync(calls, atATime, () => SignAsync(bare, keyId));
            kms.ResetCalls();
            var starts = await Load.RunAsync(calls, atATime, () => StartAsync(sessions));
            rows.AddRange(Describe($"kms: {calls:N0} session starts, {atATime:N0} in flight, a KMS in this process that takes {latency.TotalMilliseconds:0} ms", starts, sign));
            rows.Add(Row.Of("… `Sign` requests for each token", "1", $"{(double)kms.Calls("Sign") / calls:0.####}", "", kms.Calls("Sign") == calls));
            rows.Add(Row.Of(
                "… the most threads of the pool", $"≤ {MostThreads}: none waits", $"{starts.MostThreads}", "", starts.MostThreads <= MostThreads));
        }

        return rows;
    }

    private static IEnumerable<Row> Describe(string what, Load starts, Load sign)
    {
        yield return Row.Of(what, Figures(starts), $"99 % in {Row.Times(starts.Milliseconds(0.99) / sign.Milliseconds(0.99))} of the bare `Sign`");
        yield return Row.Of("… the bare `Sign` request, as many in flight", Figures(sign));

        static string Figures(Load load) =>
            $"{load.PerSecond:N0} a second, median {load.Milliseconds(0.5):0} ms, 99 % within {load.Milliseconds(0.99):0} ms";
    }

    private static async Task StartAsync(SessionIssuer sessions)
    {
        var result = await sessions.StartAsync(new() { Subject = "ada" });
        if (!result.IsIssued)
        {
            throw new InvalidOperationException($"No session: {result}");
        }
    }

    private static Task<SignResponse> SignAsync(IAmazonKeyManagementService kms, string keyId) => kms.SignAsync(new()
    {
        KeyId = keyId,
        Message = new MemoryStream(new byte[SHA256.HashSizeInBytes]),
        MessageType = MessageType.DIGEST,
        SigningAlgorithm = SigningAlgorithmSpec.ECDSA_SHA_256,
    });

    private sealed class Anybody : ISubjectDirectory
    {
        public ValueTask<SubjectRecord?> FindAsync(string subject, CancellationToken cancellationToken) =>
            new(new SubjectRecord { Scopes = ["reports.read"] });
    }
}
