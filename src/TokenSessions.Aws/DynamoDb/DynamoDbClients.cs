using Amazon.DynamoDBv2;
using Amazon.Runtime;

namespace TokenSessions.Aws.DynamoDb;

/// <summary>Makes clients that fit a request somebody waits for: few attempts, each of them short.</summary>
public static class DynamoDbClients
{
    /// <summary>Attempts beyond the first: 2.</summary>
    private const int Retries = 2;

    private static readonly TimeSpan AttemptTimeout = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(1);

    /// <summary>
    /// A client for <see cref="DynamoDbStore"/>, <see cref="DynamoDbFeed"/> and <see cref="DynamoDbTable"/>: standard retry mode,
    /// 3 attempts, each at most 1.5 seconds.
    /// </summary>
    /// <remarks>
    /// Region, credentials and endpoint come from the standard settings: <c>AWS_REGION</c>, profiles, container, Lambda and
    /// instance credentials, <c>AWS_ENDPOINT_URL_DYNAMODB</c>. The client is safe for many threads; one for each process is enough.
    /// </remarks>
    /// <param name="configure">Last changes to the client's settings; null for none.</param>
    /// <param name="credentials">Null to find them as AWS clients do.</param>
    /// <exception cref="AmazonClientException">No region is configured.</exception>
    public static IAmazonDynamoDB Create(Action<AmazonDynamoDBConfig>? configure = null, AWSCredentials? credentials = null)
    {
        RoleCredentials.SurviveTrimming();
        var config = new AmazonDynamoDBConfig
        {
            RetryMode = RequestRetryMode.Standard,
            MaxErrorRetry = Retries,
            MaxStaleConnectionRetries = 0, // Counted apart from the retries, and by default 10.
            Timeout = AttemptTimeout,
            ConnectTimeout = ConnectTimeout,
        };
        if (FallbackRegionFactory.GetRegionEndpoint() is { } region)
        {
            config.RegionEndpoint = region;
            config.AuthenticationRegion = region.SystemName; // Requests to an endpoint of the settings are else signed for us-east-1.
        }

        configure?.Invoke(config);
        return credentials is null ? new AmazonDynamoDBClient(config) : new AmazonDynamoDBClient(credentials, config);
    }
}
