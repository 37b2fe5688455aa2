using Amazon.Runtime;
using TokenSessions.Aws.Keys;
using TokenSessions.Aws.Tests.Leaks;
using TokenSessions.Aws.Tests.Servers;
using TokenSessions.Aws.Tests.Servers.Kms;
using TokenSessions.Issuing.Keys;
using TokenSessions.Service.Tests.Leaks;
using TokenSessions.Tests;

namespace TokenSessions.Aws.Tests.Keys;

/// <summary>Tests that change the environment of their process run when no other does.</summary>
[CollectionDefinition(nameof(ProcessEnvironment), DisableParallelization = true)]
public sealed class ProcessEnvironment;

/// <summary>The clients that are made where no test makes them: with the AWS settings, and for the hot path.</summary>
[Collection(nameof(ProcessEnvironment))]
public sealed class KmsClientsTests : IAsyncLifetime
{
    private static readonly string[] Variables =
        [KmsEndpoint.EndpointVariable, "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED"];

    private readonly Dictionary<string, string?> _before = Variables.ToDictionary(name => name, Environment.GetEnvironmentVariable);
    private TestKms _kms = null!;
    private NewKeyRingEntry _entry = null!;

    public async ValueTask InitializeAsync()
    {
        _kms = await TestKms.StartAsync();
        var address = _kms.StandIn.Address; // First: where the environment names the endpoint, these tests skip.
        _entry = await _kms.MakeAsync(multiRegion: true);
        Set(address.ToString(), TestKms.NextRegion, TestCredentials.AccessKey, TestCredentials.SecretKey, "true");
        _kms.StandIn.ResetCalls();
    }

    public async ValueTask DisposeAsync()
    {
        Set([.. Variables.Select(name => _before[name])]);
        FallbackRegionFactory.Reset();
        await _kms.DisposeAsync();
    }

    [Fact]
    public async Task Endpoint_credentials_and_region_are_those_of_the_aws_settings()
    {
        using var clients = new KmsClients(new(), new FakeClock());

        await new KmsSigningKey(_entry.VerificationKey!, _entry.KmsKeyId(), null, clients).SignedAsync();

        Assert.Equal(1, _kms.StandIn.Calls("Sign", TestKms.NextRegion));
    }

    [Fact]
    public async Task A_request_is_signed_for_the_region_of_its_key()
    {
        using var clients = new KmsClients(new(), new FakeClock());

        await _entry.Signs(clients).SignedAsync();

        Assert.Equal((1, 1), (_kms.StandIn.Calls("Sign", TestKms.Region), _kms.StandIn.Calls("Sign")));
    }

    [Fact]
    public async Task The_region_of_the_options_comes_before_that_of_the_settings()
    {
        using var clients = new KmsClients(new() { Region = TestKms.Region }, new FakeClock());

        await new KmsSigningKey(_entry.VerificationKey!, _entry.KmsKeyId(), null, clients).SignedAsync();

        Assert.Equal(1, _kms.StandIn.Calls("Sign", TestKms.Region));
    }

    [Theory]
    [InlineData(nameof(KmsFault.Drop))]
    [InlineData(nameof(KmsFault.ServerError))]
    public async Task Nothing_is_repeated_behind_our_back(string fault)
    {
        using var clients = new KmsClients(new(), new FakeClock());
        _kms.StandIn.Faults = _ => Enum.Parse<KmsFault>(fault);

        await _entry.Signs(clients).FailsAsync();

        Assert.Equal(2, _kms.StandIn.Calls("Sign")); // The second one is ours.
    }

    /// <summary>In the answers of KMS private keys come back unwrapped. Other clients show that the log would have them.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Where_the_SDK_is_let_log_answers_no_key_stands_there(bool isOurs)
    {
        using var log = new SdkLog();
        using var clients = new KmsClients(new(), new FakeClock(), isOurs ? null : region => _kms.StandIn.CreateClient(region));
        var wrapping = await _kms.MakeSymmetricAsync();
        var entry = await _kms.Keys(clients).CreateWrappedSealingKeyAsync(TestKms.Issuer, wrapping, null, TestContext.Current.CancellationToken);
        var secrets = new Secrets();

        var opened = await new KmsWrappedKeySource(TestKms.Issuer, clients).OpenAsync(entry.Item(), TestContext.Current.CancellationToken);

        secrets.Add(Convert.ToBase64String(opened.Plaintext!));
        Assert.Equal(!isOurs, log.Lines.Any(secrets.AreIn));
    }

    [Fact]
    public async Task Without_credentials_it_is_said_which_to_give()
    {
        Environment.SetEnvironmentVariable("AWS_ACCESS_KEY_ID", null);
        Environment.SetEnvironmentVariable("AWS_SECRET_ACCESS_KEY", null);
        using var clients = new KmsClients(new(), new FakeClock());

        var failed = await _entry.Signs(clients).FailsAsync();

        Assert.Contains("no AWS credentials for kms:Sign", failed.Message, StringComparison.Ordinal);
        Assert.Equal(0, _kms.StandIn.Calls());
    }

    [Fact]
    public void Without_any_region_a_key_id_alone_is_refused()
    {
        Environment.SetEnvironmentVariable("AWS_REGION", null);
        FallbackRegionFactory.Reset();
        using var clients = new KmsClients(new(), new FakeClock());

        var refused = Assert.Throws<ArgumentException>(() => new KmsSigningKey(_entry.VerificationKey!, _entry.KmsKeyId(), null, clients));

        Assert.Contains("set AWS_REGION", refused.Message, StringComparison.Ordinal);
    }

    private static void Set(params string?[] values)
    {
        for (var i = 0; i < Variables.Length; i++)
        {
            Environment.SetEnvironmentVariable(Variables[i], values[i]);
        }

        FallbackRegionFactory.Reset();
    }
}
