using System.Buffers;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Aws.DynamoDb;

/// <summary>Which table, and how long it may take. Everything else about AWS comes from its standard settings.</summary>
public sealed record DynamoDbOptions
{
    private const int ShortestTableName = 3;
    private const int LongestTableName = 255;
    private static readonly TimeSpan ShortestDeadline = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestDeadline = TimeSpan.FromMinutes(1);
    private static readonly SearchValues<char> TableNameCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-");

    /// <summary>The table. Required: 3 to 255 of the characters <c>a-z A-Z 0-9 _ . -</c>, as DynamoDB wants it.</summary>
    public string Table { get; set; } = "";

    /// <summary>The index of the region this instance runs in, 0 to 3: each raises a head of its own. Default 0, the only one there is.</summary>
    public int Region { get; set; }

    /// <summary>
    /// How long one call of the store, or one page of the feed, may take with all its attempts. Default 5 seconds, from 0.1
    /// seconds to 1 minute.
    /// </summary>
    public TimeSpan Deadline { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Our own copy, checked.</summary>
    internal DynamoDbOptions Checked()
    {
        var copy = this with { };
        return copy.Problems().ToArray() is { Length: > 0 } problems
            ? throw new ArgumentException(string.Join(' ', problems), "options")
            : copy;
    }

    /// <summary>Everything wrong with these options, not only the first thing; empty when they can be used.</summary>
    public IEnumerable<string> Problems()
    {
        if (Table is not { Length: >= ShortestTableName and <= LongestTableName } || Table.AsSpan().ContainsAnyExcept(TableNameCharacters))
        {
            yield return $"{nameof(Table)} must be {ShortestTableName} to {LongestTableName} of the characters a-z A-Z 0-9 _ . -, but is '{Table}'.";
        }

        if (Region is < 0 or >= DenylistHead.MaxRegions)
        {
            yield return $"{nameof(Region)} must be from 0 to {DenylistHead.MaxRegions - 1}, but is {Region}.";
        }

        if (Deadline < ShortestDeadline || Deadline > LongestDeadline)
        {
            yield return $"{nameof(Deadline)} must be from {ShortestDeadline} to {LongestDeadline}, but is {Deadline}.";
        }
    }
}
