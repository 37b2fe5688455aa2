using System.Globalization;
using System.Text;
using Amazon.DynamoDBv2.Model;
using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Denylist;
using static TokenSessions.Aws.DynamoDb.Attributes;

namespace TokenSessions.Aws.DynamoDb;

/// <summary>Rules and the generations of sessions as items: each has a partition of its own.</summary>
internal static class AuthorityItems
{
    /// <summary>The sort key: a partition has one item.</summary>
    public const string Sort = "-";

    private const char Separator = '#';

    /// <summary>Kind, length of the issuer in bytes, issuer, value, region: no issuer or value can produce another's key.</summary>
    public static string Partition(AuthorityKey key) => string.Create(
        CultureInfo.InvariantCulture, $"{key.Kind.Name()}#{Encoding.UTF8.GetByteCount(key.Issuer)}#{key.Issuer}#{key.Value}#{key.Region}");

    public static Dictionary<string, AttributeValue> Key(AuthorityKey key) =>
        new() { [TableSchema.Partition] = Text(Partition(key)), [TableSchema.Sort] = Text(Sort) };

    /// <summary>The key a partition stands for; null if it is no authority's.</summary>
    public static AuthorityKey? FindKey(string partition)
    {
        var kindEnd = partition.IndexOf(Separator);
        var lengthEnd = kindEnd < 0 ? -1 : partition.IndexOf(Separator, kindEnd + 1);
        if (lengthEnd < 0
            || RuleKinds.Find(partition[..kindEnd]) is not { } kind
            || !int.TryParse(partition.AsSpan(kindEnd + 1, lengthEnd - kindEnd - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var length))
        {
            return null;
        }

        var rest = Encoding.UTF8.GetBytes(partition[(lengthEnd + 1)..]);
        return length <= rest.Length - 3 // Between issuer and value, before the region, and the region.
            && rest[length] == Separator
            && rest[^2] == Separator
            && new AuthorityKey(
                Encoding.UTF8.GetString(rest, 0, length), kind, Encoding.UTF8.GetString(rest, length + 1, rest.Length - length - 3), rest[^1] - '0') is var key
            && Partition(key) == partition
            && StoreLimits.FindProblem(key) is null
                ? key
                : null;
    }

    /// <param name="item">What is kept.</param>
    /// <param name="version">A text new with every write.</param>
    public static Dictionary<string, AttributeValue> Write(AuthorityItem item, string version)
    {
        var attributes = Key(item.Key);
        attributes.Add(Names.Version, Text(version));
        attributes.Add(Names.RequestId, Text(item.RequestId));
        if (item.IsDenied)
        {
            attributes.Add(Names.Denied, True);
            attributes.Add(Names.Watermark, Number(item.Watermark));
            attributes.Add(Names.DeniedAt, Time(item.DeniedAt));
            AddUnless(item.Reason is "", Names.Reason, Text(item.Reason));
            attributes.Add(Names.Actor, Text(item.Actor));
            AddUnless(!item.IsFed, Names.Fed, True);
        }

        if (item.Generation > 0)
        {
            attributes.Add(Names.Generation, Number(item.Generation));
            attributes.Add(Names.RotatedAt, Time(item.RotatedAt));
            AddUnless(!item.GraceUsed, Names.GraceUsed, True);
            AddUnless(item.GraceRun == 0, Names.GraceRun, Number(item.GraceRun));
        }

        attributes.AddEnd(item.ExpiresAt);
        return attributes;

        void AddUnless(bool isDefault, string name, AttributeValue value)
        {
            if (!isDefault)
            {
                attributes.Add(name, value);
            }
        }
    }

    /// <exception cref="FormatException">It was not written by us.</exception>
    public static AuthorityItem Read(Dictionary<string, AttributeValue> item)
    {
        var isDenied = item.IsTrue(Names.Denied);
        var read = new AuthorityItem
        {
            Key = FindKey(item.GetText(TableSchema.Partition)) ?? throw NotOurs(TableSchema.Partition),
            IsDenied = isDenied,
            Watermark = isDenied ? item.GetNumber(Names.Watermark) : 0,
            IsFed = item.IsTrue(Names.Fed),
            DeniedAt = item.FindTime(Names.DeniedAt),
            Reason = item.FindText(Names.Reason),
            Actor = item.FindText(Names.Actor),
            Generation = isDenied ? item.FindInt(Names.Generation) : item.GetInt(Names.Generation),
            RotatedAt = item.FindTime(Names.RotatedAt),
            GraceUsed = item.IsTrue(Names.GraceUsed),
            GraceRun = item.FindInt(Names.GraceRun),
            RequestId = item.GetText(Names.RequestId),
            ExpiresAt = item.FindEnd(),
        };
        return Ours(read, StoreLimits.FindProblem(read));
    }
}
