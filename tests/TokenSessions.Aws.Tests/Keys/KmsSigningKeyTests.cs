using System.Text;
using TokenSessions.Aws.Keys;
using TokenSessions.Aws.Tests.Servers.Kms;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Aws.Tests.Keys;

/// <summary>Over the wire, with real keys: what leaves is a signature as JWS wants it, or nothing.</summary>
public sealed class KmsSigningKeyTests : IAsyncLifetime
{
    private const int Signatures = 2_000;

    private TestKms _kms = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _kms = await TestKms.StartAsync();

    public ValueTask DisposeAsync() => _kms.DisposeAsync();

    [Theory]
    [InlineData("ES256", 64)]
    [InlineData("ES384", 96)]
    [InlineData("RS256", 384)]
    [InlineData("PS256", 384)]
    public async Task Every_signature_verifies_and_has_the_exact_length(string alg, int length)
    {
        var algorithm = SignatureAlgorithm.Find(alg)!;
        var entry = await _kms.MakeAsync(algorithm);
        var key = entry.Signs(_kms.Clients());
        var leadingZeros = new int[2];
        if (algorithm.IsEllipticCurve)
        {
            // One of 256 is so by nature; these are for sure.
            _kms.StandIn.Faults = call => (call.Ordinal % 500) switch { 1 => KmsFault.ShortR, 2 => KmsFault.ShortS, _ => KmsFault.None };
        }

        await Parallel.ForAsync(0, Signatures, new ParallelOptions { MaxDegreeOfParallelism = 20, CancellationToken = Cancel }, async (i, token) =>
        {
            var message = Encoding.ASCII.GetBytes($"header.{i}");
            var signature = await key.SignAsync(message, token);

            Assert.Equal(length, signature.Length);
            Assert.True(entry.VerificationKey!.Verify(message, signature));
            for (var half = 0; algorithm.IsEllipticCurve && half < 2; half++)
            {
                Interlocked.Add(ref leadingZeros[half], signature[half * algorithm.CoordinateLength] == 0 ? 1 : 0);
            }
        });

        TestContext.Current.TestOutputHelper?.WriteLine($"{alg}: {Signatures} signatures, leading zeros in r: {leadingZeros[0]}, in s: {leadingZeros[1]}");
        Assert.All(leadingZeros, count => Assert.True(count >= (algorithm.IsEllipticCurve ? Signatures / 500 : 0)));
    }

    [Theory]
    [InlineData("ES256", nameof(KmsFault.WrongSignature), "does not belong to the published half")]
    [InlineData("ES256", nameof(KmsFault.OtherKeyId), "another key")]
    [InlineData("ES256", nameof(KmsFault.OtherAlgorithm), "another algorithm than ECDSA_SHA_256")]
    [InlineData("ES256", nameof(KmsFault.EmptySignature), "strict DER")]
    [InlineData("ES256", nameof(KmsFault.NoSignature), "strict DER")]
    [InlineData("ES256", nameof(KmsFault.TrailingByte), "strict DER")]
    [InlineData("ES256", nameof(KmsFault.Truncated), "strict DER")]
    [InlineData("ES256", nameof(KmsFault.WrongTag), "strict DER")]
    [InlineData("ES256", nameof(KmsFault.LongFormLength), "strict DER")]
    [InlineData("ES256", nameof(KmsFault.PaddedR), "strict DER")]
    [InlineData("ES256", nameof(KmsFault.NegativeR), "strict DER")]
    [InlineData("ES256", nameof(KmsFault.ZeroR), "strict DER")]
    [InlineData("ES256", nameof(KmsFault.OversizedR), "strict DER")]
    [InlineData("ES256", nameof(KmsFault.ThirdInteger), "strict DER")]
    [InlineData("ES384", nameof(KmsFault.WrongSignature), "does not belong to the published half")]
    [InlineData("ES384", nameof(KmsFault.OversizedR), "strict DER")]
    [InlineData("RS256", nameof(KmsFault.WrongSignature), "does not belong to the published half")]
    [InlineData("RS256", nameof(KmsFault.OtherKeyId), "another key")]
    [InlineData("RS256", nameof(KmsFault.OtherAlgorithm), "another algorithm than RSASSA_PKCS1_V1_5_SHA_256")]
    [InlineData("RS256", nameof(KmsFault.EmptySignature), "does not belong to the published half")]
    [InlineData("RS256", nameof(KmsFault.NoSignature), "does not belong to the published half")]
    [InlineData("RS256", nameof(KmsFault.TrailingByte), "does not belong to the published half")]
    [InlineData("RS256", nameof(KmsFault.Truncated), "does not belong to the published half")]
    [InlineData("PS256", nameof(KmsFault.WrongSignature), "does not belong to the published half")]
    [InlineData("PS256", nameof(KmsFault.TrailingByte), "does not belong to the published half")]
    public async Task A_wrong_answer_lets_no_signature_leave_and_is_told_with_the_key(string alg, string fault, string said)
    {
        var entry = await _kms.MakeAsync(SignatureAlgorithm.Find(alg));
        _kms.StandIn.Faults = _ => Enum.Parse<KmsFault>(fault);

        var failed = await entry.Signs(_kms.Clients()).FailsAsync();

        Assert.Contains(entry.KeyId, failed.Message, StringComparison.Ordinal);
        Assert.Contains(entry.KmsKeyId(), failed.Message, StringComparison.Ordinal);
        Assert.Contains(said, failed.Message, StringComparison.Ordinal);
        Assert.Equal(1, _kms.StandIn.Calls("Sign")); // It is not asked again until an answer pleases.
    }

    [Fact]
    public async Task A_key_that_is_not_the_published_one_signs_nothing()
    {
        var (published, other) = (await _kms.MakeAsync(), await _kms.MakeAsync());
        var key = new KmsSigningKey(published.VerificationKey!, other.KmsKey(), null, _kms.Clients());

        var failed = await key.FailsAsync();

        Assert.Contains("check that public is the key's own", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_start_needs_no_call_and_a_signature_one()
    {
        var entry = await _kms.MakeAsync();
        _kms.StandIn.ResetCalls();

        var key = entry.Signs(_kms.Clients());

        Assert.Equal(0, _kms.StandIn.Calls());
        await key.SignedAsync();
        Assert.Equal((1, 1), (_kms.StandIn.Calls(), _kms.StandIn.Calls("Sign")));
    }

    [Fact]
    public async Task Two_hundred_signatures_are_asked_for_at_once_with_one_call_each()
    {
        var key = (await _kms.MakeAsync()).Signs(_kms.Clients());
        _kms.StandIn.ResetCalls();
        _kms.StandIn.Faults = _ => KmsFault.Hang;
        using var end = new CancellationTokenSource();

        var hanging = Enumerable.Range(0, 200).Select(_ => key.SignedAsync(null, end.Token)).ToArray();
        while (_kms.StandIn.MostInFlight < hanging.Length)
        {
            await Task.Delay(1, Cancel);
        }

        await end.CancelAsync();
        foreach (var one in hanging)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => one);
        }

        _kms.StandIn.ResetCalls();
        (_kms.StandIn.Faults, _kms.StandIn.Latency) = (null, TimeSpan.FromMilliseconds(20));
        var good = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => key.SignedAsync()));

        Assert.Equal(200, good.Length);
        Assert.Equal(200, _kms.StandIn.Calls("Sign"));
    }

    [Theory]
    [InlineData("alias/login", "An alias can be moved to another key")]
    [InlineData("arn:aws:kms:eu-central-1:111122223333:alias/login", "An alias can be moved to another key")]
    [InlineData("arn:aws:s3:eu-central-1:111122223333:key/1234", "kms_key must be a key id or key ARN")]
    [InlineData("arn:aws:kms:eu-central-1:111122223333:key/", "kms_key must be a key id or key ARN")]
    [InlineData("arn:aws:kms::111122223333:key/1234", "kms_key must be a key id or key ARN")]
    [InlineData("1234/5678", "kms_key must be a key id or key ARN")]
    [InlineData("1234", "only a multi-Region key", "eu-central-1", "eu-west-1")]
    [InlineData("mrk-1234", "must be 1 to 8 different names", "eu-central-1", "eu-central-1")]
    [InlineData("mrk-1234", "must be 1 to 8 different names", "https://example.org/")]
    [InlineData("mrk-1234", "must be 1 to 8 different names", "a-1", "a-2", "a-3", "a-4", "a-5", "a-6", "a-7", "a-8", "a-9")]
    [InlineData("arn:aws:kms:eu-central-1:111122223333:key/mrk-1234", "regions must contain eu-central-1", "eu-west-1")]
    public async Task A_name_that_is_no_single_key_is_refused(string kmsKey, string said, params string[] regions)
    {
        var entry = await _kms.MakeAsync();

        var refused = Assert.Throws<ArgumentException>(
            () => new KmsSigningKey(entry.VerificationKey!, kmsKey, regions, _kms.Clients()));

        Assert.Contains(said, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_is_named_by_its_id_in_the_default_region_or_by_its_arn()
    {
        var entry = await _kms.MakeAsync();
        var clients = _kms.Clients();

        foreach (var name in new[] { entry.KmsKeyId(), entry.KmsKey() })
        {
            var key = new KmsSigningKey(entry.VerificationKey!, name, null, clients);
            var signature = await key.SignedAsync();
            Assert.True(entry.VerificationKey!.Verify("header.payload"u8, signature));
        }
    }
}
