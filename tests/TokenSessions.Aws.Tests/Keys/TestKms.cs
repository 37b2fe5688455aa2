using System.Text.Json;
using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;
using TokenSessions.Aws.Keys;
using TokenSessions.Aws.Tests.Servers.Kms;
using TokenSessions.Issuing.Keys;
using TokenSessions.Tests;
using TokenSessions.Validation.Jose;
using KmsKeys = TokenSessions.Aws.Keys.KmsKeys;

namespace TokenSessions.Aws.Tests.Keys;

/// <summary>A KMS for one test, and clients of the real SDK. Keys that were made are scheduled for deletion at the end.</summary>
internal sealed class TestKms : IAsyncDisposable
{
    public const string Region = "eu-central-1";
    public const string NextRegion = "eu-west-1";
    public const string Issuer = "https://login.example";

    private readonly KmsEndpoint _endpoint;
    private readonly List<IDisposable> _owned = [];
    private readonly List<string> _made = [];
    private readonly IAmazonKeyManagementService _kms;

    private TestKms(KmsEndpoint endpoint) => (_endpoint, _kms) = (endpoint, Own(endpoint.CreateClient(Region)));

    /// <summary>For faults and counters; skips the test where the environment names the endpoint.</summary>
    public KmsStandIn StandIn => _endpoint.StandIn;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<TestKms> StartAsync() => new(await KmsEndpoint.StartAsync());

    /// <summary>Clients with what the product sets for its own.</summary>
    public KmsClients Clients(TimeProvider? time = null, KmsOptions? options = null) => Own(new KmsClients(
        options ?? new() { Region = Region }, time ?? new FakeClock(), // It stands still: a busy machine is no slow KMS.
        region => _endpoint.CreateClient(region, config => (config.MaxStaleConnectionRetries, config.DisableLogging) = (0, true))));

    public KmsKeys Keys(KmsClients? clients = null) => new(clients ?? Clients());

    /// <summary>A token key in KMS, with its published half.</summary>
    public async Task<NewKeyRingEntry> MakeAsync(SignatureAlgorithm? algorithm = null, bool multiRegion = false)
    {
        var entry = await Keys().CreateAsync(algorithm ?? SignatureAlgorithm.ES256, new() { MultiRegion = multiRegion }, Cancel);
        _made.Add(entry.KmsKey());
        if (multiRegion)
        {
            await _kms.ReplicateKeyAsync(new() { KeyId = entry.KmsKey(), ReplicaRegion = NextRegion }, Cancel);
        }

        return entry;
    }

    /// <summary>A symmetric key, to wrap others; its ARN.</summary>
    public Task<string> MakeSymmetricAsync() => MakeRawAsync(new() { KeyUsage = KeyUsageType.ENCRYPT_DECRYPT, KeySpec = KeySpec.SYMMETRIC_DEFAULT });

    public async Task<string> MakeRawAsync(CreateKeyRequest request)
    {
        var made = await _kms.CreateKeyAsync(request, Cancel);
        _made.Add(made.KeyMetadata.Arn);
        return made.KeyMetadata.Arn;
    }

    public Task DisableAsync(NewKeyRingEntry entry) => _kms.DisableKeyAsync(new DisableKeyRequest { KeyId = entry.KmsKey() }, Cancel);

    public Task DeleteAsync(NewKeyRingEntry entry)
    {
        _made.Remove(entry.KmsKey());
        return _kms.ScheduleKeyDeletionAsync(new ScheduleKeyDeletionRequest { KeyId = entry.KmsKey(), PendingWindowInDays = 7 }, Cancel);
    }

    /// <summary>Whatever the test made by itself is deleted too.</summary>
    public void Made(NewKeyRingEntry entry) => _made.Add(entry.KmsKey());

    public async ValueTask DisposeAsync()
    {
        var isOurs = string.IsNullOrEmpty(Environment.GetEnvironmentVariable(KmsEndpoint.EndpointVariable));
        foreach (var key in isOurs ? [] : _made) // The stand-in forgets its keys, and may have been told to answer nothing.
        {
            await _kms.ScheduleKeyDeletionAsync(new ScheduleKeyDeletionRequest { KeyId = key, PendingWindowInDays = 7 }, CancellationToken.None);
        }

        _owned.ForEach(owned => owned.Dispose());
        await _endpoint.DisposeAsync();
    }

    private T Own<T>(T disposable)
        where T : IDisposable
    {
        _owned.Add(disposable);
        return disposable;
    }
}

internal static class TestEntries
{
    public static string KmsKey(this NewKeyRingEntry entry) => entry.Members.Single(member => member.Key == "kms_key").Value.GetString()!;

    /// <summary>The id alone, as messages name it.</summary>
    public static string KmsKeyId(this NewKeyRingEntry entry) => entry.KmsKey().Split('/')[^1];

    public static KmsSigningKey Signs(this NewKeyRingEntry entry, KmsClients clients, params string[] regions) =>
        new(entry.VerificationKey!, entry.KmsKey(), regions, clients);

    public static async Task<byte[]> SignedAsync(this ISigningKey key, byte[]? message = null, CancellationToken? cancellationToken = null) =>
        await key.SignAsync(message ?? "header.payload"u8.ToArray(), cancellationToken ?? TestContext.Current.CancellationToken);

    public static Task<SigningKeyUnavailableException> FailsAsync(this ISigningKey key) =>
        Assert.ThrowsAsync<SigningKeyUnavailableException>(() => key.SignedAsync());

    /// <summary>The entry as a ring's loader hands it to its source.</summary>
    public static KeyRingItem Item(this NewKeyRingEntry entry, bool isPinned = true, params (string Name, string Json)[] changes)
    {
        var members = entry.Members.Select(member => (Name: member.Key, Json: member.Value.GetRawText()))
            .Where(member => changes.All(change => change.Name != member.Name)).Concat(changes)
            .Select(member => $"\"{member.Name}\":{member.Json}");
        return new(entry.KeyId, entry.Purpose, entry.Algorithm, isPinned ? entry.VerificationKey : null,
            JsonElement.Parse($"{{{string.Join(',', members)}}}"), $"keys.json: keys[0] (kid {entry.KeyId})");
    }
}
