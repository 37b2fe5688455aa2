using Amazon.DynamoDBv2.Model;
using TokenSessions.Issuing.Stores;
using static TokenSessions.Aws.DynamoDb.Attributes;

namespace TokenSessions.Aws.DynamoDb;

/// <summary>Reads and changes authority items. Every call has a deadline already.</summary>
internal sealed class AuthorityTable(DynamoDbConnection connection)
{
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(500);

    public async Task<IReadOnlyDictionary<AuthorityKey, AuthorityItem>> ReadAsync(
        IReadOnlyCollection<AuthorityKey> keys, CancellationToken cancellationToken)
    {
        var items = new Dictionary<AuthorityKey, AuthorityItem>(keys.Count);
        var unread = keys.Select(AuthorityItems.Key).ToList();
        for (var wait = FirstWait; ; wait = wait < LongestWait ? wait * 2 : LongestWait)
        {
            unread = await ReadSomeAsync(unread, items, cancellationToken).ConfigureAwait(false);
            if (unread.Count == 0)
            {
                return items;
            }

            await Task.Delay(wait, connection.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    public async Task<AuthorityItem> DenyAsync(Denial denial, CancellationToken cancellationToken)
    {
        // Most rules are new, so the first attempt takes that for granted; if it is wrong, it learns what stands.
        var (_, item) = await ChangeAsync(denial.Key, Standing.Absent, item => AuthorityChange.Deny(item, denial), cancellationToken).ConfigureAwait(false);
        return item!;
    }

    public async Task<bool> NoteGraceAsync(AuthorityKey key, int generation, CancellationToken cancellationToken)
    {
        var standing = await GetAsync(key, cancellationToken).ConfigureAwait(false);
        var (isWritten, _) = await ChangeAsync(key, standing, item => AuthorityChange.NoteGrace(item, generation), cancellationToken).ConfigureAwait(false);
        return isWritten;
    }

    public async Task<bool> MarkFedAsync(AuthorityKey key, long watermark, CancellationToken cancellationToken)
    {
        var update = new UpdateItemRequest
        {
            TableName = connection.Table,
            Key = AuthorityItems.Key(key),
            UpdateExpression = $"SET {Names.Fed} = :true, {Names.Version} = :version",
            ConditionExpression =
                $"{Names.Denied} = :true AND {Names.Watermark} = :T AND attribute_not_exists({Names.Fed})"
                + $" AND (attribute_not_exists({Names.Ends}) OR {Names.Ends} > :now)",
            ExpressionAttributeValues = new()
            {
                [":true"] = True,
                [":version"] = Text(Optimism.NewVersion()),
                [":T"] = Number(watermark),
                [":now"] = Time(connection.Now),
            },
        };
        try
        {
            await connection.SendAsync(update, connection.Client.UpdateItemAsync, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (ConditionalCheckFailedException)
        {
            return false; // Raised since, marked already, or gone: there is nothing to mark.
        }
    }

    /// <summary>One write, without a read before it.</summary>
    public async Task<SessionAdvanced> AdvanceAsync(SessionAdvance advance, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < Optimism.MaxAttempts; attempt++)
        {
            var now = connection.Now;
            var wanted = AuthorityChange.Advance(null, advance).Item;
            var (isWritten, old) = await connection.TryPutAsync(
                AuthorityItems.Write(wanted, Optimism.NewVersion()),
                $"attribute_not_exists({TableSchema.Partition}) OR {Names.Ends} <= :now"
                + $" OR (attribute_not_exists({Names.Denied}) AND {Names.Generation} <= :spent AND {Names.RequestId} <> :rid)",
                new() { [":now"] = Time(now), [":spent"] = Number(advance.Spent), [":rid"] = Text(advance.RequestId) },
                cancellationToken).ConfigureAwait(false);
            if (isWritten)
            {
                return new(true, wanted);
            }

            var standing = Standing.Read(old, now) ?? await GetAsync(advance.Key, cancellationToken).ConfigureAwait(false);
            var advanced = AuthorityChange.Advance(standing.Item, advance);
            if (ReferenceEquals(advanced.Item, standing.Item))
            {
                return advanced;
            }
        }

        throw Optimism.Overtaken(connection);
    }

    /// <summary>Writes what becomes of an item, unless somebody changed it meanwhile: then what becomes of that.</summary>
    /// <param name="key">Which item.</param>
    /// <param name="standing">What is believed to stand.</param>
    /// <param name="change">Answers the very item it is given if nothing has to be written.</param>
    /// <param name="cancellationToken">The deadline.</param>
    /// <returns>The item as it stands now, and whether this call wrote it.</returns>
    private async Task<(bool IsWritten, AuthorityItem? Item)> ChangeAsync(
        AuthorityKey key, Standing standing, Func<AuthorityItem?, AuthorityItem?> change, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < Optimism.MaxAttempts; attempt++)
        {
            var changed = change(standing.Item);
            if (changed is null || ReferenceEquals(changed, standing.Item))
            {
                return (false, changed);
            }

            var version = Optimism.NewVersion();
            var (condition, values) = Optimism.Unchanged(standing.Version);
            var (isWritten, old) = await connection.TryPutAsync(AuthorityItems.Write(changed, version), condition, values, cancellationToken).ConfigureAwait(false);
            if (!isWritten)
            {
                standing = Standing.Read(old, connection.Now) ?? await GetAsync(key, cancellationToken).ConfigureAwait(false);
                isWritten = standing.Version == version; // The SDK asked again after a lost answer, and met its own write.
            }

            if (isWritten)
            {
                return (true, changed);
            }
        }

        throw Optimism.Overtaken(connection);
    }

    /// <summary>Reads what a batch gives.</summary>
    /// <returns>The keys that were not answered at all.</returns>
    private async Task<List<Dictionary<string, AttributeValue>>> ReadSomeAsync(
        List<Dictionary<string, AttributeValue>> keys, Dictionary<AuthorityKey, AuthorityItem> items, CancellationToken cancellationToken)
    {
        var request = new BatchGetItemRequest { RequestItems = new() { [connection.Table] = new() { Keys = keys, ConsistentRead = true } } };
        var answer = await connection.SendAsync(request, connection.Client.BatchGetItemAsync, cancellationToken).ConfigureAwait(false);
        var unread = answer.UnprocessedKeys?.GetValueOrDefault(connection.Table)?.Keys ?? [];
        if (unread.Count == 0 && answer.Responses?.ContainsKey(connection.Table) is not true)
        {
            throw connection.Unavailable("the answer to BatchGetItem does not name the table, so it tells nothing of what is absent.");
        }

        var now = connection.Now;
        foreach (var item in answer.Responses?.GetValueOrDefault(connection.Table) ?? [])
        {
            if (!item.IsEnded(now))
            {
                var read = AuthorityItems.Read(item);
                items[read.Key] = read;
            }
        }

        return unread;
    }

    private async Task<Standing> GetAsync(AuthorityKey key, CancellationToken cancellationToken) =>
        Standing.Read(await connection.GetAsync(AuthorityItems.Key(key), cancellationToken).ConfigureAwait(false), connection.Now) ?? Standing.Absent;

    /// <summary>An item as it stands, and the version of that.</summary>
    /// <param name="Item">Null if there is none, or it has reached its end.</param>
    /// <param name="Version">Null if there is none at all.</param>
    private sealed record Standing(AuthorityItem? Item, string? Version)
    {
        public static readonly Standing Absent = new(null, null);

        public static Standing? Read(Dictionary<string, AttributeValue>? item, DateTimeOffset now) => item is null
            ? null
            : new(item.IsEnded(now) ? null : AuthorityItems.Read(item), item.GetText(Names.Version));
    }
}
