using System.Buffers.Binary;
using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Stores;

/// <summary>What the tests of the journal share: a directory, a clock and the smallest changes.</summary>
public abstract class JournalTests : IDisposable
{
    private protected const string Issuer = "https://issuer.example";
    private protected const int HeaderLength = 40;
    private const int FrameLength = 20;

    private readonly ScratchDirectory _scratch = new();
    private int _requests;

    private protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private protected FakeClock Time { get; } = new();

    private protected string Home => _scratch.Path;

    private protected string JournalPath => Path.Combine(Home, "sessions.journal");

    private protected string UnfinishedPath => Path.Combine(Home, "sessions.journal.new");

    public void Dispose()
    {
        _scratch.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected JournalStore Open() => JournalStore.Open(Home, Time);

    private protected static AuthorityKey Token(int number) => new(Issuer, RuleKind.Token, $"token-{number}");

    private protected Denial NewDenial(AuthorityKey key, string reason = "") => new(
        key,
        Time.GetUtcNow(),
        Time.GetUtcNow() + TimeSpan.FromDays(31),
        reason,
        "admin",
        $"request-{Interlocked.Increment(ref _requests)}");

    private protected Task<AuthorityItem> DenyAsync(JournalStore store, AuthorityKey key, string reason = "") =>
        store.DenyAsync(NewDenial(key, reason), Cancel);

    private protected static async Task<AuthorityItem?> ReadAsync(JournalStore store, AuthorityKey key) =>
        (await store.ReadAsync([key], Cancel)).GetValueOrDefault(key);

    /// <summary>The numbers of the tokens that are denied, in order.</summary>
    private protected static async Task<IReadOnlyList<int>> DeniedTokensAsync(JournalStore store)
    {
        var numbers = new List<int>();
        string? continuation = null;
        do
        {
            var page = await store.ListAsync(Issuer, continuation, StoreLimits.ItemsPerPage, Cancel);
            numbers.AddRange(page.Items
                .Where(item => item.Key.Kind is RuleKind.Token)
                .Select(item => int.Parse(item.Key.Value["token-".Length..], System.Globalization.CultureInfo.InvariantCulture)));
            continuation = page.Continuation;
        }
        while (continuation is not null);

        return numbers.Order().ToList();
    }

    /// <summary>Raises one watermark until the journal has been compacted; much of it is then changes that no longer matter.</summary>
    private protected async Task<AuthorityItem> CompactAsync(JournalStore store)
    {
        var reason = new string('r', StoreLimits.ReasonBytes);
        var subject = new AuthorityKey(Issuer, RuleKind.Subject, "alice");
        var length = 0L;
        for (var round = 0; round < 1000; round++) // Far more than any compaction here is due after.
        {
            await Task.WhenAll(Enumerable.Range(0, 63).Select(_ => DenyAsync(store, subject, reason)));
            var last = await DenyAsync(store, subject, reason);
            var now = new FileInfo(JournalPath).Length;
            if (now < length)
            {
                return last;
            }

            length = now;
        }

        throw new InvalidOperationException("The journal was never compacted.");
    }

    /// <summary>Where each record of a journal begins, and where the write began that brought it there.</summary>
    private protected static List<(int Offset, int WriteStart)> Records(byte[] journal)
    {
        var records = new List<(int, int)>();
        for (var offset = HeaderLength; offset < journal.Length;)
        {
            records.Add((offset, offset - BinaryPrimitives.ReadInt32LittleEndian(journal.AsSpan(offset + 16))));
            offset += FrameLength + BinaryPrimitives.ReadInt32LittleEndian(journal.AsSpan(offset));
        }

        return records;
    }

    /// <summary>Puts these bytes in the place of the journal, keeping its permissions.</summary>
    private protected void Overwrite(ReadOnlySpan<byte> journal)
    {
        using var file = new FileStream(JournalPath, FileMode.Truncate);
        file.Write(journal);
    }
}
