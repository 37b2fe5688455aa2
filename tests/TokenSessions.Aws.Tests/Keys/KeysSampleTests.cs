using System.Text.Json.Nodes;
using TokenSessions.Aws.Keys;
using TokenSessions.Issuing.Keys;
using TokenSessions.Tests;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Aws.Tests.Keys;

/// <summary>The sample has no private halves: nobody may be able to sign with what is published here.</summary>
public sealed class KeysSampleTests : IAsyncLifetime
{
    private static readonly KeyRingOptions Options = new() { AllowPrivateKeysInFiles = true };
    private static readonly string Sample = File.ReadAllText(Path.Combine(SourceTree.Root, "keys.sample"));

    private readonly FakeClock _time = new();
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tokensessions-sample-");
    private TestKms _kms = null!;
    private KmsClients _clients = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Ring => Path.Combine(_directory.FullName, "keys.json");

    private IKeySource[] Sources => [new KmsKeySource(_clients), new KmsWrappedKeySource(TestKms.Issuer, _clients)];

    public async ValueTask InitializeAsync()
    {
        _kms = await TestKms.StartAsync();
        _clients = _kms.Clients();
    }

    public async ValueTask DisposeAsync()
    {
        _directory.Delete(recursive: true);
        await _kms.DisposeAsync();
    }

    [Fact]
    public async Task The_sample_is_what_the_writer_writes_member_by_member()
    {
        var keys = new KmsKeys(_clients);
        var wrapping = await _kms.MakeSymmetricAsync();
        NewKeyRingEntry[] entries =
        [
            await _kms.MakeAsync(), await _kms.MakeAsync(),
            KeyRingWriter.MakeKeyInFile(Ring, KeyPurpose.Sign, SignatureAlgorithm.RS256), KeyRingWriter.MakeKeyInFile(Ring, KeyPurpose.Sign, SignatureAlgorithm.RS256),
            await keys.CreateWrappedSigningKeyAsync(KeyPurpose.Feed, SignatureAlgorithm.ES256, TestKms.Issuer, wrapping, null, Cancel),
            await keys.CreateWrappedSigningKeyAsync(KeyPurpose.Feed, SignatureAlgorithm.ES256, TestKms.Issuer, wrapping, null, Cancel),
            await keys.CreateWrappedSealingKeyAsync(TestKms.Issuer, wrapping, null, Cancel),
            await keys.CreateWrappedSealingKeyAsync(TestKms.Issuer, wrapping, null, Cancel),
        ];
        await KeyRingWriter.AddAsync(Ring, entries, null, Options, _time, Sources, Cancel);

        using var ring = await KeyRingFile.OpenAsync(Ring, Options, _time, Sources, Cancel);
        Assert.Empty(ring.Current.Problems(_time.GetUtcNow(), _ => false));
        Assert.Equal(Shape(await File.ReadAllTextAsync(Ring, Cancel)), Shape(Sample));
    }

    [Fact]
    public async Task The_sample_as_it_stands_lacks_nothing_but_the_first_private_half_that_is_not_in_KMS()
    {
        await File.WriteAllTextAsync(Ring, Sample, Cancel);

        var problem = (await Assert.ThrowsAsync<KeyRingException>(() => KeyRingFile.OpenAsync(Ring, Options, _time, Sources, Cancel))).Message;

        // Its kid is the thumbprint of its public half, or that would be the problem.
        var key = JsonNode.Parse(Sample)!["keys"]![2]!;
        Assert.Contains($"keys[2] (kid {(string)key["kid"]!}): file", problem, StringComparison.Ordinal);
        Assert.Contains("cannot be read", problem, StringComparison.Ordinal);
    }

    /// <summary>Each key's members in their order, and the values of those that name no key.</summary>
    private static string[] Shape(string ring) =>
    [
        .. JsonNode.Parse(ring)!["keys"]!.AsArray().Select(key => string.Join(", ", key!.AsObject().Select(member => member.Key switch
        {
            "purpose" or "source" or "alg" => $"{member.Key} {(string)member.Value!}",
            "public" => $"public {string.Join(' ', member.Value!.AsObject().Select(part => part.Key))}",
            _ => member.Key,
        }))),
    ];
}
