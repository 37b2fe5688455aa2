using System.Formats.Asn1;
using System.Security.Cryptography;
using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;
using Amazon.Runtime;

namespace TokenSessions.Aws.Tests.Servers.Kms;

/// <summary>Each fault of the stand-in does what its name says, and is counted.</summary>
public sealed class KmsFaultTests : IAsyncLifetime
{
    private readonly byte[] _digest = SHA256.HashData("x"u8);
    private readonly ECDsa _public = ECDsa.Create();
    private KmsStandIn _standIn = null!;
    private IAmazonKeyManagementService _kms = null!;
    private string _key = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _standIn = await KmsStandIn.StartAsync();
        _kms = _standIn.CreateClient("eu-central-1");
        var created = await _kms.CreateKeyAsync(
            new() { KeyUsage = KeyUsageType.SIGN_VERIFY, KeySpec = KeySpec.ECC_NIST_P256, MultiRegion = true }, Cancel);
        _key = created.KeyMetadata.KeyId;
        _public.ImportSubjectPublicKeyInfo((await _kms.GetPublicKeyAsync(new() { KeyId = _key }, Cancel)).PublicKey.ToArray(), out _);
        _standIn.ResetCalls();
    }

    public async ValueTask DisposeAsync()
    {
        _kms.Dispose();
        _public.Dispose();
        await _standIn.DisposeAsync();
    }

    [Theory]
    [InlineData(nameof(KmsFault.Throttle), "ThrottlingException", 400)]
    [InlineData(nameof(KmsFault.ServerError), "KMSInternalException", 500)]
    [InlineData(nameof(KmsFault.AccessDenied), "AccessDeniedException", 400)]
    [InlineData(nameof(KmsFault.ExpiredToken), "ExpiredTokenException", 400)]
    public async Task A_refusal_arrives_as_the_sdk_knows_it(string fault, string code, int status)
    {
        FailFirst(Enum.Parse<KmsFault>(fault));

        var refused = await Assert.ThrowsAnyAsync<AmazonServiceException>(() => SignAsync());
        var second = await SignAsync();

        Assert.Equal((code, status), (refused.ErrorCode, (int)refused.StatusCode));
        Assert.True(IsGood(second));
        Assert.Equal(2, _standIn.Calls("Sign"));
    }

    [Theory]
    [InlineData(nameof(KmsFault.Drop))]
    [InlineData(nameof(KmsFault.DropAnswer))]
    public async Task A_dropped_connection_is_no_answer(string fault)
    {
        FailFirst(Enum.Parse<KmsFault>(fault));

        await Assert.ThrowsAnyAsync<Exception>(() => SignAsync());

        Assert.True(IsGood(await SignAsync()));
    }

    [Fact]
    public async Task A_dropped_answer_has_been_done()
    {
        _standIn.Faults = call => call.Operation == "DisableKey" ? KmsFault.DropAnswer : KmsFault.None;

        await Assert.ThrowsAnyAsync<Exception>(() => _kms.DisableKeyAsync(new DisableKeyRequest { KeyId = _key }, Cancel));

        await Assert.ThrowsAsync<DisabledException>(() => SignAsync());
    }

    [Fact]
    public async Task A_hanging_request_ends_with_its_callers_patience()
    {
        FailFirst(KmsFault.Hang);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancel);

        var hanging = SignAsync(cancellationToken: patience.Token);
        while (_standIn.MostInFlight == 0)
        {
            await Task.Delay(1, Cancel);
        }

        Assert.False(hanging.IsCompleted);
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => hanging);
    }

    [Fact]
    public async Task A_region_that_is_down_answers_nothing_while_the_next_one_does()
    {
        using var next = _standIn.CreateClient("eu-west-1");
        _standIn.RegionsDown = ["eu-central-1"];

        await Assert.ThrowsAnyAsync<Exception>(() => SignAsync());

        Assert.True(IsGood(await SignAsync(next)));
        Assert.Equal((1, 1), (_standIn.Calls("Sign", "eu-central-1"), _standIn.Calls("Sign", "eu-west-1")));
    }

    [Theory]
    [InlineData(nameof(KmsFault.ShortR), 0)]
    [InlineData(nameof(KmsFault.ShortS), 1)]
    public async Task A_short_number_is_a_good_signature(string fault, int index)
    {
        FailFirst(Enum.Parse<KmsFault>(fault));

        var signed = await SignAsync();

        var sequence = new AsnReader(signed.Signature.ToArray(), AsnEncodingRules.DER).ReadSequence();
        var numbers = new[] { sequence.ReadInteger(), sequence.ReadInteger() };
        Assert.True(numbers[index].GetByteCount(isUnsigned: true) < 32);
        Assert.True(IsGood(signed));
    }

    [Fact]
    public async Task A_wrong_signature_is_well_formed_and_does_not_verify()
    {
        FailFirst(KmsFault.WrongSignature);

        var signed = await SignAsync();

        Assert.Equal(2, Numbers(signed).Length);
        Assert.False(IsGood(signed));
    }

    [Fact]
    public async Task Another_key_or_algorithm_is_what_the_answer_says()
    {
        _standIn.Faults = call => call.Ordinal == 1 ? KmsFault.OtherKeyId : KmsFault.OtherAlgorithm;

        var (first, second) = (await SignAsync(), await SignAsync());

        Assert.Equal((false, "ECDSA_SHA_256"), (first.KeyId.EndsWith(_key, StringComparison.Ordinal), first.SigningAlgorithm.Value));
        Assert.Equal((true, "ECDSA_SHA_512"), (second.KeyId.EndsWith(_key, StringComparison.Ordinal), second.SigningAlgorithm.Value));
    }

    [Fact]
    public async Task A_missing_signature_is_null_and_an_empty_one_is_empty()
    {
        _standIn.Faults = call => call.Ordinal == 1 ? KmsFault.NoSignature : KmsFault.EmptySignature;

        Assert.Null((await SignAsync()).Signature);
        Assert.Equal(0, (await SignAsync()).Signature.Length);
    }

    [Theory]
    [InlineData(nameof(KmsFault.TrailingByte))]
    [InlineData(nameof(KmsFault.Truncated))]
    [InlineData(nameof(KmsFault.WrongTag))]
    [InlineData(nameof(KmsFault.LongFormLength))]
    [InlineData(nameof(KmsFault.PaddedR))]
    [InlineData(nameof(KmsFault.NegativeR))]
    [InlineData(nameof(KmsFault.ZeroR))]
    [InlineData(nameof(KmsFault.OversizedR))]
    [InlineData(nameof(KmsFault.ThirdInteger))]
    public async Task Malformed_DER_is_not_two_positive_numbers_of_the_curve_in_a_sequence(string fault)
    {
        FailFirst(Enum.Parse<KmsFault>(fault));

        var signed = await SignAsync();

        Assert.Empty(Numbers(signed));
    }

    private void FailFirst(KmsFault fault) => _standIn.Faults = call => call.Ordinal == 1 ? fault : KmsFault.None;

    private Task<SignResponse> SignAsync(IAmazonKeyManagementService? kms = null, CancellationToken? cancellationToken = null) =>
        (kms ?? _kms).SignAsync(
            new()
            {
                KeyId = _key,
                Message = new(_digest),
                MessageType = MessageType.DIGEST,
                SigningAlgorithm = SigningAlgorithmSpec.ECDSA_SHA_256,
            },
            cancellationToken ?? Cancel);

    private bool IsGood(SignResponse signed) =>
        _public.VerifyHash(_digest, signed.Signature.ToArray(), DSASignatureFormat.Rfc3279DerSequence);

    /// <summary>r and s, or nothing where the signature is not strictly that.</summary>
    private static byte[][] Numbers(SignResponse signed)
    {
        try
        {
            var reader = new AsnReader(signed.Signature.ToArray(), AsnEncodingRules.DER);
            var sequence = reader.ReadSequence();
            var numbers = new[] { sequence.ReadInteger(), sequence.ReadInteger() };
            reader.ThrowIfNotEmpty();
            sequence.ThrowIfNotEmpty();
            return numbers.All(number => number > 0 && number.GetByteCount(isUnsigned: true) <= 32)
                ? [.. numbers.Select(number => number.ToByteArray(isUnsigned: true))]
                : [];
        }
        catch (AsnContentException)
        {
            return [];
        }
    }
}
