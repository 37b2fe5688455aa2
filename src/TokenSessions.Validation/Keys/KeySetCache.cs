namespace TokenSessions.Validation.Keys;

/// <summary>An issuer's key set, fetched when needed and kept: one fetch at a time, never a stampede. Owns no loop.</summary>
public sealed class KeySetCache
{
    /// <summary>The shortest time between the starts of two fetches, whatever <c>kid</c> anybody asks for: 10 seconds.</summary>
    public static readonly TimeSpan CoolDown = TimeSpan.FromSeconds(10);

    /// <summary>How often a host should call <see cref="ReloadAsync"/>: 5 minutes.</summary>
    public static readonly TimeSpan ReloadInterval = TimeSpan.FromMinutes(5);

    /// <summary>How long the last good set is used when no newer one can be had: 24 hours.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromHours(24);

    /// <summary>The longest wait for one fetch: 5 seconds.</summary>
    public static readonly TimeSpan FetchTimeout = TimeSpan.FromSeconds(5);

    private readonly IKeySetSource _source;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();

    private volatile Fetched? _good;
    private Task<KeySetOutcome>? _inFlight;
    private Attempt? _lastAttempt;

    /// <summary>A cache that has fetched nothing yet.</summary>
    /// <param name="source">Where the set comes from.</param>
    /// <param name="time">The clock.</param>
    /// <param name="bundled">A set brought along, for instance at build time, so that a cold start needs no network; or null.</param>
    public KeySetCache(IKeySetSource source, TimeProvider time, KeySet? bundled = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(time);
        (_source, _time) = (source, time);
        _good = bundled is null ? null : new(bundled, Moment.Now(time));
    }

    /// <summary>The last good set while it is fresh enough, else null.</summary>
    public KeySet? Current => CurrentAt(Moment.Now(_time));

    internal TimeProvider Time => _time;

    /// <summary>Ask it with the gate held.</summary>
    private bool IsCoolingDown => _inFlight is null && _lastAttempt is { } last && _time.GetElapsedTime(last.StartedAt) < CoolDown;

    /// <summary>Finds a key; an unknown one causes at most one fetch, shared by all who ask, and not within the cool-down.</summary>
    /// <param name="keyId">The <c>kid</c>.</param>
    /// <param name="cancellationToken">Ends this caller's wait; the fetch goes on for the others.</param>
    public ValueTask<KeyLookup> FindAsync(string keyId, CancellationToken cancellationToken = default) =>
        Current?.Find(keyId) is { } key ? new(new KeyLookup(key, default)) : FetchAndFindAsync(keyId, cancellationToken);

    /// <summary>The last good set while it is fresh enough, else null.</summary>
    /// <param name="now">This moment, so that whoever has many questions reads the clocks once.</param>
    internal KeySet? CurrentAt(in Moment now) => _good is { } good && good.SentAt.Age(now) <= MaxAge ? good.Keys : null;

    /// <summary>Why there is no such key, where no fetch is under way or due that could bring it: then nobody has to wait.</summary>
    /// <param name="set">Where it was not found; null if there was none.</param>
    /// <returns>Null if it has to be asked for.</returns>
    internal TokenRejection? RefusalOfUnknown(KeySet? set)
    {
        lock (_gate)
        {
            return !IsCoolingDown || _good?.Keys != set ? null
                : _lastAttempt!.IsGood ? TokenRejection.KeyUnknown
                : TokenRejection.KeysUnavailable;
        }
    }

    /// <summary>One step: fetches the set now, or joins a fetch under way, or reports why there is no newer one.</summary>
    /// <param name="cancellationToken">Ends this caller's wait; the fetch goes on for the others.</param>
    public Task<KeySetOutcome> ReloadAsync(CancellationToken cancellationToken = default)
    {
        Task<KeySetOutcome> fetch;
        lock (_gate)
        {
            fetch = StartOrJoin();
        }

        return fetch.WaitAsync(cancellationToken);
    }

    private async ValueTask<KeyLookup> FetchAndFindAsync(string keyId, CancellationToken cancellationToken)
    {
        bool isFetched;
        Task<KeySetOutcome>? fetch;
        lock (_gate)
        {
            isFetched = _lastAttempt is { IsGood: true };
            fetch = IsCoolingDown ? null : StartOrJoin();
        }

        if (fetch is not null)
        {
            isFetched = (await fetch.WaitAsync(cancellationToken).ConfigureAwait(false)).IsFetched;
        }

        if (Current?.Find(keyId) is { } key)
        {
            return new(key, default);
        }

        return new(null, isFetched ? TokenRejection.KeyUnknown : TokenRejection.KeysUnavailable);
    }

    /// <summary>Call it with the gate held.</summary>
    private Task<KeySetOutcome> StartOrJoin()
    {
        if (_inFlight is null)
        {
            var attempt = _lastAttempt = new(_time.GetTimestamp());
            // Started on the pool: nothing of a source may run with the gate held, nor end with one caller's cancellation.
            _inFlight = Task.Run(() => FetchAsync(attempt));
        }

        return _inFlight;
    }

    private async Task<KeySetOutcome> FetchAsync(Attempt attempt)
    {
        var sentAt = Moment.Now(_time);
        using var deadline = new CancellationTokenSource(FetchTimeout, _time);
        try
        {
            var keys = await _source.FetchAsync(deadline.Token).WaitAsync(deadline.Token).ConfigureAwait(false);
            _good = new(keys, sentAt);
            attempt.IsGood = true;
            return new(true, string.Join(' ', keys.Ignored));
        }
        catch (KeySetUnavailableException e)
        {
            return new(false, e.Message);
        }
        catch (OperationCanceledException)
        {
            return new(false, $"The key set did not arrive within {FetchTimeout.TotalSeconds} s.");
        }
        finally
        {
            lock (_gate)
            {
                _inFlight = null; // Also after a source's own mistake: the next one to ask tries again.
            }
        }
    }

    private sealed record Fetched(KeySet Keys, Moment SentAt);

    private sealed class Attempt(long startedAt)
    {
        private volatile bool _isGood;

        public long StartedAt { get; } = startedAt;

        public bool IsGood
        {
            get => _isGood;
            set => _isGood = value;
        }
    }
}

/// <summary>A key, or why there is none.</summary>
/// <param name="Key">The key; null if there is none.</param>
/// <param name="Rejection">Without a key, <see cref="TokenRejection.KeyUnknown"/> or <see cref="TokenRejection.KeysUnavailable"/>.</param>
public readonly record struct KeyLookup(VerificationKey? Key, TokenRejection Rejection);

/// <summary>What one fetch of a key set did.</summary>
/// <param name="IsFetched">True if the set is as of this fetch.</param>
/// <param name="Problem">What failed, or which keys of the set are not used; empty if all is well.</param>
public sealed record KeySetOutcome(bool IsFetched, string Problem);
