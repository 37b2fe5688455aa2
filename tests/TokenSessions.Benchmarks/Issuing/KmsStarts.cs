using System.Security.Cryptography;
using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;
using TokenSessions.Aws.Keys;
using TokenSessions.Aws.Tests.Servers;
using TokenSessions.Aws.Tests.Servers.Kms;
using TokenSessions.Benchmarks.Traffic;
using TokenSessions.Issuing;
using TokenSessions.Issuing.Keys;
using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Benchmarks.Issuing;

/// <summary>Session starts whose tokens are signed in a KMS: how much waits, and whether a thread waits with it.</summary>
internal static class KmsStarts
{
    private static readonly (TimeSpan Latency, int Calls, int AtATime)[] Runs =
    [
        (TimeSpan.FromMilliseconds(10), 10_000, 1_000),
        (TimeSpan.FromMilliseconds(200), 4_000, 200),
    ];

    public static async Task MeasureAsync()
    {
        var directory = Directory.CreateTempSubdirectory("tokensessions-benchmark-");
        try
        {
            await using var kms = await KmsStandIn.StartAsync();
            await MeasureAsync(kms, directory.FullName);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static async Task MeasureAsync(KmsStandIn kms, string directory)
    {
        var time = TimeProvider.System;
        using var clients = new KmsClients(new(), time, region => kms.CreateClient(region, client => client.MaxConnectionsPerServer = 1_000));
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

        Console.WriteLine("| KMS takes | starts | in flight | seconds | starts/s | `Sign` requests | median | 99 % within | bare `Sign` 99 % | threads |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|");
        foreach (var (latency, calls, atATime) in Runs)
        {
            kms.Latency = latency;
            await Load.RunAsync(4 * atATime, atATime, () => SignAsync(bare, keyId)); // Compiled, and connected.
            await Load.RunAsync(4 * atATime, atATime, () => StartAsync(sessions));
            var sign = await Load.RunAsync(calls, atATime, () => SignAsync(bare, keyId));
            kms.ResetCalls();
            var starts = await Load.RunAsync(calls, atATime, () => StartAsync(sessions));
            Console.WriteLine(
                $"| {latency.TotalMilliseconds:0} ms | {calls} | {atATime} | {starts.Elapsed.TotalSeconds:0.0} | {starts.PerSecond:0} | {kms.Calls("Sign")} "
                + $"| {starts.Milliseconds(0.5):0} ms | {starts.Milliseconds(0.99):0} ms | {sign.Milliseconds(0.99):0} ms | {starts.MostThreads} |");
        }

        Console.WriteLine();
        Console.WriteLine($"{Environment.ProcessorCount} processors, .NET {Environment.Version}; the stand-in for KMS runs in the same process.");
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
