using System.Globalization;
using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Stores;

/// <summary>The store of one region: a replica of a <see cref="ReplicatedTable"/>.</summary>
internal sealed class ReplicatedStore(ReplicatedTable table, int region, TimeProvider time) : ISessionStore, IDenylistFeed
{
    private const string HeadKey = "head";

    public Task<IReadOnlyDictionary<AuthorityKey, AuthorityItem>> ReadAsync(
        IReadOnlyCollection<AuthorityKey> keys, CancellationToken cancellationToken)
    {
        StoreLimits.Check(keys);
        return table.WorkAsync(
            region,
            replica => (IReadOnlyDictionary<AuthorityKey, AuthorityItem>)keys
                .Select(key => Live(replica, key)).OfType<AuthorityItem>().ToDictionary(item => item.Key),
            cancellationToken);
    }

    public Task<AuthorityItem> DenyAsync(Denial denial, CancellationToken cancellationToken)
    {
        StoreLimits.Check(denial);
        return ChangeAsync(denial.Key, item => AuthorityChange.Deny(item, denial) is var denied ? (denied, denied) : default, cancellationToken);
    }

    public Task WriteFeedAsync(DenylistRule rule, DateTimeOffset? expiresAt, CancellationToken cancellationToken)
    {
        StoreLimits.Check(rule, expiresAt);
        object key = rule.IsStanding ? rule.Key : (rule.Key, rule.StampedAt);
        return table.WorkAsync(
            region,
            replica =>
            {
                var item = new FeedItem(rule, StoreTime.Cut(expiresAt));
                if (replica.Find<FeedItem>(key) is { } stored)
                {
                    var later = stored.Rule.StampedAt > rule.StampedAt ? stored.Rule : rule;
                    item = new(
                        later with { Watermark = Math.Max(stored.Rule.Watermark, rule.Watermark) },
                        stored.ExpiresAt > item.ExpiresAt ? stored.ExpiresAt : item.ExpiresAt);
                }

                replica.Put(key, item);
                return true;
            },
            cancellationToken);
    }

    public Task MarkFedAsync(AuthorityKey key, long watermark, CancellationToken cancellationToken)
    {
        StoreLimits.Check(key);
        return ChangeAsync(key, item => (AuthorityChange.MarkFed(item, watermark), true), cancellationToken);
    }

    public Task<SessionAdvanced> AdvanceAsync(SessionAdvance advance, CancellationToken cancellationToken)
    {
        StoreLimits.Check(advance);
        return ChangeAsync(
            advance.Key, item => AuthorityChange.Advance(item, advance) is var advanced ? (advanced.Item, advanced) : default, cancellationToken);
    }

    public Task<bool> NoteGraceAsync(AuthorityKey key, int generation, CancellationToken cancellationToken)
    {
        StoreLimits.CheckSession(key);
        return ChangeAsync(
            key,
            item => AuthorityChange.NoteGrace(item, generation) is var noted ? (noted, !ReferenceEquals(noted, item)) : default,
            cancellationToken);
    }

    public Task<RulePage> ListAsync(string issuer, string? continuation, int limit, CancellationToken cancellationToken)
    {
        StoreLimits.Check(issuer, limit);
        var from = continuation is null ? 0
            : int.TryParse(continuation, CultureInfo.InvariantCulture, out var index) ? index
            : throw new ArgumentException("continuation is not what an earlier page gave.", nameof(continuation));
        return table.WorkAsync(
            region,
            replica =>
            {
                var rules = replica.All<AuthorityItem>()
                    .Where(item => item.IsDenied && item.Key.Issuer == issuer && IsLive(item.ExpiresAt))
                    .OrderBy(item => item.Key.Kind).ThenBy(item => item.Key.Value, StringComparer.Ordinal).ThenBy(item => item.Key.Region)
                    .ToArray();
                var next = from + limit < rules.Length ? (from + limit).ToString(CultureInfo.InvariantCulture) : null;
                return new RulePage([.. rules.Skip(from).Take(limit)], next);
            },
            cancellationToken);
    }

    public Task<StoredHead?> ReadHeadAsync(CancellationToken cancellationToken) =>
        table.WorkAsync(region, replica => replica.Find<StoredHead>(HeadKey), cancellationToken);

    public Task<StoredHead> RaiseHeadAsync(DenylistHead atLeast, DateTimeOffset at, CancellationToken cancellationToken)
    {
        StoreLimits.Check(atLeast);
        return table.WorkAsync(
            region,
            replica =>
            {
                var current = replica.Find<StoredHead>(HeadKey);
                var raised = StoredHead.Raise(current, atLeast, StoreTime.Cut(at));
                if (!ReferenceEquals(raised, current))
                {
                    replica.Put(HeadKey, raised);
                }

                return raised;
            },
            cancellationToken);
    }

    public Task<DenylistChanges> ReadAsync(DateTimeOffset? since, CancellationToken cancellationToken) => table.WorkAsync(
        region,
        replica =>
        {
            var head = replica.Find<StoredHead>(HeadKey) ?? throw new DenylistUnavailableException("There is no head yet.");
            var from = since?.ToUnixTimeMilliseconds() ?? 0;
            var rules = replica.All<FeedItem>()
                .Where(item => item.Rule.IsStanding || (item.Rule.StampedAt >= from && IsLive(item.ExpiresAt)))
                .Select(item => item.Rule);
            return new DenylistChanges(time.GetUtcNow(), head.Head, [.. rules], since is null);
        },
        cancellationToken);

    /// <summary>One of two pages of the feed, each read at a moment of its own, and perhaps from a replica that lags behind.</summary>
    /// <param name="since">Stamped then or later; null for the whole window.</param>
    /// <param name="until">Stamped then or earlier.</param>
    /// <param name="asOf">What the replica has had for so long.</param>
    /// <param name="isSecond">Which page.</param>
    public (DenylistHead? Head, IReadOnlyList<DenylistRule> Rules) ReadPage(
        DateTimeOffset? since, DateTimeOffset until, DateTimeOffset asOf, bool isSecond) => table.Work(
        region,
        replica =>
        {
            var (first, last) = (since?.ToUnixTimeMilliseconds() ?? 0, until.ToUnixTimeMilliseconds());
            var rules = replica.AllAsOf<FeedItem>(asOf)
                .Where(item => item.Rule.StampedAt % 2 == (isSecond ? 1 : 0))
                .Where(item => item.Rule.IsStanding
                    || (item.Rule.StampedAt >= first && item.Rule.StampedAt <= last && IsLive(item.ExpiresAt)))
                .Select(item => item.Rule);
            return (replica.Find<StoredHead>(HeadKey)?.Head, (IReadOnlyList<DenylistRule>)[.. rules]);
        });

    /// <summary>What stands here under a key now; null if nothing does.</summary>
    public AuthorityItem? Find(AuthorityKey key) => table.Work(region, replica => Live(replica, key));

    private bool IsLive(DateTimeOffset? end) => !StoreTime.IsReached(end, time.GetUtcNow());

    private AuthorityItem? Live(ReplicatedTable.Replica replica, AuthorityKey key) =>
        replica.Find<AuthorityItem>(key) is { } item && IsLive(item.ExpiresAt) ? item : null;

    private Task<T> ChangeAsync<T>(
        AuthorityKey key, Func<AuthorityItem?, (AuthorityItem? Item, T Answer)> change, CancellationToken cancellationToken) =>
        table.WorkAsync(
            region,
            replica =>
            {
                var item = Live(replica, key);
                var (changed, answer) = change(item);
                if (changed is not null && !ReferenceEquals(changed, item))
                {
                    replica.Put(key, changed);
                }

                return answer;
            },
            cancellationToken);

    internal sealed record FeedItem(DenylistRule Rule, DateTimeOffset? ExpiresAt);
}
