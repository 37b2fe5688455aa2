using Amazon.DynamoDBv2;
using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Denylist;
using static TokenSessions.Aws.DynamoDb.Attributes;

namespace TokenSessions.Aws.DynamoDb;

/// <summary>The store in a DynamoDB table, for any number of instances. The README beside this file describes the items.</summary>
/// <remarks>
/// Needs <c>dynamodb:DescribeTable</c>, <c>GetItem</c>, <c>BatchGetItem</c>, <c>PutItem</c>, <c>UpdateItem</c>, <c>Query</c> and
/// <c>Scan</c> on the table. The table's keys are checked before the first use. An instance whose clock differs from DynamoDB's
/// by more than 5 seconds gets <see cref="SessionStoreUnavailableException"/> from every call: it would date rules wrongly.
/// </remarks>
public sealed class DynamoDbStore : ISessionStore
{
    private readonly DynamoDbConnection _connection;
    private readonly AuthorityTable _authority;
    private readonly int _region;
    private volatile StoredHead? _lastHead;

    /// <summary>The store; nothing is asked of it yet.</summary>
    /// <param name="client">The AWS client: <see cref="DynamoDbClients.Create"/> makes one. It remains the caller's.</param>
    /// <param name="options">Which table.</param>
    /// <param name="time">The clock that decides what has reached its end.</param>
    public DynamoDbStore(IAmazonDynamoDB client, DynamoDbOptions options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        var own = options.Checked();
        _region = own.Region;
        _connection = new(client, own, time, (problem, cause) => new SessionStoreUnavailableException(problem, cause));
        _authority = new(_connection);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyDictionary<AuthorityKey, AuthorityItem>> ReadAsync(
        IReadOnlyCollection<AuthorityKey> keys, CancellationToken cancellationToken)
    {
        StoreLimits.Check(keys);
        return _connection.AnswerAsync(deadline => _authority.ReadAsync(keys, deadline), cancellationToken);
    }

    /// <inheritdoc/>
    public Task<AuthorityItem> DenyAsync(Denial denial, CancellationToken cancellationToken)
    {
        StoreLimits.Check(denial);
        return _connection.AnswerAsync(deadline => _authority.DenyAsync(denial, deadline), cancellationToken);
    }

    /// <inheritdoc/>
    public async Task WriteFeedAsync(DenylistRule rule, DateTimeOffset? expiresAt, CancellationToken cancellationToken)
    {
        StoreLimits.Check(rule, expiresAt);
        await _connection.AnswerAsync(
            async deadline =>
            {
                var head = _lastHead ?? await ReadHeadsAsync(deadline).ConfigureAwait(false);

                // What every validator knows is never too much, however old the head we remember: heads only grow.
                var shards = head?.KnownEverywhere(_connection.Now).Shards ?? 1;
                var item = FeedItems.Write(rule, StoreTime.Cut(expiresAt), shards);
                await _connection.TryPutAsync(
                    item,
                    rule.IsStanding
                        ? $"attribute_not_exists({TableSchema.Partition}) OR {Names.Stamp} < :stamp"
                        : $"attribute_not_exists({TableSchema.Partition}) OR {Names.Watermark} < :T OR ({Names.Watermark} = :T AND {Names.Ends} < :ends)",
                    rule.IsStanding
                        ? new() { [":stamp"] = item[Names.Stamp] }
                        : new() { [":T"] = item[Names.Watermark], [":ends"] = item[Names.Ends] },
                    deadline).ConfigureAwait(false);
                return true; // If the condition did not hold, what stands there is as good or better.
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task MarkFedAsync(AuthorityKey key, long watermark, CancellationToken cancellationToken)
    {
        StoreLimits.Check(key);
        return _connection.AnswerAsync(deadline => _authority.MarkFedAsync(key, watermark, deadline), cancellationToken);
    }

    /// <inheritdoc/>
    public Task<SessionAdvanced> AdvanceAsync(SessionAdvance advance, CancellationToken cancellationToken)
    {
        StoreLimits.Check(advance);
        return _connection.AnswerAsync(deadline => _authority.AdvanceAsync(advance, deadline), cancellationToken);
    }

    /// <inheritdoc/>
    public Task<bool> NoteGraceAsync(AuthorityKey key, int generation, CancellationToken cancellationToken)
    {
        StoreLimits.CheckSession(key);
        return _connection.AnswerAsync(deadline => _authority.NoteGraceAsync(key, generation, deadline), cancellationToken);
    }

    /// <inheritdoc/>
    public Task<RulePage> ListAsync(string issuer, string? continuation, int limit, CancellationToken cancellationToken)
    {
        StoreLimits.Check(issuer, limit);
        var start = continuation is null ? null : RuleList.ReadContinuation(continuation);
        return _connection.AnswerAsync(deadline => RuleList.ReadAsync(_connection, issuer, start, limit, deadline), cancellationToken);
    }

    /// <inheritdoc/>
    public Task<StoredHead?> ReadHeadAsync(CancellationToken cancellationToken) =>
        _connection.AnswerAsync(ReadHeadsAsync, cancellationToken);

    /// <inheritdoc/>
    public Task<StoredHead> RaiseHeadAsync(DenylistHead atLeast, DateTimeOffset at, CancellationToken cancellationToken)
    {
        StoreLimits.Check(atLeast);
        return _connection.AnswerAsync(
            async deadline =>
            {
                for (var attempt = 0; attempt < Optimism.MaxAttempts; attempt++)
                {
                    var own = await _connection.GetAsync(HeadItems.Key(_region), deadline).ConfigureAwait(false);
                    var standing = await ReadHeadsAsync(deadline).ConfigureAwait(false);
                    var raised = StoredHead.Raise(standing, atLeast, StoreTime.Cut(at));
                    if (ReferenceEquals(raised, standing))
                    {
                        return standing!; // Perhaps by our own earlier attempt.
                    }

                    var version = own?.GetText(Names.Version);
                    var (condition, values) = Optimism.Unchanged(version);
                    if ((await _connection.TryPutAsync(HeadItems.Write(raised, _region, Optimism.NewVersion()), condition, values, deadline).ConfigureAwait(false)).IsWritten)
                    {
                        return _lastHead = raised;
                    }
                }

                throw Optimism.Overtaken(_connection);
            },
            cancellationToken);
    }

    private async Task<StoredHead?> ReadHeadsAsync(CancellationToken cancellationToken)
    {
        var now = _connection.Now;
        var heads = await _connection
            .QueryAsync(HeadItems.Query(_connection.Table, isConsistent: true), HeadItems.Read, now, cancellationToken).ConfigureAwait(false);
        return StoredHead.Merge(heads, now) is { } head ? _lastHead = head : null;
    }
}
