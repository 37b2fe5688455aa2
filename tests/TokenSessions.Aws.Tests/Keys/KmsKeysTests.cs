using TokenSessions.Aws.Tests.Servers.Kms;
using TokenSessions.Issuing.Keys;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Aws.Tests.Keys;

public sealed class KmsKeysTests : IAsyncLifetime
{
    private TestKms _kms = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _kms = await TestKms.StartAsync();

    public ValueTask DisposeAsync() => _kms.DisposeAsync();

    [Theory]
    [InlineData("ES256")]
    [InlineData("ES384")]
    [InlineData("RS256")]
    [InlineData("PS256")]
    public async Task A_new_key_is_described_by_its_arn_and_pinned_published_half(string alg)
    {
        var algorithm = SignatureAlgorithm.Find(alg)!;

        var entry = await _kms.Keys().CreateAsync(algorithm, new() { Tags = [new("team", "login")] }, Cancel);
        _kms.Made(entry);

        Assert.Equal((KeyPurpose.Sign, "kms", alg), (entry.Purpose, entry.Source, entry.Algorithm));
        Assert.Equal((entry.KeyId, algorithm), (entry.VerificationKey!.Thumbprint(), entry.VerificationKey.Algorithm));
        Assert.StartsWith($"arn:aws:kms:{TestKms.Region}:", entry.KmsKey(), StringComparison.Ordinal);
        Assert.Equal(["kms_key"], entry.Members.Select(member => member.Key));
    }

    [Fact]
    public async Task A_multi_region_key_has_the_id_of_one()
    {
        var entry = await _kms.Keys().CreateAsync(SignatureAlgorithm.ES256, new() { MultiRegion = true }, Cancel);
        _kms.Made(entry);

        Assert.StartsWith("mrk-", entry.KmsKeyId(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_is_made_in_the_region_that_is_named()
    {
        _ = _kms.StandIn;
        var entry = await _kms.Keys().CreateAsync(SignatureAlgorithm.ES256, new() { Region = TestKms.NextRegion }, Cancel);

        Assert.StartsWith($"arn:aws:kms:{TestKms.NextRegion}:", entry.KmsKey(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_exists_is_described_as_the_new_one_was()
    {
        var made = await _kms.MakeAsync(multiRegion: true);

        var described = await _kms.Keys().DescribeAsync(SignatureAlgorithm.ES256, made.KmsKeyId(), [TestKms.Region, TestKms.NextRegion], Cancel);

        Assert.Equal((made.KeyId, made.KmsKey()), (described.KeyId, described.KmsKey()));
        Assert.Equal(["kms_key", "regions"], described.Members.Select(member => member.Key));
    }

    [Fact]
    public async Task Making_a_key_is_asked_for_once_whatever_becomes_of_the_answer()
    {
        _kms.StandIn.Faults = _ => KmsFault.DropAnswer;

        await Assert.ThrowsAsync<KeyRingException>(() => _kms.Keys().CreateAsync(SignatureAlgorithm.ES256, new(), Cancel));

        Assert.Equal(1, _kms.StandIn.Calls());
    }

    [Fact]
    public async Task A_key_that_was_made_and_then_failed_is_named()
    {
        _kms.StandIn.Faults = call => call.Operation == "GetPublicKey" ? KmsFault.AccessDenied : KmsFault.None;

        var failed = await Assert.ThrowsAsync<KeyRingException>(() => _kms.Keys().CreateAsync(SignatureAlgorithm.ES256, new(), Cancel));

        Assert.StartsWith($"arn:aws:kms:{TestKms.Region}:", failed.Message, StringComparison.Ordinal);
        Assert.Contains("schedule its deletion", failed.Message, StringComparison.Ordinal);
        Assert.Contains("no permission for kms:GetPublicKey", failed.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("CreateKey", "kms:CreateKey")]
    [InlineData("GenerateDataKeyPairWithoutPlaintext", "kms:GenerateDataKeyPairWithoutPlaintext")]
    [InlineData("ReEncrypt", "kms:ReEncryptFrom and kms:ReEncryptTo")]
    [InlineData("GenerateDataKeyWithoutPlaintext", "kms:GenerateDataKeyWithoutPlaintext")]
    public async Task A_missing_permission_is_named(string operation, string permission)
    {
        var symmetric = await _kms.MakeSymmetricAsync();
        _kms.StandIn.Faults = call => call.Operation == operation ? KmsFault.AccessDenied : KmsFault.None;

        var failed = await Assert.ThrowsAsync<KeyRingException>(() => operation switch
        {
            "CreateKey" => _kms.Keys().CreateAsync(SignatureAlgorithm.ES256, new(), Cancel),
            "GenerateDataKeyWithoutPlaintext" => _kms.Keys().CreateWrappedSealingKeyAsync(TestKms.Issuer, symmetric, null, Cancel),
            _ => _kms.Keys().CreateWrappedSigningKeyAsync(KeyPurpose.Feed, SignatureAlgorithm.ES256, TestKms.Issuer, symmetric, null, Cancel),
        });

        Assert.Contains($"no permission for {permission}", failed.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("alias/login", "An alias can be moved")]
    [InlineData("no key", "must be a key id or key ARN")]
    public async Task A_name_that_is_no_single_key_is_refused(string kmsKey, string said)
    {
        var keys = _kms.Keys();
        foreach (var operation in new Func<Task>[]
        {
            () => keys.DescribeAsync(SignatureAlgorithm.ES256, kmsKey, null, Cancel),
            () => keys.CreateWrappedSigningKeyAsync(KeyPurpose.Sign, SignatureAlgorithm.ES256, TestKms.Issuer, kmsKey, null, Cancel),
            () => keys.CreateWrappedSealingKeyAsync(TestKms.Issuer, kmsKey, null, Cancel),
        })
        {
            Assert.Contains(said, (await Assert.ThrowsAsync<KeyRingException>(operation)).Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(KeyPurpose.Seal, "ES256")]
    [InlineData(KeyPurpose.Feed, "RS256")]
    [InlineData(KeyPurpose.None, "ES256")]
    public async Task A_key_pair_signs_tokens_or_with_es256_the_feed(KeyPurpose purpose, string alg) =>
        await Assert.ThrowsAsync<ArgumentException>(() => _kms.Keys().CreateWrappedSigningKeyAsync(
            purpose, SignatureAlgorithm.Find(alg)!, TestKms.Issuer, "1234", null, Cancel));

    [Fact]
    public async Task A_key_pair_under_a_signing_key_is_refused()
    {
        var entry = await _kms.MakeAsync();

        var failed = await Assert.ThrowsAsync<KeyRingException>(() => _kms.Keys().CreateWrappedSigningKeyAsync(
            KeyPurpose.Sign, SignatureAlgorithm.ES256, TestKms.Issuer, entry.KmsKey(), null, Cancel));

        Assert.Contains("the key is of another kind", failed.Message, StringComparison.Ordinal);
    }
}
