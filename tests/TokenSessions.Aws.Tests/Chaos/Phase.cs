using System.Diagnostics;

namespace TokenSessions.Aws.Tests.Chaos;

/// <summary>The time from the beginning of one outage to that of the next, and what was counted in it: a line of the report.</summary>
internal sealed class Phase(string name, Work mayRefuse)
{
    /// <summary>Everything that can be asked, one by one.</summary>
    public static readonly IReadOnlyList<Work> Each = [.. Enum.GetValues<Work>().Where(work => int.IsPow2((int)work))];

    private readonly Dictionary<Work, long> _lastRefused = [];
    private readonly Dictionary<Work, long> _lastWell = [];
    private readonly Lock _gate = new();
    private readonly int[] _counts = new int[Enum.GetValues<Count>().Length];
    private bool _isOver;

    public string Name => name;

    public TimeSpan Lasted { get; set; }

    /// <summary>From the end of the outage until nothing was refused any more; the starts of processes count.</summary>
    public TimeSpan? ServedAgainAfter { get; set; }

    /// <summary>What may be refused now.</summary>
    public Work MayRefuse
    {
        get
        {
            lock (_gate)
            {
                return _isOver ? Work.None : mayRefuse;
            }
        }
    }

    public int this[Count count] => Volatile.Read(ref _counts[(int)count]);

    public void Add(Count count) => Interlocked.Increment(ref _counts[(int)count]);

    public void Well(Work work, long sentAt)
    {
        Add(Count.Well);
        lock (_gate)
        {
            _lastWell[work] = Math.Max(sentAt, _lastWell.GetValueOrDefault(work));
        }
    }

    public void Refused(Work work)
    {
        Add(Count.Refused);
        lock (_gate)
        {
            _lastRefused[work] = Stopwatch.GetTimestamp();
        }
    }

    /// <summary>When the last refusal was answered; 0 if none was.</summary>
    public long LastRefused()
    {
        lock (_gate)
        {
            return _lastRefused.Values.DefaultIfEmpty().Max();
        }
    }

    /// <summary>Of what can be asked, that which was not served since a moment, or refused after it was served.</summary>
    public Work NotServedSince(long moment)
    {
        lock (_gate)
        {
            return Each
                .Where(work => _lastWell.GetValueOrDefault(work) <= Math.Max(moment, _lastRefused.GetValueOrDefault(work)))
                .Aggregate(Work.None, (all, work) => all | work);
        }
    }

    /// <summary>From now on everything has to serve.</summary>
    public void End()
    {
        lock (_gate)
        {
            _isOver = true;
        }
    }
}

/// <summary>The columns of the report.</summary>
internal enum Count
{
    /// <summary>Requests answered as they are where nothing fails.</summary>
    Well,

    /// <summary>Requests answered 503 that may be; or not at all, by a process that was killed.</summary>
    Refused,

    /// <summary>Everything else.</summary>
    Wrong,

    /// <summary>Revocations that were acknowledged.</summary>
    Acknowledged,

    /// <summary>Tokens accepted, or refreshed, after an acknowledged revocation had to be heeded.</summary>
    Lost,

    /// <summary>Refresh tokens that began a second line.</summary>
    DoubleSuccessors,

    /// <summary>Sessions ended for reuse although their client used its newest token alone.</summary>
    FalseThefts,
}
