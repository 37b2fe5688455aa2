using System.Collections.Concurrent;
using Amazon.Runtime;
using TokenSessions.Aws.DynamoDb;
using TokenSessions.Aws.Tests.Keys;
using TokenSessions.Aws.Tests.Servers;

namespace TokenSessions.Aws.Tests.DynamoDb;

/// <summary>The client that is made where nothing but the AWS settings says how.</summary>
[Collection(nameof(ProcessEnvironment))]
public sealed class DynamoDbClientsTests : IDisposable
{
    private const string Region = "eu-west-3";

    private static readonly string[] Variables = [DynamoDbServer.EndpointVariable, "AWS_REGION"];

    private readonly Dictionary<string, string?> _before = Variables.ToDictionary(name => name, Environment.GetEnvironmentVariable);
    private readonly Unreachable _wire = new();

    public void Dispose()
    {
        foreach (var (name, value) in _before)
        {
            Environment.SetEnvironmentVariable(name, value);
        }

        FallbackRegionFactory.Reset();
        _wire.Dispose();
    }

    [Theory]
    [InlineData("http://127.0.0.1:9/", "127.0.0.1")]
    [InlineData(null, $"dynamodb.{Region}.amazonaws.com")]
    public async Task Requests_go_to_the_endpoint_and_are_signed_for_the_region_of_the_settings(string? endpoint, string host)
    {
        Environment.SetEnvironmentVariable(DynamoDbServer.EndpointVariable, endpoint);
        Environment.SetEnvironmentVariable("AWS_REGION", Region);
        FallbackRegionFactory.Reset();
        using var client = DynamoDbClients.Create(config => config.HttpClientFactory = new SdkHandlers(_wire), TestCredentials.Value);

        await Assert.ThrowsAnyAsync<Exception>(() => client.DescribeTableAsync("sessions", TestContext.Current.CancellationToken));

        Assert.InRange(_wire.Requests.Count, 1, 3); // Few attempts, for somebody waits.
        Assert.All(_wire.Requests, request => Assert.Equal(host, request.Host));
        Assert.All(_wire.Requests, request => Assert.Contains($"/{Region}/dynamodb/aws4_request", request.Authorization, StringComparison.Ordinal));
    }

    /// <summary>Nothing leaves this process.</summary>
    private sealed class Unreachable : DelegatingHandler
    {
        public ConcurrentBag<(string Host, string Authorization)> Requests { get; } = [];

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Requests.Add((request.RequestUri!.Host, string.Join(' ', request.Headers.GetValues("Authorization"))));
            throw new HttpRequestException(HttpRequestError.ConnectionError);
        }
    }
}
