using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;

namespace TokenSessions.Validation.Denylist;

/// <summary>Keeps a <see cref="DenylistSnapshot"/> in step with a feed. Owns no loop: its host calls <see cref="SyncAsync"/>.</summary>
/// <remarks>
/// Nothing is given before the whole window was read once. From then on each poll overlaps the last. Every 30 seconds that is read again
/// which was younger than 3 minutes at the last such re-read, and every 5 minutes, beside the polls, the whole window, so that late and
/// out-of-order arrivals are found. Where several regions write, nothing counts as fresh once a re-read is overdue: a rule of another
/// region may be missing.
/// </remarks>
public sealed class DenylistSync
{
    /// <summary>How soon a rule acts at every validator of the region that reads the store itself: 5 seconds.</summary>
    public static readonly TimeSpan RevocationBound = TimeSpan.FromSeconds(5);

    /// <summary>How soon a rule acts at every validator that reads a service's signed feed: 8 seconds.</summary>
    public static readonly TimeSpan SignedFeedBound = TimeSpan.FromSeconds(8);

    /// <summary>How often a host should call <see cref="SyncAsync"/>: 2 seconds.</summary>
    public static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(2);

    /// <summary>The longest a load of the whole window may take: 20 seconds.</summary>
    /// <remarks>A million rules do not arrive within <see cref="RevocationBound"/>; what is given afterwards is as old as it is.</remarks>
    public static readonly TimeSpan FirstLoadBound = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan Overlap = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan RecentSpan = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan RecentInterval = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan WholeInterval = TimeSpan.FromMinutes(5);

    /// <summary>Once nothing has been fresh for so long what is known is stale anyway, and the signed feed may answer with the whole window.</summary>
    private static readonly TimeSpan LongGap = TimeSpan.FromMinutes(2);

    /// <summary>Between regions a re-read is overdue after this. That of the whole window may fail once on the way.</summary>
    private static readonly TimeSpan RecentOverdue = RecentInterval + RevocationBound;
    private static readonly TimeSpan WholeOverdue = TimeSpan.FromMinutes(6);

    /// <summary>How long after its stamp a rule may be written (10 s), as seen by two clocks that each differ by 5 s from the store's.</summary>
    private static readonly TimeSpan WriteAndClocks = TimeSpan.FromSeconds(20);

    private readonly IDenylistFeed _feed;
    private readonly TimeProvider _time;
    private readonly Moment _createdAt;
    private readonly Lock _gate = new();

    private volatile Published? _published;

    // Under the gate.
    private Poll? _inFlight;
    private Moment? _polledAt;
    private DateTimeOffset _newestAsOf;
    private DateTimeOffset _droppedAsOf; // The latest as of which rules may have been dropped, or not been taken up, since the whole window was read.
    private (Moment At, DateTimeOffset AsOf) _recentRead; // The last that was complete.
    private Moment _recentTriedAt;
    private bool _isRecentOwed; // The last poll was one, and has not been complete.
    private Moment _wholeReadAt; // The last that was complete.
    private Moment _wholeTriedAt;
    private WholeRead? _wholeRead; // Beside the polls. The next poll takes what came of it.

    /// <summary>A sync that has read nothing yet.</summary>
    /// <param name="feed">Where the rules come from.</param>
    /// <param name="time">The clock.</param>
    /// <param name="meters">Where <c>tokensessions.denylist.staleness</c> (seconds) and <c>tokensessions.denylist.rules</c> are observed.</param>
    public DenylistSync(IDenylistFeed feed, TimeProvider time, IMeterFactory? meters = null)
    {
        ArgumentNullException.ThrowIfNull(feed);
        ArgumentNullException.ThrowIfNull(time);
        (_feed, _time, _createdAt) = (feed, time, Moment.Now(time));
        DenylistGauges.Measure(this, meters);
    }

    /// <summary>How long a host should wait before it calls <see cref="SyncAsync"/>; zero when a sync is due now.</summary>
    /// <remarks>A wall clock that was set back makes one due at once: new rules may carry older times than the last poll.</remarks>
    public TimeSpan UntilDue
    {
        get
        {
            lock (_gate)
            {
                var now = Moment.Now(_time);
                return _polledAt is not { } last || last.IsBeforeStepBack(now) || last.Age(now) >= PollInterval
                    ? TimeSpan.Zero
                    : PollInterval - last.Age(now);
            }
        }
    }

    internal TimeProvider Time => _time;

    internal TimeSpan Staleness => (_published?.FreshAt ?? _createdAt).Age(_time);

    internal int RuleCount => _published?.Snapshot.Rules.Count ?? 0;

    /// <summary>How much longer than the bounds it can take to find a rule that reached the feed late, from another region.</summary>
    /// <param name="arrival">How long after its stamp it arrived.</param>
    /// <returns>Zero while the next poll finds it; else the time to the re-read that does, at a service and then at its readers.</returns>
    public static TimeSpan FoundAfter(TimeSpan arrival) =>
        arrival <= Overlap - WriteAndClocks ? TimeSpan.Zero
        : arrival <= RecentSpan - WriteAndClocks ? RecentOverdue + RecentOverdue
        : WholeOverdue + WholeOverdue;

    /// <summary>The newest complete snapshot and its age, however old: what it denies is denied, what it does not may be unknown.</summary>
    /// <param name="snapshot">The snapshot; null before the first complete sync.</param>
    /// <param name="age">
    /// Since the first request behind the snapshot was sent; for the copy of somebody else's answer, since it was made and never
    /// less than since it was first fetched. The larger of the wall-clock and the elapsed difference.
    /// </param>
    /// <returns>False only before the first complete sync.</returns>
    public bool TryGetSnapshot([NotNullWhen(true)] out DenylistSnapshot? snapshot, out TimeSpan age) =>
        TryGetSnapshot(Moment.Now(_time), out snapshot, out age);

    /// <summary>The same for whoever has many questions, and reads the clocks once for all of them.</summary>
    internal bool TryGetSnapshot(in Moment now, [NotNullWhen(true)] out DenylistSnapshot? snapshot, out TimeSpan age)
    {
        var published = _published;
        age = published is null ? TimeSpan.MaxValue : published.FreshAt.Age(now);
        snapshot = published?.Snapshot;
        return snapshot is not null;
    }

    /// <summary>One step: reads what is new and publishes the next snapshot, or reports why not. Joins a step under way.</summary>
    /// <param name="cancellationToken">Ends this caller's wait; the step goes on for the others.</param>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public Task<DenylistSyncOutcome> SyncAsync(CancellationToken cancellationToken = default)
    {
        Task<DenylistSyncOutcome> task;
        lock (_gate)
        {
            // Where a function is suspended even the deadline of a poll stands still, so its age is asked here too.
            _inFlight = _inFlight is { } current && !current.IsTooOld(_time) ? current : Start();
            task = _inFlight.Task;
        }

        return task.WaitAsync(cancellationToken);
    }

    /// <summary>Call it with the gate held.</summary>
    private Poll Start()
    {
        var now = Moment.Now(_time);
        // Outside the window rules may have come and gone unseen: then nothing but the whole of it counts.
        var canContinue = TryGetSnapshot(now, out var last, out var age) && age <= last.Head.Window;
        var extent = canContinue ? NextExtent(now, last!.Head.Regions) : Extent.Whole;
        DateTimeOffset? since = extent switch
        {
            Extent.Newest => Earlier(_newestAsOf, now.Wall) - Overlap,
            Extent.Recent => Earlier(_recentRead.AsOf, now.Wall) - RecentSpan,
            Extent.Whole => null,
        };

        (_polledAt, _isRecentOwed) = (now, extent is Extent.Recent);
        if (extent is Extent.Recent)
        {
            _recentTriedAt = now;
        }
        else if (extent is Extent.Whole)
        {
            _wholeTriedAt = now;
        }

        var bound = extent is Extent.Whole || age > LongGap ? FirstLoadBound : RevocationBound;
        var poll = new Poll(now, since, extent, canContinue, bound);
        poll.Task = Task.Run(() => ReadAsync(poll)); // On the pool: nothing of a feed may run with the gate held.
        return poll;
    }

    /// <summary>
    /// What to read now that there is a snapshot to go on from. A re-read of the recent that failed is owed, but comes again only after
    /// <see cref="RecentInterval"/>: one too large for its time must not keep the newest rules out. Between regions, where nothing is
    /// fresh without it, it takes turns with the newest; and whoever was suspended there reads the whole window at once if that is overdue.
    /// </summary>
    private Extent NextExtent(in Moment now, int regions)
    {
        var wasSuspended = _polledAt is { } last && last.Age(now) >= RecentInterval;
        if (regions > 1 && wasSuspended && _wholeReadAt.Age(now) > WholeOverdue)
        {
            return Extent.Whole;
        }

        var mayBeTried = regions > 1 ? !_isRecentOwed : _recentTriedAt.Age(now) >= RecentInterval;
        return mayBeTried && _recentRead.At.Age(now) >= RecentInterval ? Extent.Recent : Extent.Newest;
    }

    private async Task<DenylistSyncOutcome> ReadAsync(Poll poll)
    {
        using var deadline = new CancellationTokenSource(poll.Bound, _time);
        try
        {
            var changes = await _feed.ReadAsync(poll.Since, deadline.Token).WaitAsync(deadline.Token).ConfigureAwait(false);
            var outcome = Take(poll, changes);
            ReadWholeIfDue(poll);
            return outcome;
        }
        catch (DenylistUnavailableException e)
        {
            return new(false, e.Message);
        }
        catch (OperationCanceledException)
        {
            return poll.ThrownAway();
        }
        finally
        {
            lock (_gate)
            {
                _inFlight = _inFlight == poll ? null : _inFlight;
            }
        }
    }

    /// <summary>After the newest, so that a feed that fails is not asked for all it has.</summary>
    private void ReadWholeIfDue(Poll poll)
    {
        WholeRead read;
        lock (_gate)
        {
            var now = Moment.Now(_time);
            // Nothing is fresh without it: then at once.
            var isNeeded = LacksDropped(_droppedAsOf, _newestAsOf)
                || (_published?.Snapshot.Head.Regions > 1 && _wholeReadAt.Age(now) > WholeOverdue);
            // After a wall clock was set back too: what came while it was ahead may have been asked for in vain.
            var isDue = _wholeReadAt.Age(now) >= WholeInterval || _wholeReadAt.IsBeforeStepBack(now);
            // One that failed is tried again after a while.
            var mayBeTried = _wholeTriedAt.Age(now) >= RecentInterval || _wholeTriedAt.IsBeforeStepBack(now);
            if (_inFlight != poll || _wholeRead is not null || !(isNeeded || (isDue && mayBeTried)))
            {
                return;
            }

            (_wholeTriedAt, _wholeRead) = (now, read = new(now, _time, FirstLoadBound));
        }

        read.Send(_feed);
    }

    private DenylistSyncOutcome Take(Poll poll, DenylistChanges changes)
    {
        if (changes.FindProblem(isWholeAsked: poll.Extent is Extent.Whole) is { } unusable)
        {
            return new(false, unusable);
        }

        var reread = FinishedWholeRead();
        var (late, rereadProblem) = reread?.Outcome() ?? (null, "");
        var last = _published;
        var sentAt = AsOld(poll.SentAt, changes);
        var (wholeReadAt, droppedAsOf) = changes.IsWholeWindow ? (sentAt, changes.AsOf)
            : late is not null ? (AsOld(reread!.SentAt, late), late.AsOf)
            : (_wholeReadAt, _droppedAsOf);
        var recentRead = changes.IsWholeWindow || poll.Extent is Extent.Recent ? (At: sentAt, changes.AsOf)
            : late is not null && wholeReadAt.Age(sentAt) < _recentRead.At.Age(sentAt) ? (At: wholeReadAt, late.AsOf)
            : _recentRead;

        // A copy that starts afresh needs not be newer: else, had the clocks of both sides been set back, none would count for as long.
        var isNewer = !changes.IsCopy || !poll.IsContinuation || last is null || changes.AsOf > last.Snapshot.AsOf;
        var regions = last?.Snapshot.Head.Max(changes.Head).Regions ?? changes.Head.Regions;
        var mayLackLate = regions > 1
            && (recentRead.At.Age(sentAt) > RecentOverdue || wholeReadAt.Age(sentAt) > WholeOverdue);
        var lacksDropped = isNewer && LacksDropped(droppedAsOf, changes.AsOf);
        var (asOf, freshAt) = isNewer && !mayLackLate && !lacksDropped ? (changes.AsOf, sentAt) : (last!.Snapshot.AsOf, last.FreshAt);
        var next = DenylistSnapshot.Merge(last?.Snapshot, changes, asOf, dropsAged: poll.Extent is not Extent.Newest);
        next = late is null ? next : DenylistSnapshot.Merge(next, late, asOf, dropsAged: true);

        lock (_gate)
        {
            if (_inFlight != poll || poll.IsTooOld(_time))
            {
                return poll.ThrownAway();
            }

            _published = new(next, freshAt);
            _newestAsOf = isNewer ? changes.AsOf : _newestAsOf;
            _droppedAsOf = droppedAsOf > asOf ? droppedAsOf : asOf;
            (_wholeReadAt, _recentRead) = (wholeReadAt, recentRead);
            _isRecentOwed = false;
            _wholeRead = reread is null ? _wholeRead : null;
        }

        var problem =
            mayLackLate ? "What other regions wrote late cannot be read in time: the newest rules are added, but nothing is fresher."
            : lacksDropped ? $"A clock was ahead, and rules may have been dropped as of {droppedAsOf:O}: nothing is fresher until the whole window is read again."
            : isNewer || changes.AsOf == asOf ? null
            : $"The feed answered as of {changes.AsOf:O}, which is older than {asOf:O} before: its rules are added, but nothing is fresher.";
        return problem is null ? new(true, rereadProblem) : new(false, $"{problem} {rereadProblem}".TrimEnd());
    }

    private WholeRead? FinishedWholeRead()
    {
        lock (_gate)
        {
            return _wholeRead is { IsOver: true } read ? read : null;
        }
    }

    /// <summary>Whether rules have been dropped too early, because a clock was ahead by more than they are kept beyond the window.</summary>
    /// <remarks>A whole read may have the window alone, without what is kept beyond it: that is within the window's margin of 5 minutes.</remarks>
    private static bool LacksDropped(DateTimeOffset droppedAsOf, DateTimeOffset asOf) => droppedAsOf - asOf > DenylistSnapshot.KeptBeyondWindow;

    private static DateTimeOffset Earlier(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;

    /// <summary>An answer is as old as its request, and no younger than it says: also once our wall clock has been set back.</summary>
    private static Moment AsOld(in Moment sentAt, DenylistChanges changes)
    {
        var before = sentAt.Wall - changes.AsOf;
        return before > TimeSpan.Zero ? new(sentAt.Wall - before, sentAt.Elapsed - before) : sentAt;
    }

    /// <param name="Snapshot">What is given out.</param>
    /// <param name="FreshAt">From when its age counts.</param>
    private sealed record Published(DenylistSnapshot Snapshot, Moment FreshAt);
}
