using Amazon;
using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;
using Amazon.Runtime;

namespace TokenSessions.Aws.Keys;

/// <summary>The KMS of every region that keys name, called by one policy. One instance serves a process; keys do not own it.</summary>
/// <remarks>
/// Credentials, regions and endpoints are those of the AWS settings: <c>AWS_REGION</c>, profiles, container, instance and Lambda
/// roles, <c>AWS_ENDPOINT_URL_KMS</c>. The quota and the trouble of KMS are per account and region, so what is learned from
/// one key's calls holds for all.
/// </remarks>
public sealed class KmsClients : IDisposable
{
    private readonly KmsOptions _options;
    private readonly TimeProvider _time;
    private readonly Func<string, IAmazonKeyManagementService> _create;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, KmsRegion> _regions = [];
    private readonly Lazy<string?> _defaultRegion;
    private bool _isDisposed;

    /// <summary>No client yet: each is made when a key names its region.</summary>
    /// <param name="options">Limits. Copied.</param>
    /// <param name="time">The clock of every wait.</param>
    /// <param name="create">Makes the client of a region, which is owned from then on; null for one that suits the hot path.</param>
    /// <exception cref="ArgumentException">The options cannot be used; the message names every problem.</exception>
    public KmsClients(KmsOptions options, TimeProvider time, Func<string, IAmazonKeyManagementService>? create = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        _options = options with { };
        if (_options.Problems().ToArray() is { Length: > 0 } problems)
        {
            throw new ArgumentException(string.Join(' ', problems), nameof(options));
        }

        (_time, _create) = (time, create ?? Create);
        _defaultRegion = new(() => _options.Region ?? RegionOfSettings());
        Calls = new(this, _options, time);
    }

    internal KmsCalls Calls { get; }

    /// <summary>Closes the clients. Signatures under way fail.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            foreach (var region in _regions.Values)
            {
                region.Client.Dispose();
            }

            _regions.Clear();
        }
    }

    internal string? FindDefaultRegion() => _defaultRegion.Value;

    internal KmsRegion Region(string name)
    {
        lock (_gate)
        {
            if (_isDisposed)
            {
                throw new KmsException("KMS: its clients have been closed.");
            }

            if (!_regions.TryGetValue(name, out var region))
            {
                region = Open(name);
                _regions.Add(name, region);
            }

            return region;
        }
    }

    private KmsRegion Open(string name)
    {
        try
        {
            var client = _create(name);
            return new(name, client, client.DetermineServiceOperationEndpoint(new SignRequest()).URL, new(_time));
        }
        catch (AmazonClientException)
        {
            throw new KmsException($"KMS in {name}: the AWS settings of this process name no endpoint that can be called: check AWS_ENDPOINT_URL_KMS, AWS_ENDPOINT_URL, profile and region.");
        }
    }

    private static string? RegionOfSettings()
    {
        try
        {
            return FallbackRegionFactory.GetRegionEndpoint()?.SystemName;
        }
        catch (AmazonClientException)
        {
            return null; // Where a region is needed, its absence is told.
        }
    }

    private AmazonKeyManagementServiceClient Create(string region)
    {
        RoleCredentials.SurviveTrimming();
        return new(new AmazonKeyManagementServiceConfig
        {
            RegionEndpoint = RegionEndpoint.GetBySystemName(region),
            AuthenticationRegion = region, // Measured: requests to the endpoint of AWS_ENDPOINT_URL_KMS are else signed for us-east-1.
            MaxErrorRetry = 0,             // KmsCalls decides what is sent again, and when ...
            MaxStaleConnectionRetries = 0, // ... which this would undo: up to 10 more requests whenever a connection breaks (measured).
            ConnectTimeout = _options.AttemptTimeout,
            MaxConnectionsPerServer = _options.MaxConcurrency,
            DisableLogging = true,         // Whoever lets the SDK log answers would have the private keys that KMS unwraps (measured).
        });
    }
}

/// <summary>KMS in one region.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Client">The client.</param>
/// <param name="Endpoint">The address, for messages.</param>
/// <param name="Breaker">What is known about its health.</param>
internal sealed record KmsRegion(string Name, IAmazonKeyManagementService Client, string? Endpoint, KmsBreaker Breaker);
