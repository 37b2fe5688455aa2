using TokenSessions.Issuing.Stores;

namespace TokenSessions.Tests.Fuzzing;

/// <summary>A journal whose bytes have changed. It is refused as it stands, or opened with the first of its records and no others.</summary>
internal sealed class JournalTarget : IFuzzTarget
{
    private readonly FuzzedStore _store;
    private readonly IReadOnlyList<AuthorityItem> _items;

    private JournalTarget(FuzzedStore store, IReadOnlyList<AuthorityItem> items) => (_store, _items) = (store, items);

    public static async Task<JournalTarget> BeginAsync()
    {
        var store = await FuzzedStore.BeginAsync();
        await using var journal = store.Open();
        return new(store, await FuzzedStore.ListAsync(journal));
    }

    public FuzzInput Next(Random random)
    {
        var journal = _store.Journal;
        if (random.Next(20) == 0)
        {
            return FuzzInput.Of(journal);
        }

        // Where only the last write is hurt, it is opened.
        var kept = random.Next(3) == 0 ? 0 : journal.Length - random.Next(1, 200);
        return FuzzInput.Of([.. journal.AsSpan(0, kept), .. ByteMutator.Mutate(random, journal[kept..], journal)]);
    }

    public async Task<bool> RunAsync(FuzzInput input)
    {
        await using var store = _store.Open(input.Bytes);
        if (store is null)
        {
            return false;
        }

        var items = await FuzzedStore.ListAsync(store);
        FuzzFindingException.ThrowUnless(items.All(_items.Contains), "It holds a rule that nobody wrote.");
        var whole = items.Select(item => item.Key.Value).ToHashSet();
        FuzzFindingException.ThrowUnless(
            Enumerable.Range(0, whole.Count).All(i => whole.Contains($"{i}")), "A rule is missing before one that is there.");
        await _store.SyncAsync(store);
        var added = await store.DenyAsync(_store.Denial(FuzzedStore.Rules), CancellationToken.None);
        var expected = store.Outcome.Items + 1;
        await store.DisposeAsync();

        await using var again = _store.Open();
        FuzzFindingException.ThrowUnless(
            again.Outcome is { TornBytes: 0 } && again.Outcome.Items == expected && (await FuzzedStore.ListAsync(again)).Contains(added),
            "What was written behind a cut tail is gone.");
        return true;
    }

    public ValueTask DisposeAsync()
    {
        _store.Dispose();
        return default;
    }
}
