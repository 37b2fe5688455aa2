using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;

namespace TokenSessions.Aws.DynamoDb;

/// <summary>What a failed request to a table means, and what helps.</summary>
internal static class DynamoDbProblem
{
    private const string RequestSuffix = "Request";

    /// <summary>A sentence about the table. Nothing from an item is in it.</summary>
    /// <param name="failure">What the SDK threw.</param>
    /// <param name="request">What was asked for.</param>
    /// <param name="place">Table and region.</param>
    /// <param name="endpoint">Where it was sent, if that is known.</param>
    public static string Describe(Exception failure, AmazonDynamoDBRequest request, string place, string? endpoint)
    {
        var name = request.GetType().Name;
        var action = name.EndsWith(RequestSuffix, StringComparison.Ordinal) ? name[..^RequestSuffix.Length] : name;
        return AwsProblem.Of(failure, new($"dynamodb:{action}", place, endpoint, code => Remedy(code, request))).Sentence;
    }

    private static string? Remedy(string code, AmazonDynamoDBRequest request) => code switch
    {
        "ResourceInUseException" => "the table is being changed at this moment: wait, and repeat the command",
        "ContinuousBackupsUnavailableException" => "the backups of a new table are still being set up: wait a minute, and repeat the command",
        "ValidationException" when request is UpdateTimeToLiveRequest =>
            "TTL is enabled on another attribute, or was changed less than an hour ago: disable it there, or repeat the command later",
        "ResourceNotFoundException" => $"the table does not exist; create it ({DynamoDbTable.CreateCommand}), or correct its name or the region",
        "ValidationException" => $"DynamoDB calls the request invalid; the table must have the keys {TableSchema.Keys}",
        _ => null,
    };
}
