using System.Net;
using System.Security.Cryptography;
using System.Text;
using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;
using Amazon.Runtime;

namespace TokenSessions.Aws.Tests.Servers.Kms;

/// <summary>The KMS behind these tests answers the real SDK as KMS does: the same tests pass against the real one.</summary>
public sealed class KmsStandInTests : IAsyncLifetime
{
    private readonly List<string> _created = [];
    private KmsEndpoint _endpoint = null!;
    private IAmazonKeyManagementService _kms = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _endpoint = await KmsEndpoint.StartAsync();
        _kms = _endpoint.CreateClient(TestCredentials.Region);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var id in _created)
        {
            await _kms.ScheduleKeyDeletionAsync(new ScheduleKeyDeletionRequest { KeyId = id, PendingWindowInDays = 7 }, CancellationToken.None);
        }

        _kms.Dispose();
        await _endpoint.DisposeAsync();
    }

    [Theory]
    [InlineData("ECC_NIST_P256", "ECDSA_SHA_256")]
    [InlineData("ECC_NIST_P384", "ECDSA_SHA_384")]
    [InlineData("RSA_3072", "RSASSA_PKCS1_V1_5_SHA_256")]
    [InlineData("RSA_3072", "RSASSA_PSS_SHA_256")]
    public async Task A_signature_over_a_message_or_its_digest_verifies_under_the_public_key(string spec, string algorithm)
    {
        var key = await CreateAsync(KeyUsageType.SIGN_VERIFY, spec);
        var message = Encoding.UTF8.GetBytes("a message");
        var digest = spec == "ECC_NIST_P384" ? SHA384.HashData(message) : SHA256.HashData(message);

        var published = await _kms.GetPublicKeyAsync(new() { KeyId = key.KeyId }, Cancel);
        var ofDigest = await SignAsync(key.Arn, digest, algorithm, MessageType.DIGEST);
        var ofMessage = await SignAsync(key.KeyId, message, algorithm, MessageType.RAW);

        Assert.Equal(KeyState.Enabled, key.KeyState);
        Assert.Contains(algorithm, published.SigningAlgorithms);
        Assert.Equal((key.Arn, key.Arn), (published.KeyId, ofDigest.KeyId));
        Assert.Equal(algorithm, ofDigest.SigningAlgorithm);
        Assert.True(Verifies(published.PublicKey.ToArray(), algorithm, digest, ofDigest.Signature.ToArray()));
        Assert.True(Verifies(published.PublicKey.ToArray(), algorithm, digest, ofMessage.Signature.ToArray()));
    }

    [Fact]
    public async Task A_ciphertext_opens_in_its_own_encryption_context_only()
    {
        var key = await CreateAsync(KeyUsageType.ENCRYPT_DECRYPT, "SYMMETRIC_DEFAULT");
        var blob = (await _kms.EncryptAsync(
            new() { KeyId = key.KeyId, Plaintext = new([1, 2, 3]), EncryptionContext = new() { ["kid"] = "a" } }, Cancel)).CiphertextBlob;

        var opened = await DecryptAsync(blob, "a", key.KeyId);
        var moved = await _kms.ReEncryptAsync(new()
        {
            CiphertextBlob = blob,
            SourceEncryptionContext = new() { ["kid"] = "a" },
            DestinationKeyId = key.KeyId,
            DestinationEncryptionContext = new() { ["kid"] = "b" },
        }, Cancel);

        Assert.Equal([1, 2, 3], opened.Plaintext.ToArray());
        Assert.Equal([1, 2, 3], (await DecryptAsync(moved.CiphertextBlob, "b")).Plaintext.ToArray());
        await Assert.ThrowsAsync<InvalidCiphertextException>(() => DecryptAsync(moved.CiphertextBlob, "a"));
        var other = await CreateAsync(KeyUsageType.ENCRYPT_DECRYPT, "SYMMETRIC_DEFAULT");
        await Assert.ThrowsAsync<IncorrectKeyException>(() => DecryptAsync(blob, "a", other.KeyId));
    }

    [Fact]
    public async Task Generated_keys_come_wrapped_and_decrypt_to_what_they_are()
    {
        var key = await CreateAsync(KeyUsageType.ENCRYPT_DECRYPT, "SYMMETRIC_DEFAULT");

        var dataKey = await _kms.GenerateDataKeyWithoutPlaintextAsync(
            new() { KeyId = key.KeyId, KeySpec = DataKeySpec.AES_256, EncryptionContext = new() { ["kid"] = "a" } }, Cancel);
        var pair = await _kms.GenerateDataKeyPairWithoutPlaintextAsync(
            new() { KeyId = key.KeyId, KeyPairSpec = DataKeyPairSpec.ECC_NIST_P256, EncryptionContext = new() { ["kid"] = "a" } }, Cancel);

        Assert.Equal(32, (await DecryptAsync(dataKey.CiphertextBlob, "a")).Plaintext.Length);
        using var curve = ECDsa.Create();
        curve.ImportPkcs8PrivateKey((await DecryptAsync(pair.PrivateKeyCiphertextBlob, "a")).Plaintext.ToArray(), out _);
        Assert.Equal(pair.PublicKey.ToArray(), curve.ExportSubjectPublicKeyInfo());
    }

    [Fact]
    public async Task A_key_that_is_absent_disabled_or_pending_deletion_says_so()
    {
        var key = await CreateAsync(KeyUsageType.SIGN_VERIFY, "ECC_NIST_P256");

        await Assert.ThrowsAsync<NotFoundException>(() => SignAsync(Guid.NewGuid().ToString(), new byte[32]));
        await _kms.DisableKeyAsync(new DisableKeyRequest { KeyId = key.KeyId }, Cancel);
        await Assert.ThrowsAsync<DisabledException>(() => SignAsync(key.KeyId, new byte[32]));
        await _kms.EnableKeyAsync(new EnableKeyRequest { KeyId = key.KeyId }, Cancel);
        await SignAsync(key.KeyId, new byte[32]);
        var deletion = await _kms.ScheduleKeyDeletionAsync(new ScheduleKeyDeletionRequest { KeyId = key.KeyId, PendingWindowInDays = 7 }, Cancel);
        _created.Remove(key.KeyId);
        await Assert.ThrowsAsync<KMSInvalidStateException>(() => SignAsync(key.KeyId, new byte[32]));

        Assert.True(deletion.DeletionDate > DateTime.UtcNow.AddDays(6));
        var described = await _kms.DescribeKeyAsync(new DescribeKeyRequest { KeyId = key.KeyId }, Cancel);
        Assert.Equal(KeyState.PendingDeletion, described.KeyMetadata.KeyState);
    }

    [Fact]
    public async Task A_digest_algorithm_or_usage_that_does_not_fit_the_key_is_refused()
    {
        var signing = await CreateAsync(KeyUsageType.SIGN_VERIFY, "ECC_NIST_P256");
        var sealing = await CreateAsync(KeyUsageType.ENCRYPT_DECRYPT, "SYMMETRIC_DEFAULT");

        var wrongLength = await Assert.ThrowsAsync<AmazonKeyManagementServiceException>(() => SignAsync(signing.KeyId, new byte[31]));
        Assert.Equal("ValidationException", wrongLength.ErrorCode);
        await Assert.ThrowsAsync<InvalidKeyUsageException>(() => SignAsync(signing.KeyId, new byte[48], "ECDSA_SHA_384"));
        await Assert.ThrowsAsync<InvalidKeyUsageException>(() => SignAsync(sealing.KeyId, new byte[32]));
    }

    [Fact]
    public async Task A_multi_region_key_is_the_same_key_in_every_region_and_any_other_key_is_in_one()
    {
        _ = _endpoint.StandIn;
        using var elsewhere = _endpoint.CreateClient("us-east-1");
        var everywhere = await CreateAsync(KeyUsageType.SIGN_VERIFY, "ECC_NIST_P256", isMultiRegion: true);
        var here = await CreateAsync(KeyUsageType.SIGN_VERIFY, "ECC_NIST_P256");

        var replica = await _kms.ReplicateKeyAsync(new() { KeyId = everywhere.KeyId, ReplicaRegion = "us-east-1" }, Cancel);
        var first = await _kms.GetPublicKeyAsync(new() { KeyId = everywhere.KeyId }, Cancel);
        var second = await elsewhere.GetPublicKeyAsync(new() { KeyId = replica.ReplicaKeyMetadata.Arn }, Cancel);

        Assert.StartsWith("mrk-", everywhere.KeyId, StringComparison.Ordinal);
        Assert.Equal(first.PublicKey.ToArray(), second.PublicKey.ToArray());
        Assert.Equal($"arn:aws:kms:us-east-1:111122223333:key/{everywhere.KeyId}", second.KeyId);
        await Assert.ThrowsAsync<NotFoundException>(() => elsewhere.GetPublicKeyAsync(new() { KeyId = here.KeyId }, Cancel));
    }

    [Fact]
    public async Task Only_requests_signed_with_the_known_credentials_are_answered()
    {
        _ = _endpoint.StandIn;
        await ThrowsAsync("UnrecognizedClientException", new("SOMEBODYELSE", TestCredentials.SecretKey));
        await ThrowsAsync("InvalidSignatureException", new(TestCredentials.AccessKey, "another-secret"));

        using var http = new HttpClient();
        using var unsigned = new HttpRequestMessage(HttpMethod.Post, _endpoint.Address) { Content = new StringContent("{}") };
        unsigned.Headers.Add("X-Amz-Target", "TrentService.Sign");
        using var answer = await http.SendAsync(unsigned, Cancel);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        var error = await answer.Content.ReadAsStringAsync(Cancel);
        Assert.Contains("\"__type\":\"MissingAuthenticationTokenException\"", error, StringComparison.Ordinal);
    }

    private async Task ThrowsAsync(string code, BasicAWSCredentials credentials)
    {
        using var kms = KmsEndpoint.CreateClient(_endpoint.Address, TestCredentials.Region, credentials, configure: null);
        var refused = await Assert.ThrowsAsync<AmazonKeyManagementServiceException>(
            () => kms.CreateKeyAsync(new CreateKeyRequest(), Cancel));
        Assert.Equal(code, refused.ErrorCode);
    }

    private async Task<KeyMetadata> CreateAsync(KeyUsageType usage, string spec, bool isMultiRegion = false)
    {
        var created = await _kms.CreateKeyAsync(
            new() { KeyUsage = usage, KeySpec = spec, MultiRegion = isMultiRegion, Description = "TokenSessions test" }, Cancel);
        _created.Add(created.KeyMetadata.KeyId);
        return created.KeyMetadata;
    }

    private Task<SignResponse> SignAsync(string keyId, byte[] message, string algorithm = "ECDSA_SHA_256", MessageType? type = null) =>
        _kms.SignAsync(
            new() { KeyId = keyId, Message = new(message), MessageType = type ?? MessageType.DIGEST, SigningAlgorithm = algorithm }, Cancel);

    private Task<DecryptResponse> DecryptAsync(MemoryStream blob, string context, string? keyId = null) =>
        _kms.DecryptAsync(
            new() { CiphertextBlob = new(blob.ToArray()), KeyId = keyId, EncryptionContext = new() { ["kid"] = context } }, Cancel);

    private static bool Verifies(byte[] publicKey, string algorithm, byte[] digest, byte[] signature)
    {
        if (algorithm.StartsWith("ECDSA", StringComparison.Ordinal))
        {
            using var curve = ECDsa.Create();
            curve.ImportSubjectPublicKeyInfo(publicKey, out _);
            return curve.VerifyHash(digest, signature, DSASignatureFormat.Rfc3279DerSequence);
        }

        using var rsa = RSA.Create();
        rsa.ImportSubjectPublicKeyInfo(publicKey, out _);
        var padding = algorithm.Contains("PSS", StringComparison.Ordinal) ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1;
        return rsa.VerifyHash(digest, signature, HashAlgorithmName.SHA256, padding);
    }
}
