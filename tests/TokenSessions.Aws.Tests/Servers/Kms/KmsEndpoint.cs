using Amazon.KeyManagementService;
using Amazon.Runtime;

namespace TokenSessions.Aws.Tests.Servers.Kms;

/// <summary>The KMS the tests talk to: a stand-in of one's own, or the endpoint the environment names.</summary>
internal sealed class KmsEndpoint : IAsyncDisposable
{
    public const string EndpointVariable = "AWS_ENDPOINT_URL_KMS";

    private readonly KmsStandIn? _standIn;

    private KmsEndpoint(Uri address, KmsStandIn? standIn) => (Address, _standIn) = (address, standIn);

    public Uri Address { get; }

    /// <summary>For faults, counters and several regions; skips the running test where the environment names the endpoint.</summary>
    public KmsStandIn StandIn
    {
        get
        {
            Assert.SkipWhen(_standIn is null, $"Needs the stand-in, but {EndpointVariable} names an endpoint.");
            return _standIn!;
        }
    }

    /// <summary>What a process needs in its environment to use this endpoint: nothing where the environment has it already.</summary>
    public IReadOnlyDictionary<string, string> Settings =>
        _standIn is null ? new Dictionary<string, string>() : TestCredentials.Settings(EndpointVariable, Address);

    public static async Task<KmsEndpoint> StartAsync()
    {
        if (Environment.GetEnvironmentVariable(EndpointVariable) is { Length: > 0 } endpoint)
        {
            return new(new(endpoint), standIn: null);
        }

        var standIn = await KmsStandIn.StartAsync();
        return new(standIn.Address, standIn);
    }

    /// <summary>A client of the real SDK. It retries nothing, so that every fault is seen; the settings may be changed.</summary>
    public IAmazonKeyManagementService CreateClient(string region, Action<AmazonKeyManagementServiceConfig>? configure = null) =>
        CreateClient(Address, region, _standIn is null ? null : TestCredentials.Value, configure);

    /// <summary>Ends the faults of a stand-in; of any other endpoint there are none.</summary>
    public void Heal()
    {
        if (_standIn is not null)
        {
            (_standIn.Faults, _standIn.RegionsDown, _standIn.Latency) = (null, [], TimeSpan.Zero);
        }
    }

    public ValueTask DisposeAsync() => _standIn?.DisposeAsync() ?? ValueTask.CompletedTask;

    internal static IAmazonKeyManagementService CreateClient(
        Uri address, string region, AWSCredentials? credentials, Action<AmazonKeyManagementServiceConfig>? configure)
    {
        var config = new AmazonKeyManagementServiceConfig
        {
            ServiceURL = address.ToString(),
            AuthenticationRegion = region,
            RetryMode = RequestRetryMode.Standard,
            MaxErrorRetry = 0,
            MaxStaleConnectionRetries = 0, // Counted apart, and 10 by default: one dropped connection would be eleven requests.
        };
        configure?.Invoke(config);
        return credentials is null
            ? new AmazonKeyManagementServiceClient(config)
            : new AmazonKeyManagementServiceClient(credentials, config);
    }
}
