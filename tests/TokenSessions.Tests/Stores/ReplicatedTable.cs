namespace TokenSessions.Tests.Stores;

/// <summary>
/// A table in memory with a replica in each region, as a global table is: every write is decided on one replica, and arrives at
/// the others later, in any order, as a whole item. Of two items the one that was written last stays; the other is gone.
/// </summary>
internal sealed class ReplicatedTable
{
    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly Dictionary<object, Version>[] _replicas;
    private readonly List<Arrival> _onTheWay = [];

    /// <param name="time">The clock of all regions.</param>
    /// <param name="regions">How many.</param>
    /// <param name="seed">Of the lags.</param>
    public ReplicatedTable(TimeProvider time, int regions, int seed = 1)
    {
        (_time, _random) = (time, new(seed));
        _replicas = [.. Enumerable.Range(0, regions).Select(_ => new Dictionary<object, Version>())];
        Regions = [.. Enumerable.Range(0, regions).Select(region => new ReplicatedStore(this, region, time))];
    }

    public IReadOnlyList<ReplicatedStore> Regions { get; }

    /// <summary>Each write arrives after 0 to so long.</summary>
    public TimeSpan MaxLag { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Told of each item that stands in a region from now on: which region, under which key, what.</summary>
    public Action<int, object, object> Arrived { get; set; } = (_, _, _) => { };

    /// <summary>True while nothing arrives anywhere. What was written meanwhile arrives afterwards.</summary>
    public bool IsCut { get; set; }

    /// <summary>Works on the items of one replica, alone.</summary>
    public Task<T> WorkAsync<T>(int region, Func<Replica, T> work, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(Work(region, work));
    }

    /// <inheritdoc cref="WorkAsync"/>
    public T Work<T>(int region, Func<Replica, T> work)
    {
        lock (_gate)
        {
            Deliver();
            return work(new(this, region));
        }
    }

    private void Deliver()
    {
        if (_onTheWay.Count == 0)
        {
            return;
        }

        var now = _time.GetUtcNow();
        foreach (var arrival in _onTheWay.Where(arrival => !IsCut && arrival.At <= now).OrderBy(arrival => arrival.At).ToArray())
        {
            _onTheWay.Remove(arrival);
            var replica = _replicas[arrival.Region];
            if (!replica.TryGetValue(arrival.Key, out var stored) || arrival.Version.IsLaterThan(stored))
            {
                replica[arrival.Key] = arrival.Version.After(stored, now);
                Arrived(arrival.Region, arrival.Key, arrival.Version.Item);
            }
        }
    }

    private void Put(int region, object key, object item)
    {
        // A write is later than the one it was decided on, however coarse the clock.
        var writtenAt = Math.Max(_time.GetUtcNow().Ticks, _replicas[region].TryGetValue(key, out var known) ? known.WrittenAt + 1 : 0);
        var version = new Version(item, writtenAt, region);
        _replicas[region][key] = version.After(known, _time.GetUtcNow());
        Arrived(region, key, item);
        foreach (var other in Enumerable.Range(0, _replicas.Length).Where(other => other != region))
        {
            _onTheWay.Add(new(other, key, version, _time.GetUtcNow() + (MaxLag * _random.NextDouble())));
        }
    }

    /// <summary>One region's items, while the table is locked.</summary>
    public readonly struct Replica(ReplicatedTable table, int region)
    {
        public T? Find<T>(object key)
            where T : class => table._replicas[region].TryGetValue(key, out var version) ? (T)version.Item : null;

        public IEnumerable<T> All<T>() => table._replicas[region].Values.Select(version => version.Item).OfType<T>();

        /// <summary>All items as they stood then, as far back as one change of each.</summary>
        public IEnumerable<T> AllAsOf<T>(DateTimeOffset then) =>
            table._replicas[region].Values.Select(version => version.ItemAsOf(then)).OfType<T>();

        public void Put(object key, object item) => table.Put(region, key, item);
    }

    private sealed record Version(object Item, long WrittenAt, int Region)
    {
        private DateTimeOffset ArrivedAt { get; init; }

        private object? ItemBefore { get; init; }

        public Version After(Version? before, DateTimeOffset now) => this with { ArrivedAt = now, ItemBefore = before?.Item };

        public object? ItemAsOf(DateTimeOffset then) => ArrivedAt <= then ? Item : ItemBefore;

        public bool IsLaterThan(Version other) => (WrittenAt, Region).CompareTo((other.WrittenAt, other.Region)) > 0;
    }

    private sealed record Arrival(int Region, object Key, Version Version, DateTimeOffset At);
}
