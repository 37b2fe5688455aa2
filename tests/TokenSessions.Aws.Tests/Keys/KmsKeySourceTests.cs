using System.Security.Cryptography;
using Amazon.KeyManagementService;
using TokenSessions.Aws.Keys;
using TokenSessions.Aws.Tests.Servers.Kms;
using TokenSessions.Issuing.Keys;
using TokenSessions.Tests;
using TokenSessions.Validation.Jose;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Aws.Tests.Keys;

public sealed class KmsKeySourceTests : IAsyncLifetime
{
    private const string KeyArn = "arn:aws:kms:eu-central-1:111122223333:key/1234";

    private TestKms _kms = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _kms = await TestKms.StartAsync();

    public ValueTask DisposeAsync() => _kms.DisposeAsync();

    [Theory]
    [InlineData("ES256")]
    [InlineData("ES384")]
    [InlineData("RS256")]
    [InlineData("PS256")]
    public async Task A_pinned_key_is_opened_without_a_call_and_signs(string alg)
    {
        var entry = await _kms.MakeAsync(SignatureAlgorithm.Find(alg));
        _kms.StandIn.ResetCalls();

        var key = (await OpenAsync(entry.Item())).Remote!;

        Assert.Equal(0, _kms.StandIn.Calls());
        var signature = await key.SignedAsync();
        Assert.True(entry.VerificationKey!.Verify("header.payload"u8, signature));
    }

    [Theory]
    [InlineData("ES256")]
    [InlineData("RS256")]
    public async Task A_key_that_is_not_pinned_is_asked_for_its_published_half_once(string alg)
    {
        var entry = await _kms.MakeAsync(SignatureAlgorithm.Find(alg));
        _kms.StandIn.ResetCalls();

        var key = (await OpenAsync(entry.Item(isPinned: false))).Remote!;

        Assert.Equal((1, 1), (_kms.StandIn.Calls("GetPublicKey"), _kms.StandIn.Calls()));
        Assert.Equal(entry.KeyId, key.VerificationKey.KeyId);
        await key.SignedAsync();
    }

    [Fact]
    public async Task Another_key_than_the_kid_says_is_refused_with_its_thumbprint()
    {
        var (entry, other) = (await _kms.MakeAsync(), await _kms.MakeAsync());

        await AssertRefusedAsync(entry.Item(isPinned: false, ("kms_key", $"\"{other.KmsKey()}\"")), other.KeyId, "that must be the kid");
    }

    [Theory]
    [InlineData("ECC_NIST_P384", "does not sign with ES256", "ECC_NIST_P256")]
    [InlineData("RSA_2048", "does not sign with ES256", "RSA_2048")]
    [InlineData("SYMMETRIC_DEFAULT", "does not support this operation")]
    public async Task Another_curve_size_or_usage_is_refused(string spec, params string[] said)
    {
        var entry = await _kms.MakeAsync();
        var other = await _kms.MakeRawAsync(
            new() { KeySpec = spec, KeyUsage = spec == "SYMMETRIC_DEFAULT" ? KeyUsageType.ENCRYPT_DECRYPT : KeyUsageType.SIGN_VERIFY });

        await AssertRefusedAsync(entry.Item(isPinned: false, ("kms_key", $"\"{other}\"")), said);
    }

    [Fact]
    public async Task A_published_half_is_read_strictly()
    {
        using var p256 = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var brainpool = ECDsa.Create(ECCurve.NamedCurves.brainpoolP256r1);
        using var rsa1024 = RSA.Create(1024);
        var good = p256.ExportSubjectPublicKeyInfo();
        var kid = VerificationKey.From(p256, SignatureAlgorithm.ES256).KeyId;
        var es256 = SigningAlgorithmSpec.ECDSA_SHA_256;
        var rs256 = SigningAlgorithmSpec.RSASSA_PKCS1_V1_5_SHA_256;

        Assert.Null(await OpenScriptedAsync(kid, good, es256));
        Assert.Contains("is not a canonical P-256 key", await OpenScriptedAsync(kid, [.. good, 0], es256), StringComparison.Ordinal);
        Assert.Contains("is not a canonical P-256 key", await OpenScriptedAsync(kid, good[..^1], es256), StringComparison.Ordinal);
        Assert.Contains("is not a canonical P-256 key", await OpenScriptedAsync(kid, [], es256), StringComparison.Ordinal);
        Assert.Contains("is not a canonical P-256 key", await OpenScriptedAsync(kid, brainpool.ExportSubjectPublicKeyInfo(), es256), StringComparison.Ordinal);
        Assert.Contains("is not a canonical P-256 key", await OpenScriptedAsync(kid, rsa1024.ExportSubjectPublicKeyInfo(), es256), StringComparison.Ordinal);
        Assert.Contains("n must have 2048 to 8192 bits", await OpenScriptedAsync(kid, rsa1024.ExportSubjectPublicKeyInfo(), rs256), StringComparison.Ordinal);
        Assert.Contains("another key", await OpenScriptedAsync(kid, good, es256, keyArn: KeyArn + "5"), StringComparison.Ordinal);
        Assert.Contains("its usage is ENCRYPT_DECRYPT", await OpenScriptedAsync(kid, good, es256, KeyUsageType.ENCRYPT_DECRYPT), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("kms_key", "\"alias/login\"", "An alias can be moved to another key")]
    [InlineData("kms_key", "\"arn:aws:kms:eu-central-1:111122223333:alias/login\"", "An alias can be moved to another key")]
    [InlineData("kms_key", "\"\"", "kms_key must be a string that is not empty")]
    [InlineData("kms_key", "7", "kms_key must be a string that is not empty")]
    [InlineData("kms_key", "\"a b\"", "kms_key must be a key id or key ARN")]
    [InlineData("regions", "\"eu-west-1\"", "regions must be an array")]
    [InlineData("regions", "[]", "regions must be an array")]
    [InlineData("regions", "[1]", "regions must be an array")]
    [InlineData("regions", "[\"Europe\"]", "regions must be 1 to 8 different names")]
    [InlineData("regions", "[\"eu-west-1\"]", "regions must contain eu-central-1")]
    [InlineData("regions", "[\"eu-central-1\",\"eu-west-1\"]", "only a multi-Region key")]
    public async Task Members_that_name_no_single_key_are_refused(string member, string json, string said)
    {
        var entry = await _kms.MakeAsync();

        await AssertRefusedAsync(entry.Item(isPinned: true, (member, json)), said);
    }

    [Theory]
    [InlineData(KeyPurpose.Feed)]
    [InlineData(KeyPurpose.Seal)]
    public async Task A_feed_or_sealing_key_is_refused_with_the_reason(KeyPurpose purpose)
    {
        var entry = await _kms.MakeAsync();

        await AssertRefusedAsync(entry.Item() with { Purpose = purpose }, "while KMS is down", "kms-wrapped");
    }

    [Fact]
    public async Task A_multi_region_key_is_opened_in_the_regions_of_its_entry()
    {
        var entry = await _kms.MakeAsync(multiRegion: true);
        var key = (await OpenAsync(entry.Item(isPinned: true, ("regions", $"[\"{TestKms.Region}\",\"{TestKms.NextRegion}\"]")))).Remote!;
        _kms.StandIn.RegionsDown = [TestKms.Region];

        await key.SignedAsync();

        Assert.Equal(1, _kms.StandIn.Calls("Sign", TestKms.NextRegion));
    }

    [Fact]
    public async Task A_trouble_of_kms_is_told_with_the_place_in_the_file()
    {
        var entry = await _kms.MakeAsync();
        _kms.StandIn.Faults = _ => KmsFault.AccessDenied;

        await AssertRefusedAsync(entry.Item(isPinned: false), "no permission for kms:GetPublicKey", entry.KmsKeyId());
    }

    private Task<OpenedKey> OpenAsync(KeyRingItem item) => new KmsKeySource(_kms.Clients()).OpenAsync(item, Cancel);

    private async Task AssertRefusedAsync(KeyRingItem item, params string[] said)
    {
        var refused = await Assert.ThrowsAsync<KeyRingException>(() => OpenAsync(item));

        Assert.StartsWith($"{item.Where}: ", refused.Message, StringComparison.Ordinal);
        Assert.All(said, part => Assert.Contains(part, refused.Message, StringComparison.Ordinal));
    }

    /// <summary>What is said against an answer; null for nothing.</summary>
    private static async Task<string?> OpenScriptedAsync(
        string kid, byte[] subjectPublicKeyInfo, SigningAlgorithmSpec algorithm, KeyUsageType? usage = null, string keyArn = KeyArn)
    {
        using var clients = new KmsClients(new(), new FakeClock(), _ => new ScriptedKms
        {
            GetPublicKey = _ => new()
            {
                KeyId = keyArn,
                KeyUsage = usage ?? KeyUsageType.SIGN_VERIFY,
                SigningAlgorithms = [algorithm.Value],
                PublicKey = new(subjectPublicKeyInfo),
            },
        });
        var alg = algorithm == SigningAlgorithmSpec.ECDSA_SHA_256 ? "ES256" : "RS256";
        var entry = new NewKeyRingEntry(kid, KeyPurpose.Sign, "kms", alg, null, []);
        var thrown = await Record.ExceptionAsync(
            () => new KmsKeySource(clients).OpenAsync(entry.Item(false, ("kms_key", $"\"{KeyArn}\"")), Cancel));
        return thrown is null ? null : Assert.IsType<KeyRingException>(thrown).Message;
    }
}
