using System.Security.Cryptography;
using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;
using TokenSessions.Aws.Keys;
using TokenSessions.Aws.Tests.Servers.Kms;
using TokenSessions.Issuing.Keys;
using TokenSessions.Tests;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Aws.Tests.Keys;

public sealed class KmsWrappedKeySourceTests : IAsyncLifetime
{
    private TestKms _kms = null!;
    private string _symmetric = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _kms = await TestKms.StartAsync();
        _symmetric = await _kms.MakeSymmetricAsync();
    }

    public ValueTask DisposeAsync() => _kms.DisposeAsync();

    [Theory]
    [InlineData(KeyPurpose.Sign, "ES256")]
    [InlineData(KeyPurpose.Sign, "ES384")]
    [InlineData(KeyPurpose.Sign, "RS256")]
    [InlineData(KeyPurpose.Sign, "PS256")]
    [InlineData(KeyPurpose.Feed, "ES256")]
    public async Task A_wrapped_signing_key_opens_to_the_private_half_of_the_published_one(KeyPurpose purpose, string alg)
    {
        var entry = await WrapAsync(purpose, SignatureAlgorithm.Find(alg));

        var plaintext = (await OpenAsync(entry.Item())).Plaintext!;

        Assert.Equal((purpose, "kms-wrapped", alg), (entry.Purpose, entry.Source, entry.Algorithm));
        Assert.Equal(entry.VerificationKey!.Thumbprint(), entry.KeyId);
        Assert.True(entry.VerificationKey!.Verify("header.payload"u8, SignWith(plaintext, entry.VerificationKey!.Algorithm)));
    }

    [Fact]
    public async Task A_wrapped_sealing_key_opens_to_32_bytes_that_are_the_same_each_time()
    {
        var entry = await _kms.Keys().CreateWrappedSealingKeyAsync(TestKms.Issuer, _symmetric, null, Cancel);
        var other = await _kms.Keys().CreateWrappedSealingKeyAsync(TestKms.Issuer, _symmetric, null, Cancel);

        var (first, second) = ((await OpenAsync(entry.Item())).Plaintext!, (await OpenAsync(entry.Item())).Plaintext!);

        Assert.Equal((KeyPurpose.Seal, "kms-wrapped", "A256GCM", 22), (entry.Purpose, entry.Source, entry.Algorithm, entry.KeyId.Length));
        Assert.Null(entry.VerificationKey);
        Assert.Equal(32, first.Length);
        Assert.Equal(first, second);
        Assert.NotEqual(entry.KeyId, other.KeyId);
        Assert.NotEqual(first, (await OpenAsync(other.Item())).Plaintext!);
    }

    [Fact]
    public async Task A_load_decrypts_once_per_key()
    {
        var entry = await WrapAsync(KeyPurpose.Sign);
        _kms.StandIn.ResetCalls();

        await OpenAsync(entry.Item());

        Assert.Equal((1, 1), (_kms.StandIn.Calls("Decrypt"), _kms.StandIn.Calls()));
    }

    [Theory]
    [InlineData(KeyPurpose.Sign)]
    [InlineData(KeyPurpose.Seal)]
    public async Task A_key_wrapped_for_another_issuer_does_not_open(KeyPurpose purpose)
    {
        var entry = await WrapAsync(purpose);

        await AssertRefusedAsync(entry.Item(), "https://other.example", "does not open with this issuer and kid");
        await AssertRefusedAsync(entry.Item(), TestKms.Issuer + "/", "does not open with this issuer and kid");
    }

    [Fact]
    public async Task A_key_wrapped_for_another_kid_does_not_open()
    {
        var (entry, other) = (await WrapAsync(KeyPurpose.Sign), await WrapAsync(KeyPurpose.Sign));

        await AssertRefusedAsync(entry.Item() with { KeyId = other.KeyId }, TestKms.Issuer, "does not open with this issuer and kid");
    }

    [Fact]
    public async Task A_damaged_ciphertext_does_not_open()
    {
        var entry = await WrapAsync(KeyPurpose.Sign);
        var wrapped = StrictBase64Url.Decode(entry.Members.Single(member => member.Key == "wrapped").Value.GetString()!)!;
        wrapped[^1] ^= 1;

        await AssertRefusedAsync(entry.Item(true, ("wrapped", $"\"{StrictBase64Url.Encode(wrapped)}\"")), TestKms.Issuer, "or is damaged");
    }

    [Fact]
    public async Task A_key_wrapped_under_another_kms_key_does_not_open()
    {
        var entry = await WrapAsync(KeyPurpose.Sign);
        var other = await _kms.MakeSymmetricAsync();

        await AssertRefusedAsync(entry.Item(true, ("kms_key", $"\"{other}\"")), TestKms.Issuer, "was made under another KMS key");
    }

    [Fact]
    public async Task A_ciphertext_that_holds_no_sealing_key_is_refused()
    {
        // Made by hand, in the right context: 31 bytes.
        const string Kid = "AAAAAAAAAAAAAAAAAAAAAA";
        using var kms = _kms.StandIn.CreateClient(TestKms.Region);
        var blob = await kms.EncryptAsync(new EncryptRequest
        {
            KeyId = _symmetric,
            Plaintext = new(new byte[31]),
            EncryptionContext = new() { ["tokensessions:issuer"] = TestKms.Issuer, ["tokensessions:kid"] = Kid },
        }, Cancel);
        var entry = await WrapAsync(KeyPurpose.Seal) with { KeyId = Kid };

        await AssertRefusedAsync(entry.Item(true, ("wrapped", $"\"{StrictBase64Url.Encode(blob.CiphertextBlob.ToArray())}\"")),
            TestKms.Issuer, "does not hold 32 bytes");
    }

    [Theory]
    [InlineData("\"AA==\"", "wrapped must be base64url without padding")]
    [InlineData("\"\"", "wrapped must be a string that is not empty")]
    [InlineData("[]", "wrapped must be a string that is not empty")]
    public async Task A_ciphertext_that_is_no_base64url_is_refused_without_a_call(string json, string said)
    {
        var entry = await WrapAsync(KeyPurpose.Sign);
        _kms.StandIn.ResetCalls();

        await AssertRefusedAsync(entry.Item(true, ("wrapped", json)), TestKms.Issuer, said);

        Assert.Equal(0, _kms.StandIn.Calls());
    }

    [Fact]
    public async Task A_ciphertext_has_at_most_6144_bytes()
    {
        var entry = await WrapAsync(KeyPurpose.Sign);

        foreach (var (length, said) in new[] { (6_144, "InvalidCiphertextException"), (6_145, "of at most 6144 bytes") })
        {
            var wrapped = new byte[length];
            StrictBase64Url.Decode(entry.Members.Single(member => member.Key == "wrapped").Value.GetString()!)!.CopyTo(wrapped, 0);
            await AssertRefusedAsync(entry.Item(true, ("wrapped", $"\"{StrictBase64Url.Encode(wrapped)}\"")), TestKms.Issuer, said);
        }
    }

    [Fact]
    public async Task A_signing_key_without_its_published_half_is_refused()
    {
        var entry = await WrapAsync(KeyPurpose.Sign);

        await AssertRefusedAsync(entry.Item(isPinned: false), TestKms.Issuer, "public must be there");
    }

    [Theory]
    [InlineData(nameof(KmsFault.AccessDenied), "no permission for kms:Decrypt")]
    [InlineData(nameof(KmsFault.ServerError), "answered 500")]
    [InlineData(nameof(KmsFault.ExpiredToken), "have expired")]
    public async Task A_trouble_of_kms_is_told_with_the_place_in_the_file(string fault, string said)
    {
        var entry = await WrapAsync(KeyPurpose.Seal);
        _kms.StandIn.Faults = _ => Enum.Parse<KmsFault>(fault);

        await AssertRefusedAsync(entry.Item(), TestKms.Issuer, said);
    }

    [Fact]
    public async Task The_copy_of_the_sdk_is_cleared()
    {
        var entry = await WrapAsync(KeyPurpose.Seal);
        DecryptResponse? seen = null;
        byte[] before = [];
        using var clients = new KmsClients(new() { Region = TestKms.Region }, new FakeClock(), region => new ScriptedKms(
            new() { ServiceURL = _kms.StandIn.Address.ToString(), AuthenticationRegion = region })
        {
            Decrypted = answer => (seen, before) = (answer, answer.Plaintext.ToArray()),
        });

        var plaintext = (await new KmsWrappedKeySource(TestKms.Issuer, clients).OpenAsync(entry.Item(), Cancel)).Plaintext!;

        Assert.Equal(before, plaintext);
        Assert.Equal(new byte[32], seen!.Plaintext.ToArray());
    }

    [Fact]
    public async Task A_wrapped_key_of_several_regions_opens_in_the_next_one()
    {
        var everywhere = await _kms.MakeRawAsync(
            new() { KeyUsage = KeyUsageType.ENCRYPT_DECRYPT, KeySpec = KeySpec.SYMMETRIC_DEFAULT, MultiRegion = true });
        using var kms = _kms.StandIn.CreateClient(TestKms.Region);
        await kms.ReplicateKeyAsync(new() { KeyId = everywhere, ReplicaRegion = TestKms.NextRegion }, Cancel);
        var entry = await _kms.Keys().CreateWrappedSigningKeyAsync(
            KeyPurpose.Sign, SignatureAlgorithm.ES256, TestKms.Issuer, everywhere, [TestKms.Region, TestKms.NextRegion], Cancel);
        _kms.StandIn.RegionsDown = [TestKms.Region];

        Assert.NotNull((await OpenAsync(entry.Item())).Plaintext);
        Assert.Equal(["kms_key", "regions", "wrapped"], entry.Members.Select(member => member.Key));
        Assert.Equal($"[\"{TestKms.Region}\",\"{TestKms.NextRegion}\"]", entry.Members[1].Value.GetRawText());
    }

    private Task<NewKeyRingEntry> WrapAsync(KeyPurpose purpose, SignatureAlgorithm? algorithm = null) => purpose == KeyPurpose.Seal
        ? _kms.Keys().CreateWrappedSealingKeyAsync(TestKms.Issuer, _symmetric, null, Cancel)
        : _kms.Keys().CreateWrappedSigningKeyAsync(purpose, algorithm ?? SignatureAlgorithm.ES256, TestKms.Issuer, _symmetric, null, Cancel);

    private Task<OpenedKey> OpenAsync(KeyRingItem item, string issuer = TestKms.Issuer) =>
        new KmsWrappedKeySource(issuer, _kms.Clients()).OpenAsync(item, Cancel);

    private async Task AssertRefusedAsync(KeyRingItem item, string issuer, string said)
    {
        var refused = await Assert.ThrowsAsync<KeyRingException>(() => OpenAsync(item, issuer));

        Assert.StartsWith($"{item.Where}: ", refused.Message, StringComparison.Ordinal);
        Assert.Contains(said, refused.Message, StringComparison.Ordinal);
    }

    private static byte[] SignWith(byte[] pkcs8, SignatureAlgorithm algorithm)
    {
        using AsymmetricAlgorithm key = algorithm.IsEllipticCurve ? ECDsa.Create() : RSA.Create();
        key.ImportPkcs8PrivateKey(pkcs8, out var read);
        Assert.Equal(pkcs8.Length, read);
        return key is ECDsa ecdsa
            ? ecdsa.SignData("header.payload"u8, algorithm.Hash)
            : ((RSA)key).SignData("header.payload"u8, algorithm.Hash, algorithm.Padding!);
    }
}
