using System.Collections.Concurrent;
using TokenSessions.Aws.Tests.Servers.Faults;
using TokenSessions.Issuing;
using TokenSessions.Issuing.Stores;
using TokenSessions.Tests;
using TokenSessions.Tests.Issuing;
using TokenSessions.Tests.Issuing.Keys;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Aws.Tests.DynamoDb;

/// <summary>
/// Every write is done and its answer lost: to the SDK, which asks again, and sometimes so often that the client has to. No
/// session may be taken for stolen, and no revocation that was acknowledged may be missing.
/// </summary>
public sealed class LostAnswersTests
{
    private const int Sessions = 5_000;
    private const int Retries = 2;
    private const int Parallelism = 250;
    private const string Issuer = "https://issuer.example";

    private readonly FakeClock _clock = new();
    private readonly ConcurrentDictionary<string, int> _attempts = new();
    private int _writes;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Five_thousand_refreshes_and_revocations_lose_nothing_and_accuse_nobody()
    {
        await using var table = await TableUnderTest.CreateAsync(_clock);
        var faults = new FaultyHandler { Decide = LoseAnswers };
        using var client = table.NewClient(faults, Retries);
        using var ring = new RingDirectory(_clock);
        using var keys = ring.Load(_clock);
        var store = table.NewStore(client);
        var options = new SessionIssuerOptions { Issuer = Issuer, DefaultAudience = "https://api.example" };
        var issuer = new SessionIssuer(options, keys, store, new FakeSubjects { ["ada"] = new() }, table.Time);
        var revoker = new SessionRevoker(options, store, table.Time);
        var ended = new ConcurrentBag<(string SessionId, string RefreshToken)>();

        var parallel = new ParallelOptions { MaxDegreeOfParallelism = Parallelism, CancellationToken = Cancel };
        await Parallel.ForAsync(0, Sessions, parallel, async (_, cancel) =>
        {
            var started = await AskUntilAnsweredAsync(() => issuer.StartAsync(new() { Subject = "ada" }, cancel));
            var refreshed = await AskUntilAnsweredAsync(() => issuer.RefreshAsync(new() { RefreshToken = started.Tokens!.RefreshToken }, cancel));
            Assert.True(refreshed.IsIssued, refreshed.ToString());
            Assert.Equal(SecurityEvent.None, refreshed.SecurityEvent);
            await AskUntilAnsweredAsync(() => revoker.RevokeAsync(RuleKind.Session, refreshed.SessionId!, "a test", "admin", cancel));
            ended.Add((refreshed.SessionId!, refreshed.Tokens!.RefreshToken));
        });

        Assert.InRange(_writes, 4 * Sessions, int.MaxValue);
        faults.Decide = null;
        var sync = new DenylistSync(table.NewFeed(client), _clock);
        Assert.True((await sync.SyncAsync(Cancel)).IsComplete);
        Assert.True(sync.TryGetSnapshot(out var snapshot, out var age));
        await Parallel.ForEachAsync(ended, parallel, async (session, cancel) =>
        {
            Assert.True(snapshot.Denies(RuleKey.For(Issuer, RuleKind.Session, session.SessionId)));
            var key = new AuthorityKey(Issuer, RuleKind.Session, session.SessionId);
            Assert.True((await store.ReadAsync([key], cancel))[key] is { IsDenied: true, IsFed: true, Generation: 1 });
            Assert.Equal(SessionRejection.SessionRevoked, (await issuer.RefreshAsync(new() { RefreshToken = session.RefreshToken }, cancel)).Rejection);
        });
        Assert.Equal(Sessions, ended.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_write_that_is_done_twice_is_answered_as_if_it_were_done_once(bool isDuplicate)
    {
        await using var table = await TableUnderTest.CreateAsync(_clock);
        var faults = new FaultyHandler();
        using var client = table.NewClient(faults, Retries);
        var store = table.NewStore(client);
        await store.ReadHeadAsync(Cancel);
        faults.Decide = call => call.Operation is not ("PutItem" or "UpdateItem") ? Fault.None
            : isDuplicate ? Fault.Duplicate
            : _attempts.TryAdd(call.Body, 1) ? Fault.DropAnswer : Fault.None;
        var now = _clock.GetUtcNow();
        var (session, subject) = (new AuthorityKey(Issuer, RuleKind.Session, "s1"), new AuthorityKey(Issuer, RuleKind.Subject, "ada"));
        var head = new DenylistHead { Window = TimeSpan.FromMinutes(66) };

        Assert.Equal(head, (await store.RaiseHeadAsync(head, now, Cancel)).Head);
        Assert.True((await store.AdvanceAsync(new(session, 0, now, 0, now.AddDays(1), "request-1"), Cancel)).IsAdvanced);
        Assert.True(await store.NoteGraceAsync(session, 1, Cancel));
        Assert.False(await store.NoteGraceAsync(session, 1, Cancel));
        var denied = await store.DenyAsync(new(subject, now, now.AddDays(1), "", "admin", "request-2"), Cancel);
        Assert.Equal((now.ToUnixTimeMilliseconds(), "request-2"), (denied.Watermark, denied.RequestId));
        var raised = await store.DenyAsync(new(subject, now, now.AddDays(1), "", "admin", "request-3"), Cancel);
        Assert.Equal(denied.Watermark + 1, raised.Watermark);
        await store.WriteFeedAsync(new(subject.RuleKey, now.ToUnixTimeMilliseconds(), raised.Watermark, IsStanding: false), now.AddHours(1), Cancel);
        await store.MarkFedAsync(subject, raised.Watermark, Cancel);
        Assert.Equal(raised with { IsFed = true }, (await store.ReadAsync([subject], Cancel))[subject]);
    }

    /// <summary>The first answer to every write; and of each tenth write so many that the SDK gives up.</summary>
    private Fault LoseAnswers(AwsCall call)
    {
        if (call.Operation is not ("PutItem" or "UpdateItem"))
        {
            return Fault.None;
        }

        var attempt = _attempts.AddOrUpdate(call.Body, 1, (_, attempts) => attempts + 1);
        var lost = attempt == 1 && Interlocked.Increment(ref _writes) % 10 == 0 ? Retries + 1 : 1;
        if (attempt == 1)
        {
            _attempts[call.Body + "#lost"] = lost;
        }

        return attempt <= _attempts[call.Body + "#lost"] ? Fault.DropAnswer : Fault.None;
    }

    /// <summary>What a client does that is told 503.</summary>
    private static async Task<T> AskUntilAnsweredAsync<T>(Func<Task<T>> ask)
    {
        const int Most = 10;
        for (var asked = 1; ; asked++)
        {
            try
            {
                return await ask();
            }
            catch (SessionStoreUnavailableException) when (asked < Most)
            {
                // Once more.
            }
        }
    }
}
