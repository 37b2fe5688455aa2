using System.Security.Cryptography;
using Amazon.DynamoDBv2.Model;
using TokenSessions.Validation.Jose;
using static TokenSessions.Aws.DynamoDb.Attributes;

namespace TokenSessions.Aws.DynamoDb;

/// <summary>Changing an item that others may change meanwhile: every write gives it a new version, and tells which one it replaces.</summary>
internal static class Optimism
{
    /// <summary>A change that others overtake so often is given up.</summary>
    public const int MaxAttempts = 100;

    private const int VersionLength = 12;

    /// <summary>Random, so that whoever finds it in the item knows that the write was his own, even if its answer was lost.</summary>
    public static string NewVersion() => StrictBase64Url.Encode(RandomNumberGenerator.GetBytes(VersionLength));

    /// <summary>The condition that an item is still the one that was seen.</summary>
    /// <param name="version">The version seen; null if there was no item.</param>
    public static (string Condition, Dictionary<string, AttributeValue>? Values) Unchanged(string? version) => version is null
        ? ($"attribute_not_exists({TableSchema.Partition})", null)
        : ($"{Names.Version} = :seen", new() { [":seen"] = Text(version) });

    public static Exception Overtaken(DynamoDbConnection connection) =>
        connection.Unavailable($"others changed the same item {MaxAttempts} times meanwhile: try again.");
}
