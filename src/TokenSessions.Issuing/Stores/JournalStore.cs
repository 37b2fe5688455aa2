using System.Text;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Issuing.Stores;

/// <summary>The embedded store: an append-only journal in a directory that one process owns, and its items in memory.</summary>
/// <remarks>
/// <para>A change is one checksummed record, flushed to the disk before its call completes; changes that arrive during a flush
/// share the next one. Reads are answered from memory, and wait for the disk only if an item they tell of is still on its way
/// there.</para>
/// <para>After a failed write every call throws until the directory is opened again: what the disk then holds is unknown.
/// The README beside this file describes the format, the guarantees and the limits.</para>
/// </remarks>
public sealed class JournalStore : ISessionStore, IDenylistFeed, IAsyncDisposable
{
    private const char KindEnd = ':'; // In a continuation, behind the name of the kind and the region.

    /// <summary>Compaction forgets what ended longer ago than this: by less, a clock may be ahead and do no lasting harm.</summary>
    private static readonly TimeSpan KeptPastEnd = TimeSpan.FromDays(1);

    private readonly Lock _gate = new();
    private readonly byte[] _payload = new byte[JournalFormat.MaxPayloadLength];
    private readonly JournalTables _tables;
    private readonly TimeProvider _time;
    private readonly JournalDirectory _directory;
    private readonly JournalFile _file;
    private readonly GroupCommit _commit;

    private JournalStore(JournalTables tables, TimeProvider time, JournalDirectory directory, JournalFile file, OpenOutcome outcome)
    {
        (_tables, _time, _directory, _file, Outcome) = (tables, time, directory, file, outcome);
        _commit = new(_gate, file, TakeImage);
    }

    /// <summary>What opening the store found, for the host to report.</summary>
    public OpenOutcome Outcome { get; }

    /// <summary>Opens the store in a directory and becomes its only owner. Reads the whole journal before it returns.</summary>
    /// <param name="directory">Where the journal is; made, readable by this user alone, if it does not exist.</param>
    /// <param name="time">The clock that decides what has reached its end.</param>
    /// <exception cref="SessionStoreUnavailableException">
    /// The store has an owner already, other users can get at it, or the journal is damaged, of a newer version, or cannot be
    /// read or written. The message says which, where, and what helps; the journal was not changed.
    /// </exception>
    public static JournalStore Open(string directory, TimeProvider time)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ArgumentNullException.ThrowIfNull(time);
        try
        {
            var owned = JournalDirectory.Own(directory);
            try
            {
                return Open(owned, time);
            }
            catch
            {
                owned.Dispose();
                throw;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SessionStoreUnavailableException($"The store in {directory} cannot be opened: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public Task<IReadOnlyDictionary<AuthorityKey, AuthorityItem>> ReadAsync(
        IReadOnlyCollection<AuthorityKey> keys, CancellationToken cancellationToken)
    {
        StoreLimits.Check(keys);
        return AnswerAsync(
            () =>
            {
                var now = _time.GetUtcNow();
                var items = new Dictionary<AuthorityKey, AuthorityItem>(keys.Count);
                var lastWrite = JournalTables.OnDisk;
                foreach (var key in keys)
                {
                    var (item, write) = _tables.Find(key, now);
                    if (item is not null)
                    {
                        items.Add(key, item);
                        lastWrite = Math.Max(lastWrite, write);
                    }
                }

                return ((IReadOnlyDictionary<AuthorityKey, AuthorityItem>)items, lastWrite);
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task<AuthorityItem> DenyAsync(Denial denial, CancellationToken cancellationToken)
    {
        StoreLimits.Check(denial);
        return ChangeAsync(denial.Key, item => AuthorityChange.Deny(item, denial) is var denied ? (denied, denied) : default, cancellationToken);
    }

    /// <inheritdoc/>
    public Task WriteFeedAsync(DenylistRule rule, DateTimeOffset? expiresAt, CancellationToken cancellationToken)
    {
        StoreLimits.Check(rule, expiresAt);
        return AnswerAsync(
            () =>
            {
                var (merged, write) = _tables.Merge(new(rule, StoreTime.Cut(expiresAt)));
                if (merged is { } item)
                {
                    write = _commit.Append(_payload.AsSpan(0, JournalRecord.Write(_payload, item)));
                    _tables.Put(item, write);
                }

                return (true, write);
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task MarkFedAsync(AuthorityKey key, long watermark, CancellationToken cancellationToken)
    {
        StoreLimits.Check(key);
        return ChangeAsync(key, item => (AuthorityChange.MarkFed(item, watermark), true), cancellationToken);
    }

    /// <inheritdoc/>
    public Task<SessionAdvanced> AdvanceAsync(SessionAdvance advance, CancellationToken cancellationToken)
    {
        StoreLimits.Check(advance);
        return ChangeAsync(
            advance.Key, item => AuthorityChange.Advance(item, advance) is var advanced ? (advanced.Item, advanced) : default, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<bool> NoteGraceAsync(AuthorityKey key, int generation, CancellationToken cancellationToken)
    {
        StoreLimits.CheckSession(key);
        return ChangeAsync(
            key,
            item => AuthorityChange.NoteGrace(item, generation) is var noted ? (noted, !ReferenceEquals(noted, item)) : default,
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task<RulePage> ListAsync(string issuer, string? continuation, int limit, CancellationToken cancellationToken)
    {
        StoreLimits.Check(issuer, limit);
        var after = continuation is null ? new(issuer, RuleKind.None, "") : ReadContinuation(issuer, continuation);
        return AnswerAsync(
            () =>
            {
                var found = _tables.Rules(issuer, after, _time.GetUtcNow()).Take(limit + 1).ToArray();
                var page = found.AsSpan(0, Math.Min(found.Length, limit)).ToArray();
                var next = found.Length > limit ? WriteContinuation(page[^1].Item.Key) : null;
                var lastWrite = page.Select(rule => rule.Write).DefaultIfEmpty(JournalTables.OnDisk).Max();
                return (new RulePage([.. page.Select(rule => rule.Item)], next), lastWrite);
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task<StoredHead?> ReadHeadAsync(CancellationToken cancellationToken) =>
        AnswerAsync(() => _tables.Head, cancellationToken);

    /// <inheritdoc/>
    public Task<StoredHead> RaiseHeadAsync(DenylistHead atLeast, DateTimeOffset at, CancellationToken cancellationToken)
    {
        StoreLimits.Check(atLeast);
        return AnswerAsync(
            () =>
            {
                var (current, write) = _tables.Head;
                var raised = StoredHead.Raise(current, atLeast, StoreTime.Cut(at));
                if (!ReferenceEquals(raised, current))
                {
                    write = _commit.Append(_payload.AsSpan(0, JournalRecord.Write(_payload, raised)));
                    _tables.Put(raised, write);
                }

                return (raised, write);
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    async Task<DenylistChanges> IDenylistFeed.ReadAsync(DateTimeOffset? since, CancellationToken cancellationToken)
    {
        var asOf = _time.GetUtcNow();
        try
        {
            return await AnswerAsync(
                () =>
                {
                    var (head, headWrite) = _tables.Head;
                    if (head is null)
                    {
                        throw new DenylistUnavailableException("The denylist has no head yet: no issuer has used this store.");
                    }

                    var (rules, feedWrite) = _tables.ReadFeed(since, asOf);
                    return (new DenylistChanges(asOf, head.Head, rules, since is null), Math.Max(headWrite, feedWrite));
                },
                cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SessionStoreUnavailableException or ObjectDisposedException) // A sync may outlive us.
        {
            throw new DenylistUnavailableException(e.Message, e);
        }
    }

    /// <summary>Writes what was begun, closes the journal and gives the directory up.</summary>
    public async ValueTask DisposeAsync()
    {
        await _commit.StopAsync().ConfigureAwait(false);
        _file.Dispose();
        _directory.Dispose();
    }

    private static JournalStore Open(JournalDirectory directory, TimeProvider time)
    {
        var tables = new JournalTables();
        var isNew = !File.Exists(directory.JournalPath);
        var (file, contents) = isNew ? (JournalFile.Create(directory), default) : JournalFile.Open(directory, tables);
        return new(tables, time, directory, file, new(directory.JournalPath, isNew, tables.Count, contents.Length, contents.TornBytes));
    }

    /// <summary>Decides on the newest state, and answers when everything the answer tells of is on the disk.</summary>
    /// <param name="decide">Called with the gate held: the answer, and the write it waits for.</param>
    /// <param name="cancellationToken">Ends the wait, not the write.</param>
    private async Task<T> AnswerAsync<T>(Func<(T Answer, long Write)> decide, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        T answer;
        Task durable;
        lock (_gate)
        {
            _commit.ThrowIfUnusable();
            (answer, var write) = decide();
            durable = _commit.WhenDurable(write);
        }

        await durable.WaitAsync(cancellationToken).ConfigureAwait(false);
        return answer;
    }

    /// <summary>Changes one authority item, if <paramref name="change"/> answers another than it was given.</summary>
    private Task<T> ChangeAsync<T>(
        AuthorityKey key, Func<AuthorityItem?, (AuthorityItem? Item, T Answer)> change, CancellationToken cancellationToken) =>
        AnswerAsync(
            () =>
            {
                var (item, write) = _tables.Find(key, _time.GetUtcNow());
                var (changed, answer) = change(item);
                if (changed is not null && !ReferenceEquals(changed, item))
                {
                    write = _commit.Append(_payload.AsSpan(0, JournalRecord.Write(_payload, changed)));
                    _tables.Put(changed, write);
                }

                return (answer, write); // An item left as it was may still be on its way to the disk.
            },
            cancellationToken);

    private JournalImage TakeImage()
    {
        _tables.DropEnded(_time.GetUtcNow() - KeptPastEnd);
        return _tables.ToImage();
    }

    private static string WriteContinuation(AuthorityKey last) =>
        StrictBase64Url.Encode(Encoding.UTF8.GetBytes($"{last.Kind.Name()}{last.Region}{KindEnd}{last.Value}"));

    private static AuthorityKey ReadContinuation(string issuer, string continuation)
    {
        var text = Encoding.UTF8.GetString(StrictBase64Url.Decode(continuation) ?? []);
        var end = text.IndexOf(KindEnd, StringComparison.Ordinal);
        return end > 1 && RuleKinds.Find(text[..(end - 1)]) is { } kind && text[end - 1] - '0' is >= 0 and < DenylistHead.MaxRegions and var region
            ? new(issuer, kind, text[(end + 1)..], region)
            : throw new ArgumentException("continuation is not what an earlier page gave.", nameof(continuation));
    }
}

/// <summary>What opening a <see cref="JournalStore"/> found.</summary>
/// <param name="JournalPath">The journal.</param>
/// <param name="IsNew">True if there was none, and an empty one was made.</param>
/// <param name="Items">How many items it holds; some of them may have reached their end.</param>
/// <param name="Length">Bytes of the journal that hold good records; 0 for a new one.</param>
/// <param name="TornBytes">
/// Bytes behind those that an interrupted write had left, none of them acknowledged; they were cut off. Usually 0.
/// </param>
public sealed record OpenOutcome(string JournalPath, bool IsNew, int Items, long Length, long TornBytes);
