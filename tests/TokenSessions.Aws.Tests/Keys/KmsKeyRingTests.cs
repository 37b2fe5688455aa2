using TokenSessions.Aws.Keys;
using TokenSessions.Aws.Tests.Servers.Kms;
using TokenSessions.Issuing.Keys;
using TokenSessions.Tests;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Aws.Tests.Keys;

/// <summary>A ring file whose keys are made, and opened, by KMS: the whole way.</summary>
public sealed class KmsKeyRingTests : IAsyncLifetime
{
    private readonly FakeClock _clock = new();
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("kms-ring-");
    private TestKms _kms = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Ring => Path.Combine(_directory.FullName, "keys.json");

    public async ValueTask InitializeAsync() => _kms = await TestKms.StartAsync();

    public async ValueTask DisposeAsync()
    {
        _directory.Delete(recursive: true);
        await _kms.DisposeAsync();
    }

    [Fact]
    public async Task A_ring_of_keys_in_kms_and_wrapped_ones_is_written_opened_and_used()
    {
        using var ring = await MakeAsync();

        Assert.Equal(
            [KeyPurpose.Sign, KeyPurpose.Sign, KeyPurpose.Feed, KeyPurpose.Feed, KeyPurpose.Seal, KeyPurpose.Seal],
            ring.Current.Entries.Select(entry => entry.Purpose));
        Assert.Empty(ring.Current.Problems(_clock.GetUtcNow(), _ => false));
        var feed = ring.FindFeedKey(_ => false)!;
        var signature = await feed.SignedAsync();
        Assert.True(feed.VerificationKey.Verify("header.payload"u8, signature));
    }

    [Fact]
    public async Task A_ring_with_every_half_pinned_opens_with_one_decrypt_for_each_wrapped_key_and_no_other_call()
    {
        (await MakeAsync()).Dispose();
        _kms.StandIn.ResetCalls();

        using var ring = await OpenAsync(TestKms.Issuer);

        Assert.Equal((4, 4), (_kms.StandIn.Calls("Decrypt"), _kms.StandIn.Calls()));
        Assert.Equal(KeyRingChange.None, (await ring.ReloadAsync(Cancel)).Change);
        Assert.Equal(4, _kms.StandIn.Calls());
    }

    [Fact]
    public async Task A_ring_of_another_issuer_does_not_open()
    {
        (await MakeAsync()).Dispose();

        var refused = await Assert.ThrowsAsync<KeyRingException>(() => OpenAsync("https://other.example"));

        Assert.Contains("does not open with this issuer and kid", refused.Message, StringComparison.Ordinal);
        Assert.Contains("keys[2]", refused.Message, StringComparison.Ordinal); // The first one that is wrapped.
    }

    [Fact]
    public async Task The_feed_is_signed_while_kms_is_down()
    {
        using var ring = await MakeAsync();
        _kms.StandIn.Faults = _ => KmsFault.Drop;

        Assert.NotEmpty(await ring.FindFeedKey(_ => false)!.SignedAsync());
    }

    private async Task<KeyRingFile> MakeAsync()
    {
        var keys = _kms.Keys();
        var symmetric = await _kms.MakeSymmetricAsync();
        var entries = new List<NewKeyRingEntry> { await _kms.MakeAsync(), await _kms.MakeAsync() };
        for (var i = 0; i < 2; i++)
        {
            entries.Add(await keys.CreateWrappedSigningKeyAsync(KeyPurpose.Feed, SignatureAlgorithm.ES256, TestKms.Issuer, symmetric, null, Cancel));
        }

        for (var i = 0; i < 2; i++)
        {
            entries.Add(await keys.CreateWrappedSealingKeyAsync(TestKms.Issuer, symmetric, null, Cancel));
        }

        await KeyRingWriter.AddAsync(Ring, entries, null, new(), _clock, Sources(TestKms.Issuer), Cancel);
        return await OpenAsync(TestKms.Issuer);
    }

    private Task<KeyRingFile> OpenAsync(string issuer) => KeyRingFile.OpenAsync(Ring, new(), _clock, Sources(issuer), Cancel);

    private IKeySource[] Sources(string issuer)
    {
        var clients = _kms.Clients();
        return [new KmsKeySource(clients), new KmsWrappedKeySource(issuer, clients)];
    }
}
