using TokenSessions.Validation.Denylist;

namespace TokenSessions.Issuing.Stores;

/// <summary>The items of a journal in memory, each with the number of the write that makes it durable. Not thread-safe.</summary>
/// <remarks>
/// The tables run ahead of the disk, so that the next change is decided on the newest state. What leaves the store waits for
/// the write of every item it tells of.
/// </remarks>
internal sealed class JournalTables
{
    /// <summary>The number of a write that happened before this process.</summary>
    public const long OnDisk = 0;

    /// <summary>The order of a list: by kind, value and region, within one issuer.</summary>
    private static readonly Comparer<AuthorityKey> InOrder = Comparer<AuthorityKey>.Create((a, b) =>
        a.Kind != b.Kind ? a.Kind.CompareTo(b.Kind)
        : string.CompareOrdinal(a.Value, b.Value) is var order and not 0 ? order
        : a.Region.CompareTo(b.Region));

    private readonly Dictionary<AuthorityKey, (AuthorityItem Item, long Write)> _authority = [];
    private readonly FeedTable _feed = new();
    private long _feedWrite;
    private (StoredHead? Head, long Write) _head;

    public int Count => _authority.Count + _feed.Count + (_head.Head is null ? 0 : 1);

    public (StoredHead? Head, long Write) Head => _head;

    /// <summary>The item if it has not reached its end, and the write it waits for.</summary>
    public (AuthorityItem? Item, long Write) Find(AuthorityKey key, DateTimeOffset now) =>
        _authority.TryGetValue(key, out var held) && !StoreTime.IsReached(held.Item.ExpiresAt, now) ? held : (null, OnDisk);

    /// <summary>The live rules of an issuer behind a key of the list's order.</summary>
    public IEnumerable<(AuthorityItem Item, long Write)> Rules(string issuer, AuthorityKey after, DateTimeOffset now) =>
        _authority.Values
            .Where(held => held.Item.IsDenied
                && held.Item.Key.Issuer == issuer
                && !StoreTime.IsReached(held.Item.ExpiresAt, now)
                && InOrder.Compare(held.Item.Key, after) > 0)
            .OrderBy(held => held.Item.Key, InOrder);

    /// <summary>The feed item as it has to stand after this one is written, null if it stands so already; and the feed's last write.</summary>
    public (FeedItem? Merged, long Write) Merge(FeedItem item) => (_feed.Merge(item), _feedWrite);

    public (List<DenylistRule> Rules, long Write) ReadFeed(DateTimeOffset? since, DateTimeOffset now) => (_feed.Read(since, now), _feedWrite);

    public void Put(AuthorityItem item, long write) => _authority[item.Key] = (item, write);

    public void Put(FeedItem item, long write)
    {
        _feed.Put(item);
        _feedWrite = write;
    }

    public void Put(StoredHead head, long write) => _head = (head, write);

    /// <summary>Frees what had reached its end at this time.</summary>
    public void DropEnded(DateTimeOffset at)
    {
        foreach (var (key, held) in _authority) // Removing while enumerating is allowed for a Dictionary.
        {
            if (StoreTime.IsReached(held.Item.ExpiresAt, at))
            {
                _authority.Remove(key);
            }
        }

        _authority.TrimExcess();
        _feed.DropEnded(at);
    }

    /// <summary>All items as they stand now; they are immutable, so they can be written while the tables go on changing.</summary>
    public JournalImage ToImage() =>
        new([.. _authority.Values.Select(held => held.Item)], [.. _feed.Items], _head.Head);
}

/// <summary>All items of a store at one moment.</summary>
internal sealed record JournalImage(IReadOnlyList<AuthorityItem> Authority, IReadOnlyList<FeedItem> Feed, StoredHead? Head)
{
    public static readonly JournalImage Empty = new([], [], null);

    /// <summary>The payload of each item in turn, in the one scratch buffer given.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Payloads(byte[] scratch)
    {
        foreach (var item in Authority)
        {
            yield return scratch.AsMemory(0, JournalRecord.Write(scratch, item));
        }

        foreach (var item in Feed)
        {
            yield return scratch.AsMemory(0, JournalRecord.Write(scratch, item));
        }

        if (Head is not null)
        {
            yield return scratch.AsMemory(0, JournalRecord.Write(scratch, Head));
        }
    }
}
