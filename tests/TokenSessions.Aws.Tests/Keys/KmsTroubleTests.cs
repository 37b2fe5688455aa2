using Amazon.KeyManagementService;
using Amazon.Runtime;
using TokenSessions.Aws.Keys;
using TokenSessions.Aws.Tests.Servers;
using TokenSessions.Aws.Tests.Servers.Kms;
using TokenSessions.Tests;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Aws.Tests.Keys;

/// <summary>Every trouble is told with the key, the region and what to do, at once, and without a secret.</summary>
public sealed class KmsTroubleTests : IAsyncLifetime
{
    private const string SessionToken = "SECRETSESSIONTOKEN";

    private TestKms _kms = null!;

    public async ValueTask InitializeAsync() => _kms = await TestKms.StartAsync();

    public ValueTask DisposeAsync() => _kms.DisposeAsync();

    [Fact]
    public async Task A_disabled_key_says_so()
    {
        var entry = await _kms.MakeAsync();
        await _kms.DisableAsync(entry);

        await AssertSaysAsync(entry.Signs(_kms.Clients()), entry.KmsKeyId(), TestKms.Region, "the key is disabled: enable it", "DisabledException");
    }

    [Fact]
    public async Task A_key_pending_deletion_says_so()
    {
        var entry = await _kms.MakeAsync();
        await _kms.DeleteAsync(entry);

        await AssertSaysAsync(entry.Signs(_kms.Clients()), entry.KmsKeyId(), TestKms.Region, "cancel its deletion");
    }

    [Fact]
    public async Task An_unknown_key_says_so()
    {
        var entry = await _kms.MakeAsync();
        var key = new KmsSigningKey(entry.VerificationKey!, "00000000-0000-0000-0000-000000000000", null, _kms.Clients());

        await AssertSaysAsync(key, "00000000-0000-0000-0000-000000000000", TestKms.Region, "there is no such key", "check kms_key");
    }

    [Fact]
    public async Task A_key_of_another_kind_says_so()
    {
        var (entry, rsa) = (await _kms.MakeAsync(), await _kms.MakeAsync(SignatureAlgorithm.RS256));
        var key = new KmsSigningKey(entry.VerificationKey!, rsa.KmsKey(), null, _kms.Clients());

        await AssertSaysAsync(key, rsa.KmsKeyId(), "the key is of another kind");
    }

    [Theory]
    [InlineData(nameof(KmsFault.AccessDenied), "no permission for kms:Sign", "Allow it to the role")]
    [InlineData(nameof(KmsFault.ExpiredToken), "credentials of this process have expired", "Renew them")]
    [InlineData(nameof(KmsFault.Throttle), "AWS throttles kms:Sign", "ask for a higher quota")]
    [InlineData(nameof(KmsFault.ServerError), "answered 500", "KMSInternalException")]
    [InlineData(nameof(KmsFault.Drop), "http://127.0.0.1", "cannot be reached")]
    public async Task A_refusal_or_failure_says_what_to_do(string fault, string said, string remedy)
    {
        var entry = await _kms.MakeAsync();
        _kms.StandIn.ResetCalls();
        _kms.StandIn.Faults = _ => Enum.Parse<KmsFault>(fault);

        await AssertSaysAsync(entry.Signs(_kms.Clients()), entry.KmsKeyId(), TestKms.Region, said, remedy);

        Assert.Equal(Enum.Parse<KmsFault>(fault) is KmsFault.ServerError or KmsFault.Drop ? 2 : 1, _kms.StandIn.Calls("Sign"));
    }

    [Fact]
    public async Task An_unreachable_endpoint_is_named()
    {
        var entry = await _kms.MakeAsync();

        await AssertSaysAsync(entry.Signs(Clients("http://user:pass@127.0.0.1:1/path?query", TestCredentials.Value)),
            "http://127.0.0.1:1 cannot be reached (ConnectionRefused)");
    }

    [Theory]
    [InlineData(TestCredentials.AccessKey, "wrong-secret-key")]
    [InlineData("SOMEBODYELSE", TestCredentials.SecretKey)]
    public async Task Credentials_that_are_not_accepted_say_so_without_a_secret(string accessKey, string secretKey)
    {
        var entry = await _kms.MakeAsync();
        var clients = Clients(_kms.StandIn.Address.ToString(), new SessionAWSCredentials(accessKey, secretKey, SessionToken));

        await AssertSaysAsync(entry.Signs(clients), "does not accept the credentials of this process", "the clock");
    }

    [Fact]
    public async Task Missing_credentials_say_so()
    {
        var entry = await _kms.MakeAsync();

        await AssertSaysAsync(entry.Signs(Clients(_kms.StandIn.Address.ToString(), new NoCredentials())),
            "no AWS credentials for kms:Sign", "AWS_PROFILE");
    }

    private static async Task AssertSaysAsync(KmsSigningKey key, params string[] said)
    {
        var failed = await key.FailsAsync();

        Assert.StartsWith($"The signing key {key.VerificationKey.KeyId} did not sign. ", failed.Message, StringComparison.Ordinal);
        Assert.All(said, part => Assert.Contains(part, failed.Message, StringComparison.Ordinal));
        // A log writes the inner ones too.
        Assert.DoesNotContain(SessionToken, failed.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("wrong-secret-key", failed.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(TestCredentials.SecretKey, failed.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("user:pass", failed.ToString(), StringComparison.Ordinal);
        Assert.Null(failed.InnerException);
    }

    private static KmsClients Clients(string address, AWSCredentials credentials) => new(
        new() { Region = TestKms.Region }, new FakeClock(),
        region => new AmazonKeyManagementServiceClient(credentials, new AmazonKeyManagementServiceConfig
        {
            ServiceURL = address,
            AuthenticationRegion = region,
            MaxErrorRetry = 0,
            MaxStaleConnectionRetries = 0,
        }));

    private sealed class NoCredentials : AWSCredentials
    {
        public override ImmutableCredentials GetCredentials() => throw new AmazonClientException("Failed to resolve AWS credentials.");
    }
}
