using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Fuzzing;

/// <summary>A journal whose checksums hold, with records of another version of the program, or of a program with a fault.</summary>
internal sealed class JournalRecordTarget : IFuzzTarget
{
    private readonly FuzzedStore _store;
    private readonly List<byte[]> _payloads;

    private JournalRecordTarget(FuzzedStore store) => (_store, _payloads) = (store, JournalFiles.Payloads(store.Journal));

    public static async Task<JournalRecordTarget> BeginAsync() => new(await FuzzedStore.BeginAsync());

    public FuzzInput Next(Random random)
    {
        List<byte[]> payloads = [.. _payloads];
        for (var steps = random.Next(4); steps > 0; steps--)
        {
            var at = random.Next(3) == 0 ? random.Next(3) : random.Next(payloads.Count);
            var changed = ByteMutator.Mutate(random, payloads[at], [.. _payloads]);
            payloads[at] = changed.Length is > 0 and <= 8192 ? changed : payloads[at];
        }

        var length = _store.Journal.Length;
        long[] lengths = [0, 40, length - 1, length, length + 1, -1, long.MaxValue, long.MinValue];
        int[] distances = [0, 1, -1, 40, length, -length, int.MaxValue, int.MinValue];
        var hasOddPlaces = random.Next(3) == 0;
        return FuzzInput.Of(JournalFiles.Write(
            _store.Journal, payloads, hasOddPlaces ? lengths[random.Next(lengths.Length)] : null,
            offset => !hasOddPlaces ? 0 : random.Next(4) == 0 ? offset - 40 : distances[random.Next(distances.Length)]));
    }

    public async Task<bool> RunAsync(FuzzInput input)
    {
        await using var store = _store.Open(input.Bytes);
        if (store is null)
        {
            return false;
        }

        await FuzzedStore.ListAsync(store);
        await store.ReadHeadAsync(CancellationToken.None);
        await store.ReadAsync([_store.Denial(0).Key, _store.Denial(1).Key], CancellationToken.None);
        await _store.SyncAsync(store);
        await store.DenyAsync(_store.Denial(0), CancellationToken.None);
        await store.WriteFeedAsync(
            new(RuleKey.For(FuzzedStore.Issuer, RuleKind.Token, "0"), 1, 0, IsStanding: false), DateTimeOffset.UnixEpoch.AddYears(60), CancellationToken.None);
        return true;
    }

    public ValueTask DisposeAsync()
    {
        _store.Dispose();
        return default;
    }
}
