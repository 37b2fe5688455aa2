using Amazon.Runtime;

namespace TokenSessions.Aws.Tests.Servers;

/// <summary>The only credentials the servers of these tests know. They open nothing anywhere else.</summary>
internal static class TestCredentials
{
    public const string AccessKey = "TESTACCESSKEYID";
    public const string SecretKey = "test-secret-access-key";

    public static AWSCredentials Value { get; } = new BasicAWSCredentials(AccessKey, SecretKey);

    /// <summary>The region of everything that does not say another: the environment's, as a real endpoint needs it.</summary>
    public static string Region { get; } =
        Environment.GetEnvironmentVariable("AWS_REGION") is { Length: > 0 } region ? region : "eu-central-1";

    /// <summary>The AWS settings of a process that uses one of the servers; those of several may be joined.</summary>
    public static IReadOnlyDictionary<string, string> Settings(string endpointVariable, Uri address) => new Dictionary<string, string>
    {
        [endpointVariable] = address.ToString(),
        ["AWS_REGION"] = Region,
        ["AWS_ACCESS_KEY_ID"] = AccessKey,
        ["AWS_SECRET_ACCESS_KEY"] = SecretKey,
    };
}
