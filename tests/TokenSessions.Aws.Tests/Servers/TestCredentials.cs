using Amazon.Runtime;

namespace TokenSessions.Aws.Tests.Servers;

/// <summary>The only credentials the servers of these tests know. They open nothing anywhere else.</summary>
internal static class TestCredentials
{
    public const string AccessKey = "TESTACCESSKEYID";
    public const string SecretKey = "test-secret-access-key";

    public static AWSCredentials Value { get; } = new BasicAWSCredentials(AccessKey, SecretKey);
}
