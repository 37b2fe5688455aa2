namespace TokenSessions.Tests.Simulation;

/// <summary>The true time of a simulated world, and the timers of its nodes. It stands still until it is told to go on.</summary>
internal sealed class SimulatedTime : TimeProvider
{
    public static readonly DateTimeOffset Start = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    private readonly Lock _gate = new();
    private readonly List<NodeClock.Timer> _timers = [];
    private long _timersMade;

    public TimeSpan Elapsed { get; private set; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => Start + Elapsed;

    public override long GetTimestamp() => Elapsed.Ticks;

    /// <summary>Time goes on; what is due in between fires in order.</summary>
    /// <param name="by">How far.</param>
    /// <param name="afterEach">Called after each timer: what it set going is to come to rest before the next.</param>
    public void Advance(TimeSpan by, Action afterEach)
    {
        var end = Elapsed + by;
        while (TakeDue(end) is { } timer)
        {
            Elapsed = timer.DueAt > Elapsed ? timer.DueAt : Elapsed;
            timer.Fire();
            afterEach();
        }

        Elapsed = end;
    }

    public void Add(NodeClock.Timer timer)
    {
        lock (_gate)
        {
            timer.Order = (timer.DueAt, Request.Current?.Number ?? 0, _timersMade++);
            _timers.Add(timer);
        }
    }

    public void Remove(NodeClock.Timer timer)
    {
        lock (_gate)
        {
            _timers.Remove(timer);
        }
    }

    /// <summary>A node is gone, and what it waited for with it.</summary>
    public void RemoveAllOf(NodeClock clock)
    {
        lock (_gate)
        {
            _timers.RemoveAll(timer => timer.Clock == clock);
        }
    }

    private NodeClock.Timer? TakeDue(TimeSpan end)
    {
        lock (_gate)
        {
            var due = _timers.Where(timer => timer.DueAt <= end).MinBy(timer => timer.Order);
            if (due is not null)
            {
                _timers.Remove(due);
            }

            return due;
        }
    }
}

/// <summary>The clock of one node: its elapsed time is the true one, its wall clock may be wrong.</summary>
internal sealed class NodeClock(SimulatedTime time) : TimeProvider
{
    /// <summary>How far it is ahead of the true time; negative if it is behind.</summary>
    public TimeSpan Offset { get; set; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => time.GetUtcNow() + Offset;

    public override long GetTimestamp() => time.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Assert.Equal(Timeout.InfiniteTimeSpan, period); // Nothing here repeats: hosts call each step.
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    public sealed class Timer(NodeClock clock, TimerCallback callback, object? state) : ITimer
    {
        private readonly SimulatedTime _time = clock.Time;

        public NodeClock Clock => clock;

        public TimeSpan DueAt { get; private set; }

        /// <summary>What is due first fires first, and among equals that of the older request: the pool's order decides nothing.</summary>
        public (TimeSpan DueAt, int Request, long Made) Order { get; set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _time.Remove(this);
            if (dueTime != Timeout.InfiniteTimeSpan)
            {
                DueAt = _time.Elapsed + dueTime;
                _time.Add(this);
            }

            return true;
        }

        public void Fire() => callback(state);

        public void Dispose() => _time.Remove(this);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }

    private SimulatedTime Time => time;
}
