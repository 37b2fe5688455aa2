using System.Diagnostics.CodeAnalysis;
using Amazon.SecurityToken;

namespace TokenSessions.Aws;

/// <summary>The credentials of a role that has to be asked for at STS: of a container with web identity, or of a profile with <c>role_arn</c>.</summary>
internal static class RoleCredentials
{
    /// <summary>Keeps the client of STS in trimmed programs: the SDK looks for it by its name alone, and then has no credentials.</summary>
    [DynamicDependency(DynamicallyAccessedMemberTypes.All, typeof(AmazonSecurityTokenServiceClient))]
    [DynamicDependency(DynamicallyAccessedMemberTypes.All, typeof(AmazonSecurityTokenServiceConfig))]
    public static void SurviveTrimming()
    {
        // What has to be kept stands above.
    }
}
