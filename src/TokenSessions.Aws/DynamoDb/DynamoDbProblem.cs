using System.Net;
using Amazon.DynamoDBv2;
using Amazon.Runtime;

namespace TokenSessions.Aws.DynamoDb;

/// <summary>What a failed request means, and what helps.</summary>
internal static class DynamoDbProblem
{
    private const string RequestSuffix = "Request";

    /// <summary>The rest of a sentence that begins with the table. Nothing from an item is in it.</summary>
    /// <param name="failure">What the SDK threw.</param>
    /// <param name="request">What was asked for.</param>
    public static string Describe(Exception failure, AmazonDynamoDBRequest request)
    {
        var name = request.GetType().Name;
        var action = name.EndsWith(RequestSuffix, StringComparison.Ordinal) ? name[..^RequestSuffix.Length] : name;
        return failure switch
        {
            AmazonServiceException { ErrorCode: { Length: > 0 } code } e => Describe(code, e.StatusCode, action),
            AmazonServiceException e => $"{action} failed: {Root(e).Message}",
            AmazonClientException e when e.Message.Contains("credentials", StringComparison.OrdinalIgnoreCase) =>
                "no AWS credentials were found: give this process a role, a profile (AWS_PROFILE) or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
            OperationCanceledException or TimeoutException => $"{action} was not answered in time, in any attempt.",
            HttpRequestException or IOException =>
                $"the endpoint cannot be reached ({Root(failure).Message}): check the network, AWS_REGION and AWS_ENDPOINT_URL_DYNAMODB.",
            _ => $"{action} failed: {failure.Message}",
        };
    }

    private static string Describe(string code, HttpStatusCode status, string action) => code switch
    {
        "ResourceNotFoundException" =>
            $"the table does not exist. Create it ({DynamoDbTable.CreateCommand}), or correct its name or AWS_REGION.",
        "AccessDeniedException" => $"the credentials do not allow {action}: allow dynamodb:{action} on this table.",
        "ExpiredTokenException" or "ExpiredToken" or "RequestExpired" => "the AWS credentials have expired: renew them.",
        "UnrecognizedClientException" or "InvalidSignatureException" or "IncompleteSignature" or "IncompleteSignatureException"
            or "MissingAuthenticationToken" or "MissingAuthenticationTokenException" or "InvalidClientTokenId" =>
            $"the AWS credentials are not accepted ({code}): check which ones this process finds, and its clock.",
        "ThrottlingException" or "Throttling" or "ProvisionedThroughputExceededException" or "RequestLimitExceeded" =>
            $"{action} was throttled ({code}): try again later; if it stays so, raise the table's or the account's limits.",
        "ValidationException" =>
            $"{action} was refused as invalid; the table must have the keys {TableSchema.Keys}.",
        _ => $"{action} failed: {code} (status {(int)status}).",
    };

    private static Exception Root(Exception e) => e.GetBaseException();
}
