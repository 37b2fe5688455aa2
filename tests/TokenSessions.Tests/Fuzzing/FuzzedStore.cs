using TokenSessions.Issuing.Stores;
using TokenSessions.Tests.Stores;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Fuzzing;

/// <summary>A journal with some of everything in it, and a directory to open others in.</summary>
internal sealed class FuzzedStore : IDisposable
{
    public const string Issuer = "https://issuer.example";
    public const int Rules = 12;

    private readonly ScratchDirectory _scratch = new();
    private readonly FakeClock _clock = new();

    private string Path => System.IO.Path.Combine(_scratch.Path, "sessions.journal");

    /// <summary>The good journal.</summary>
    public byte[] Journal { get; private set; } = [];

    public static async Task<FuzzedStore> BeginAsync()
    {
        var store = new FuzzedStore();
        await using (var journal = store.Open())
        {
            await journal.RaiseHeadAsync(
                new() { Window = TimeSpan.FromMinutes(66), LongestAccessTokenLifetime = TimeSpan.FromHours(1), LongestRefreshLife = TimeSpan.FromDays(30) },
                store._clock.GetUtcNow(), CancellationToken.None);
            for (var i = 0; i < Rules; i++)
            {
                await journal.DenyAsync(store.Denial(i), CancellationToken.None);
                await journal.WriteFeedAsync(
                    new(RuleKey.For(Issuer, RuleKind.Token, $"{i}"), i, 0, IsStanding: false), store._clock.GetUtcNow() + TimeSpan.FromDays(1), CancellationToken.None);
            }
        }

        store.Journal = await File.ReadAllBytesAsync(store.Path);
        return store;
    }

    /// <summary>Opens these bytes as a journal; null if they are refused, and then they are still as they were.</summary>
    public JournalStore? Open(byte[] journal)
    {
        Write(journal);
        try
        {
            return Open();
        }
        catch (SessionStoreUnavailableException)
        {
            FuzzFindingException.ThrowUnless(File.ReadAllBytes(Path).AsSpan().SequenceEqual(journal), "A journal that was refused has been changed.");
            return null;
        }
    }

    public JournalStore Open() => JournalStore.Open(_scratch.Path, _clock);

    public Denial Denial(int number) => new(
        new(Issuer, RuleKind.Token, $"{number}"), _clock.GetUtcNow(), _clock.GetUtcNow() + TimeSpan.FromDays(31), "why", "admin", $"request-{number}");

    /// <summary>The rules of the issuer.</summary>
    public static async Task<IReadOnlyList<AuthorityItem>> ListAsync(JournalStore store)
    {
        var (items, continuation) = (new List<AuthorityItem>(), (string?)null);
        do
        {
            var page = await store.ListAsync(Issuer, continuation, 5, CancellationToken.None);
            items.AddRange(page.Items);
            continuation = page.Continuation;
        }
        while (continuation is not null);
        return items;
    }

    /// <summary>A validator's sync with the store, twice.</summary>
    public async Task SyncAsync(JournalStore store)
    {
        var sync = new DenylistSync(store, _clock);
        await sync.SyncAsync(CancellationToken.None);
        await sync.SyncAsync(CancellationToken.None);
    }

    public void Dispose() => _scratch.Dispose();

    /// <summary>Keeps the permissions.</summary>
    private void Write(byte[] journal)
    {
        using var file = new FileStream(Path, FileMode.Truncate);
        file.Write(journal);
    }
}
