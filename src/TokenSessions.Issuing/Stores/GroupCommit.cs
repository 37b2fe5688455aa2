namespace TokenSessions.Issuing.Stores;

/// <summary>Brings payloads to the disk: while one flush runs, all that arrives gathers for the next one.</summary>
/// <remarks>
/// <para>A flush occupies one thread of the pool and no writer's. It is started by the first write that finds none running,
/// and goes on until nothing is waiting.</para>
/// <para>The first failure is final: what a failed flush left on the disk is unknown, even after a later one that succeeds.</para>
/// </remarks>
/// <param name="gate">Held by the callers of every member but <see cref="StopAsync"/>; never held during input and output.</param>
/// <param name="file">Touched by the running flush alone.</param>
/// <param name="takeImage">All items with every change so far; called with the gate held.</param>
internal sealed class GroupCommit(Lock gate, JournalFile file, Func<JournalImage> takeImage)
{
    /// <summary>The most bytes that wait for a disk that does not answer: 4 MB. Beyond, a write is refused.</summary>
    private const int MaxPendingLength = 4 * 1024 * 1024;

    private PendingWrites _pending = new(1);
    private PendingWrites? _running;
    private SessionStoreUnavailableException? _failure;
    private TaskCompletionSource? _idle; // While a flush runs.
    private bool _isStopped;

    /// <summary>Refuses everything once a write has failed: memory may be ahead of the disk from then on.</summary>
    public void ThrowIfUnusable()
    {
        ObjectDisposedException.ThrowIf(_isStopped, typeof(JournalStore));
        if (_failure is not null)
        {
            throw new SessionStoreUnavailableException(_failure.Message, _failure.InnerException);
        }
    }

    /// <summary>Queues a payload.</summary>
    /// <returns>The number of the write it will be part of.</returns>
    /// <exception cref="SessionStoreUnavailableException">Too much waits already; nothing was queued.</exception>
    public long Append(ReadOnlySpan<byte> payload)
    {
        if (_pending.Length + payload.Length > MaxPendingLength)
        {
            throw new SessionStoreUnavailableException("The disk does not keep up: too many changes wait to be written to the journal.");
        }

        _pending.Add(payload);
        if (_idle is null)
        {
            _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
            ThreadPool.UnsafeQueueUserWorkItem(static commit => commit.Run(), this, preferLocal: false);
        }

        return _pending.Number;
    }

    /// <summary>Completes when the write of this number, and so every one before it, is on the disk; fails if that is not known.</summary>
    public Task WhenDurable(long number) =>
        number == _running?.Number ? _running.Durable
        : number == _pending.Number ? _pending.Durable
        : Task.CompletedTask;

    /// <summary>Refuses what comes from now on, and completes when what came before has been written or has failed.</summary>
    public Task StopAsync()
    {
        lock (gate)
        {
            _isStopped = true;
            return _idle?.Task ?? Task.CompletedTask;
        }
    }

    private void Run()
    {
        while (TryTake(out var writes, out var image))
        {
            try
            {
                // An image holds the effect of these writes already.
                if (image is null)
                {
                    file.Append(writes);
                }
                else
                {
                    file.Replace(image);
                }
            }
            catch (Exception e) // Whatever it is: the outcome is unknown.
            {
                Fail(e);
                return;
            }

            lock (gate)
            {
                _running = null;
            }

            writes.Complete();
        }
    }

    /// <summary>Takes what is waiting, or comes to rest.</summary>
    private bool TryTake(out PendingWrites writes, out JournalImage? image)
    {
        lock (gate)
        {
            (writes, image) = (_pending, null);
            if (writes.IsEmpty)
            {
                _idle!.SetResult();
                _idle = null;
                return false;
            }

            (_running, _pending) = (writes, new(writes.Number + 1));
            image = file.IsCompactionDue ? takeImage() : null;
            return true;
        }
    }

    private void Fail(Exception cause)
    {
        var failure = new SessionStoreUnavailableException(
            $"A write to the journal failed, and it accepts nothing until it is opened again: {cause.Message}", cause);
        lock (gate)
        {
            _failure = failure;
            _running!.Fail(failure);
            _pending.Fail(failure);
            _idle!.SetResult();
            _idle = null;
        }
    }
}
