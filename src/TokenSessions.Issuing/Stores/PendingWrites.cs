using System.Buffers;

namespace TokenSessions.Issuing.Stores;

/// <summary>Payloads that wait for one common flush.</summary>
internal sealed class PendingWrites(long number)
{
    private readonly ArrayBufferWriter<byte> _bytes = new();
    private readonly List<int> _lengths = [];
    private readonly TaskCompletionSource _durable = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Counts up from 1 within a process.</summary>
    public long Number => number;

    public int Length => _bytes.WrittenCount;

    public bool IsEmpty => _lengths.Count == 0;

    /// <summary>Completes when all of them are on the disk; fails when that is not known.</summary>
    public Task Durable => _durable.Task;

    public IEnumerable<ReadOnlyMemory<byte>> Payloads
    {
        get
        {
            var start = 0;
            foreach (var length in _lengths)
            {
                yield return _bytes.WrittenMemory.Slice(start, length);
                start += length;
            }
        }
    }

    public void Add(ReadOnlySpan<byte> payload)
    {
        _bytes.Write(payload);
        _lengths.Add(payload.Length);
    }

    public void Complete() => _durable.SetResult();

    public void Fail(Exception reason)
    {
        _durable.SetException(reason);
        _ = _durable.Task.Exception; // Observed: whoever waited may have given up.
    }
}
