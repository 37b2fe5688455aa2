using System.Diagnostics.CodeAnalysis;

namespace TokenSessions.Aws.Keys;

/// <summary>One KMS key, by its id and never by an alias, and the regions where it is asked, in this order.</summary>
internal sealed class KmsKeyName
{
    /// <summary>The most regions of one key.</summary>
    public const int MaxRegions = 8;

    private const int MaxKeyIdLength = 128;
    private const int MaxRegionLength = 32;
    private const string MultiRegionPrefix = "mrk-"; // The same id, and the same key, in every region of a multi-Region key.

    private readonly string? _partition;
    private readonly string? _account;

    private KmsKeyName(string keyId, string? partition, string? account, IReadOnlyList<string> regions)
    {
        (KeyId, _partition, _account, Regions) = (keyId, partition, account, regions);
    }

    /// <summary>The id alone: a UUID, or <c>mrk-…</c>.</summary>
    public string KeyId { get; }

    /// <summary>At least one.</summary>
    public IReadOnlyList<string> Regions { get; }

    /// <summary>Reads a key id or key ARN.</summary>
    /// <param name="text">What names the key.</param>
    /// <param name="regions">Where it is to be asked; null or empty for the ARN's region or the default one.</param>
    /// <param name="defaultRegion">Asked only where nothing else names a region.</param>
    /// <param name="name">The key.</param>
    /// <param name="problem">Why there is none.</param>
    public static bool TryParse(
        string text, IReadOnlyList<string>? regions, Func<string?> defaultRegion,
        [NotNullWhen(true)] out KmsKeyName? name, out string problem)
    {
        name = null;
        var arn = text.StartsWith("arn:", StringComparison.Ordinal) ? text.Split(':') : null;
        var resource = arn is null ? text : arn[^1];
        if (resource.StartsWith("alias/", StringComparison.Ordinal))
        {
            problem = "kms_key must be a key id or key ARN. An alias can be moved to another key, whose signatures nobody could check.";
            return false;
        }

        // arn:partition:kms:region:account:key/id
        var keyId = arn is null ? text : resource.StartsWith("key/", StringComparison.Ordinal) ? resource[4..] : "";
        if (!IsWord(keyId, MaxKeyIdLength)
            || (arn is not null && (arn.Length != 6 || arn[2] != "kms" || !IsWord(arn[1], MaxRegionLength) || !IsRegion(arn[3]) || !IsWord(arn[4], 12))))
        {
            problem = "kms_key must be a key id or key ARN (arn:aws:kms:<region>:<account>:key/<id>).";
            return false;
        }

        var where = regions is { Count: > 0 } ? regions : [arn?[3] ?? defaultRegion() ?? ""];
        problem = RegionProblem(keyId, arn?[3], where);
        if (problem.Length > 0)
        {
            return false;
        }

        name = new(keyId, arn?[1], arn?[4], [.. where]);
        return true;
    }

    /// <summary>Whether a text can be the name of an AWS region.</summary>
    public static bool IsRegion(string text) =>
        IsWord(text, MaxRegionLength) && !text.Any(char.IsAsciiLetterUpper) && text.Contains('-', StringComparison.Ordinal);

    /// <summary>How KMS is asked for it in one of its regions.</summary>
    public string IdIn(string region) => _account is null ? KeyId : $"arn:{_partition}:kms:{region}:{_account}:key/{KeyId}";

    /// <summary>Whether KMS, which answers with an ARN, answered for this key.</summary>
    public bool IsAnsweredBy(string? keyArn)
    {
        var parts = keyArn?.Split(':') ?? [];
        return parts.Length == 6 && parts[5] == $"key/{KeyId}" && (_account is null || parts[4] == _account);
    }

    /// <summary>To begin a sentence with.</summary>
    public string In(string region) => $"KMS key {KeyId} in {region}";

    /// <summary>To name it in a sentence.</summary>
    public override string ToString() => $"KMS key {KeyId} in {string.Join(", ", Regions)}";

    private static string RegionProblem(string keyId, string? arnRegion, IReadOnlyList<string> regions)
    {
        if (regions is [""])
        {
            return "no region is known: name the key by its ARN, give regions, or set AWS_REGION.";
        }

        if (regions.Count > MaxRegions || !regions.All(IsRegion) || regions.Distinct(StringComparer.Ordinal).Count() != regions.Count)
        {
            return $"regions must be 1 to {MaxRegions} different names of AWS regions, such as eu-west-1.";
        }

        if (arnRegion is not null && !regions.Contains(arnRegion, StringComparer.Ordinal))
        {
            return $"regions must contain {arnRegion}, the region of kms_key.";
        }

        return regions.Count > 1 && !keyId.StartsWith(MultiRegionPrefix, StringComparison.Ordinal)
            ? $"only a multi-Region key ({MultiRegionPrefix}…) is in more than one region: leave one of regions."
            : "";
    }

    private static bool IsWord(string text, int maxLength) =>
        text.Length > 0 && text.Length <= maxLength && text.All(c => char.IsAsciiLetterOrDigit(c) || c == '-');
}
