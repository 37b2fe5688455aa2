using TokenSessions.Aws.DynamoDb;
using TokenSessions.Aws.Tests.Servers.Faults;
using TokenSessions.Issuing.Stores;
using TokenSessions.Tests;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Aws.Tests.DynamoDb;

/// <summary>An instance whose clock differs from the store's by more than 5 seconds gets no answer, for it would date rules by it.</summary>
public sealed class DynamoDbClockTests : TableTests
{
    private static readonly DenylistHead Head = new() { Window = TimeSpan.FromMinutes(66), LongestAccessTokenLifetime = TimeSpan.FromHours(1) };
    private static readonly AuthorityKey Session = new("https://issuer.example", RuleKind.Session, "s1");

    private readonly FakeClock _serversClock = new();
    private DynamoDbFeed _feed = null!;

    /// <summary>
    /// A <c>Date</c> is cut off to seconds, so where we are ahead the answer can be up to a second younger than it says: what is
    /// refused is wrong by 5 seconds at least.
    /// </summary>
    public static TheoryData<int, bool> Differences => new() { { -5_000, true }, { -5_001, false }, { 0, true }, { 5_999, true }, { 6_000, false } };

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        _feed = Table.NewFeed();
        await Store.RaiseHeadAsync(Head, Now, Cancel);
        await Store.DenyAsync(NewDenial(), Cancel);
        await _feed.ReadAsync(null, Cancel);
        Table.Requests.DateFrom = _serversClock;
    }

    [Theory]
    [MemberData(nameof(Differences))]
    public async Task No_call_of_the_store_is_answered_beyond_5_seconds(int milliseconds, bool isAnswered)
    {
        Clock.StepWallClock(TimeSpan.FromMilliseconds(milliseconds));
        Func<Task>[] calls =
        [
            () => Store.ReadAsync([Session], Cancel),
            () => Store.DenyAsync(NewDenial(), Cancel), // A condition that fails is an answer too.
            () => Store.WriteFeedAsync(new(Session.RuleKey, Now.ToUnixTimeMilliseconds(), 0, IsStanding: false), Now + Head.Window, Cancel),
            () => Store.MarkFedAsync(Session, 0, Cancel),
            () => Store.MarkFedAsync(Session, 17, Cancel),
            () => Store.AdvanceAsync(new(Session with { Value = "s2" }, 0, Now, 0, Now.AddDays(1), "request"), Cancel),
            () => Store.NoteGraceAsync(Session, 1, Cancel),
            () => Store.ListAsync(Session.Issuer, null, 10, Cancel),
            () => Store.ReadHeadAsync(Cancel),
            () => Store.RaiseHeadAsync(Head, Now, Cancel),
        ];

        foreach (var call in calls)
        {
            var failure = await Record.ExceptionAsync(call);
            Assert.True(isAnswered ? failure is null : failure is SessionStoreUnavailableException, failure?.ToString() ?? "It was answered.");
        }
    }

    [Theory]
    [MemberData(nameof(Differences))]
    public async Task No_sync_counts_as_done_beyond_5_seconds(int milliseconds, bool isDone)
    {
        var sync = new DenylistSync(_feed, Clock);
        Clock.StepWallClock(TimeSpan.FromMilliseconds(milliseconds));

        var outcome = await sync.SyncAsync(Cancel);

        Assert.Equal(isDone, outcome.IsComplete);
        Assert.Equal(isDone, sync.TryGetSnapshot(out _, out _));
    }

    [Theory]
    [InlineData(-5_001, "at least 5.001 s behind")]
    [InlineData(65_000, "at least 64.000 s ahead of")]
    public async Task The_difference_is_told_with_what_to_do(int milliseconds, string expected)
    {
        Clock.StepWallClock(TimeSpan.FromMilliseconds(milliseconds));

        var messages = new[]
        {
            (await Assert.ThrowsAsync<SessionStoreUnavailableException>(() => Store.ReadHeadAsync(Cancel))).Message,
            (await Assert.ThrowsAsync<DenylistUnavailableException>(() => _feed.ReadAsync(null, Cancel))).Message,
        };

        Assert.All(messages, message => Assert.Contains(expected, message, StringComparison.Ordinal));
        Assert.All(messages, message => Assert.Contains("NTP", message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_slow_answer_is_no_wrong_clock()
    {
        Table.Requests.Decide = _ =>
        {
            Clock.Advance(TimeSpan.FromSeconds(30)); // Sent 30 seconds before the server's date,
            _serversClock.Advance(TimeSpan.FromSeconds(30));
            return Fault.None;
        };
        await Store.ReadHeadAsync(Cancel);

        Table.Requests.Decide = _ =>
        {
            Clock.Advance(TimeSpan.FromSeconds(30)); // received 30 seconds after it.
            return Fault.None;
        };
        await Store.ReadHeadAsync(Cancel);
    }

    [Fact]
    public async Task An_answer_without_a_date_tells_nothing()
    {
        using var client = Table.NewClient(new FaultyHandler(), retries: 0, new NoDate());
        Clock.StepWallClock(TimeSpan.FromDays(400));

        Assert.NotNull(await Table.NewStore(client).ReadHeadAsync(Cancel));
    }

    private Denial NewDenial() => new(Session, Now, Now.AddDays(500), "", "admin", "request");

    private sealed class NoDate : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var answer = await base.SendAsync(request, cancellationToken);
            answer.Headers.Date = null;
            return answer;
        }
    }
}
