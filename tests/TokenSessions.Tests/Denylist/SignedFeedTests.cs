using System.Text;
using System.Text.Json.Nodes;
using TokenSessions.Issuing.Feed;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Tests.Denylist;

public sealed class SignedFeedTests
{
    private readonly FakeClock _clock = new();
    private readonly TimedFeed _store;
    private readonly DenylistSync _denylist;
    private readonly SignedFeed _feed;
    private FeedKey? _key = new();

    public SignedFeedTests()
    {
        _store = new(_clock);
        _denylist = new(_store, _clock);
        _feed = new(_denylist, TimedFeed.Issuer, () => _key, _clock);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private DateTimeOffset Now => _clock.GetUtcNow();

    [Fact]
    public async Task Answers_with_a_compact_JWS_of_exactly_three_header_members()
    {
        _store.Add("s");
        await _denylist.SyncAsync(Token);
        var text = await Document(_feed.GetSnapshotAsync(Token));
        var segments = text.Split('.');

        Assert.Equal(3, segments.Length);
        Assert.Equal(
            $$"""{"alg":"ES256","kid":"{{_key!.KeyId}}","typ":"denylist+jwt"}""", Encoding.UTF8.GetString(StrictBase64Url.Decode(segments[0])!));
        Assert.True(_key.VerificationKey.Verify(
            Encoding.ASCII.GetBytes($"{segments[0]}.{segments[1]}"), StrictBase64Url.Decode(segments[2])));
        var document = Open(text);
        Assert.Equal((TimedFeed.Issuer, Now, true), (document.Issuer, document.AsOf, document.IsWhole));
        Assert.Equal(_store.Head, document.Head);
        Assert.Equal(TimedFeed.Key("s"), Assert.Single(document.Rules).Key);
        Assert.Equal("application/denylist+jwt", SignedFeed.MediaType);
    }

    [Fact]
    public async Task Answers_nothing_before_the_first_complete_sync()
    {
        foreach (var answer in new[] { await _feed.GetSnapshotAsync(Token), await _feed.GetChangesAsync("1", Token) })
        {
            Assert.Null(answer.Document);
            Assert.Contains("not been read", answer.Problem, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(30_000, true)]
    [InlineData(30_001, false)]
    public async Task Answers_nothing_that_is_staler_than_allowed_although_a_document_is_at_hand(int milliseconds, bool isAnswered)
    {
        await _denylist.SyncAsync(Token);
        await Document(_feed.GetSnapshotAsync(Token));
        _clock.Advance(TimeSpan.FromMilliseconds(milliseconds));

        Assert.Equal(isAnswered, (await _feed.GetSnapshotAsync(Token)).Document is not null);
        Assert.Equal(isAnswered, (await _feed.GetChangesAsync("1", Token)).Document is not null);
    }

    [Fact]
    public async Task Says_when_there_is_no_feed_key_or_one_that_readers_refuse_or_that_is_down()
    {
        await _denylist.SyncAsync(Token);
        _key = null;
        Assert.Contains("no feed key", (await _feed.GetSnapshotAsync(Token)).Problem, StringComparison.Ordinal);

        _key = new(SignatureAlgorithm.ES384);
        Assert.Contains("ES256 alone", (await _feed.GetSnapshotAsync(Token)).Problem, StringComparison.Ordinal);

        _key = new() { IsDown = true };
        Assert.Equal(new(null, "The feed key is down."), await _feed.GetSnapshotAsync(Token));
    }

    [Fact]
    public async Task Tries_a_key_that_failed_again_after_a_second()
    {
        await _denylist.SyncAsync(Token);
        _key!.IsDown = true;
        await _feed.GetSnapshotAsync(Token);
        _key.IsDown = false;
        _clock.Advance(TimeSpan.FromMilliseconds(999));
        Assert.Null((await _feed.GetSnapshotAsync(Token)).Document);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.NotNull((await _feed.GetSnapshotAsync(Token)).Document);
    }

    [Fact]
    public async Task Makes_each_document_at_most_once_a_second_and_only_if_it_would_differ()
    {
        await _denylist.SyncAsync(Token);
        var first = await Document(_feed.GetSnapshotAsync(Token));
        _clock.Advance(TimeSpan.FromMilliseconds(999));
        await _denylist.SyncAsync(Token);
        Assert.Equal(first, await Document(_feed.GetSnapshotAsync(Token)));
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        var second = await Document(_feed.GetSnapshotAsync(Token));
        Assert.NotEqual(first, second);
        _clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(second, await Document(_feed.GetSnapshotAsync(Token)));
        Assert.Equal(2, _key!.Signatures);

        await Document(_feed.GetChangesAsync(Cursor(Now), Token)); // The other document has a second of its own.
        Assert.Equal(3, _key.Signatures);
    }

    [Fact]
    public async Task Publishes_nothing_more_under_a_key_that_is_no_longer_in_use()
    {
        await _denylist.SyncAsync(Token);
        await Document(_feed.GetSnapshotAsync(Token));
        _key = new();

        Open(await Document(_feed.GetSnapshotAsync(Token))); // Under the new key.
    }

    [Fact]
    public async Task Makes_a_document_once_for_all_who_wait_and_one_of_them_may_leave()
    {
        await _denylist.SyncAsync(Token);
        _key!.Hold = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using var leaves = new CancellationTokenSource();
        var first = _feed.GetSnapshotAsync(leaves.Token);
        await _key.Asked.Task;
        var second = _feed.GetSnapshotAsync(Token);
        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        _key.Hold.SetResult();

        Assert.NotNull((await second).Document);
        Assert.Equal(1, _key.Signatures);
    }

    [Theory]
    [InlineData(10_000, true)]
    [InlineData(10_001, false)]
    public async Task Says_when_more_rules_stand_than_readers_accept(int count, bool isAnswered)
    {
        for (var i = 0; i < count; i++)
        {
            _store.Add($"{i}", isStanding: true);
        }

        await _denylist.SyncAsync(Token);
        var (document, problem) = await _feed.GetSnapshotAsync(Token);

        Assert.Equal(isAnswered, document is not null);
        Assert.Equal(isAnswered, !problem.Contains("10001 standing rules", StringComparison.Ordinal));
        if (isAnswered)
        {
            Assert.Equal(count, Open(Encoding.ASCII.GetString(document!.Value.Span)).Rules.Count);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Does_not_wait_for_a_key_for_ever_even_if_that_does_not_listen(bool listens)
    {
        await _denylist.SyncAsync(Token);
        _key!.Hold = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _key.Listens = listens;
        var answer = _feed.GetSnapshotAsync(Token);
        await _key.Asked.Task;
        _clock.Advance(TimeSpan.FromSeconds(5));

        Assert.Contains("did not sign", (await answer).Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(120_000, false)]
    [InlineData(120_001, true)]
    [InlineData(-120_000, false)] // From an instance that is a little ahead.
    [InlineData(-120_001, true)]
    public async Task Gives_the_recent_rules_after_a_cursor_of_at_most_2_minutes_else_the_whole_window(int age, bool isWhole)
    {
        await _denylist.SyncAsync(Token);
        var document = Open(await Document(_feed.GetChangesAsync(Cursor(Now - TimeSpan.FromMilliseconds(age)), Token)));

        Assert.Equal(isWhole, document.IsWhole);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("-1763640000000")]
    [InlineData(" 1763640000000")]
    [InlineData("9223372036854775807")]
    [InlineData("9223372036854775808")]
    public async Task Gives_the_whole_window_after_what_is_no_cursor(string? after)
    {
        await _denylist.SyncAsync(Token);

        Assert.True(Open(await Document(_feed.GetChangesAsync(after, Token))).IsWhole);
        Assert.True(Open(await Document(_feed.GetChangesAsync(Cursor(Now) + new string(' ', 200), Token))).IsWhole);
    }

    [Fact]
    public async Task Continues_after_the_cursor_of_its_own_documents()
    {
        await _denylist.SyncAsync(Token);
        var snapshot = Open(await Document(_feed.GetSnapshotAsync(Token)));
        var changes = Open(await Document(_feed.GetChangesAsync(snapshot.Cursor, Token)));

        Assert.False(changes.IsWhole);
        Assert.False(Open(await Document(_feed.GetChangesAsync(changes.Cursor, Token))).IsWhole);
    }

    [Fact]
    public async Task Has_in_the_recent_document_what_was_stamped_in_the_last_5_minutes_and_every_standing_rule()
    {
        _store.Add("at the edge", Now - TimeSpan.FromMinutes(5));
        _store.Add("older", Now - TimeSpan.FromMinutes(5) - TimeSpan.FromMilliseconds(1));
        _store.Add("standing", Now - TimeSpan.FromDays(400), isStanding: true);
        await _denylist.SyncAsync(Token);
        var recent = Open(await Document(_feed.GetChangesAsync(Cursor(Now), Token)));

        Assert.Equal(
            new[] { TimedFeed.Key("at the edge"), TimedFeed.Key("standing") }.Order(ByText), recent.Rules.Select(r => r.Key).Order(ByText));
        Assert.Equal(3, Open(await Document(_feed.GetSnapshotAsync(Token))).Rules.Count);
    }

    private static Comparer<RuleKey> ByText => Comparer<RuleKey>.Create((a, b) => string.CompareOrdinal(a.ToString(), b.ToString()));

    private static string Cursor(DateTimeOffset asOf) => $"{asOf.ToUnixTimeMilliseconds()}";

    private static async Task<string> Document(Task<SignedFeedAnswer> answer)
    {
        var (document, problem) = await answer;
        Assert.Equal("", problem);
        return Encoding.ASCII.GetString(document!.Value.Span);
    }

    private DenylistDocument Open(string text)
    {
        var segments = text.Split('.');
        Assert.Equal(_key!.KeyId, (string?)JsonNode.Parse(StrictBase64Url.Decode(segments[0])!)!["kid"]);
        return DenylistDocument.Parse(StrictBase64Url.Decode(segments[1])!);
    }
}
