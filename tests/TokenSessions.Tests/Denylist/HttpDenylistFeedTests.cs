using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using TokenSessions.Tests.Validation;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Jose;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Tests.Denylist;

public sealed class HttpDenylistFeedTests : IDisposable
{
    private const string Issuer = TimedFeed.Issuer;

    private readonly FakeClock _clock = new();
    private readonly FeedKey _key = new();
    private readonly FeedKey _otherKey = new();
    private readonly FakeKeySetSource _keySet;
    private readonly FeedHost _host = new();
    private readonly HttpClient _http;
    private readonly HttpDenylistFeed _feed;

    public HttpDenylistFeedTests()
    {
        _keySet = new(_key.VerificationKey, _otherKey.VerificationKey);
        _http = new(_host);
        _feed = Feed(new("https://issuer.example/denylist/"));
        Serve(_key.Document(Payload()));
    }

    private DateTimeOffset Now => _clock.GetUtcNow();

    public void Dispose() => _http.Dispose();

    [Fact]
    public async Task Reads_the_snapshot_first_and_then_what_comes_after_its_cursor()
    {
        var first = await Read(null);
        Serve(_key.Document(With(p => (p["cursor"], p["whole"]) = ("b&c", false))));
        var second = await Read(first.AsOf - TimeSpan.FromSeconds(30));
        await Read(first.AsOf);
        await Read(null, isRefused: true); // That would be a part for the whole.

        Assert.Equal(["/denylist/snapshot", "/denylist/changes?after=a", "/denylist/changes?after=b%26c", "/denylist/snapshot"], _host.Asked);
        Assert.Equal((Now, true, true), (first.AsOf, first.IsWholeWindow, first.IsCopy));
        Assert.Equal([new DenylistRule(TimedFeed.Key("s"), Now.ToUnixTimeMilliseconds(), 0, false)], first.Rules);
        Assert.Equal(TimeSpan.FromMinutes(16), first.Head.Window);
        Assert.False(second.IsWholeWindow);
    }

    [Fact]
    public async Task Reads_the_snapshot_if_it_has_no_cursor_whatever_is_asked_for()
    {
        await Read(Now);

        Assert.Equal(["/denylist/snapshot"], _host.Asked);
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)] // Between the two, rules could be missing.
    public async Task Falls_back_to_the_snapshot_if_a_part_does_not_reach_back_far_enough(int millisecondsTooShort, bool isReadAgain)
    {
        await Read(null);
        var part = _key.Document(With(p => p["whole"] = false));
        var whole = _key.Document(Payload());
        _host.Answer = path => Task.FromResult<byte[]?>(path.StartsWith("/denylist/changes", StringComparison.Ordinal) ? part : whole);
        var changes = await Read(Now - DenylistDocument.RecentSpan - TimeSpan.FromMilliseconds(millisecondsTooShort));

        Assert.Equal(isReadAgain, changes.IsWholeWindow);
        Assert.Equal(isReadAgain ? 3 : 2, _host.Asked.Count);
    }

    [Fact]
    public async Task Keeps_the_cursor_of_the_newest_document()
    {
        await Read(null);
        Serve(_key.Document(With(p => (p["as_of"], p["cursor"]) = (Now.ToUnixTimeMilliseconds() - 1, "older"))));
        var older = await Read(Now);
        await Read(Now);

        Assert.Equal(Now - TimeSpan.FromMilliseconds(1), older.AsOf);
        Assert.Equal("/denylist/changes?after=a", _host.Asked[^1]);
    }

    [Fact]
    public async Task Takes_the_cursor_of_a_whole_window_that_was_asked_for_even_if_it_is_older()
    {
        await Read(null);
        _clock.StepWallClock(TimeSpan.FromHours(-1)); // The clocks of both sides were set back.
        Serve(_key.Document(With(p => p["cursor"] = "as of now")));
        await Read(null);
        await Read(Now);

        Assert.Equal("/denylist/changes?after=as%20of%20now", _host.Asked[^1]);
    }

    [Theory]
    [InlineData(30_000, true)]
    [InlineData(30_001, false)]
    [InlineData(-5_000, true)]
    [InlineData(-5_001, false)]
    public async Task Takes_a_document_neither_staler_than_allowed_nor_more_than_5_seconds_ahead(int ageMilliseconds, bool isTaken)
    {
        Serve(_key.Document(With(p => p["as_of"] = Now.ToUnixTimeMilliseconds() - ageMilliseconds)));

        await Read(null, isRefused: !isTaken);
    }

    [Theory]
    [InlineData("typ", "at+jwt", "typ")] // A token key's documents are tokens.
    [InlineData("typ", "application/denylist+jwt", "typ")]
    [InlineData("typ", "Denylist+JWT", "typ")]
    [InlineData("typ", null, "typ")]
    [InlineData("alg", "none", "alg")]
    [InlineData("alg", "ES384", "alg")]
    [InlineData("alg", "HS256", "alg")]
    [InlineData("alg", null, "alg")]
    [InlineData("kid", "unknown", "kid names no")]
    [InlineData("kid", "", "no kid")]
    [InlineData("kid", null, "no kid")]
    [InlineData("crit", "exp", "compact JWS")]
    [InlineData("b64", "false", "compact JWS")]
    public async Task Refuses_any_other_header(string member, string? value, string reason)
    {
        var header = _key.Header();
        header.Remove(member);
        if (value is not null)
        {
            header[member] = value;
        }

        Serve(_key.Document(header, Payload().ToJsonString()));

        Assert.Contains(reason, await Read(null, isRefused: true), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refuses_what_was_signed_by_another_key_than_it_says()
    {
        Serve(_otherKey.Document(_key.Header(), Payload().ToJsonString()));
        Assert.Contains("signature", await Read(null, isRefused: true), StringComparison.Ordinal);

        var stranger = new FeedKey();
        Serve(stranger.Document(Payload()));
        Assert.Contains("kid", await Read(null, isRefused: true), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refuses_a_feed_key_that_is_not_ES256_even_for_a_document_that_says_it_is()
    {
        var strange = new FeedKey(SignatureAlgorithm.ES384);
        _keySet.Keys = new([strange.VerificationKey]);
        Serve(strange.Document(Payload()));

        Assert.Contains("ES256 feed key", await Read(null, isRefused: true), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Says_when_the_feed_keys_cannot_be_fetched()
    {
        _keySet.IsDown = true;

        Assert.Contains("feed keys cannot be fetched", await Read(null, isRefused: true), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refuses_every_document_that_was_changed_in_one_place()
    {
        var document = _key.Document(Payload());
        for (var i = 0; i < document.Length; i += 7)
        {
            var forged = (byte[])document.Clone();
            forged[i] = forged[i] == 'B' ? (byte)'C' : (byte)'B';
            Serve(forged);
            await Read(null, isRefused: true);
        }
    }

    [Fact]
    public async Task Refuses_what_is_no_compact_JWS()
    {
        var document = Encoding.ASCII.GetString(_key.Document(Payload()));
        var segments = document.Split('.');
        foreach (var text in new[]
        {
            "", ".", "..", "...", segments[0], $"{segments[0]}.{segments[1]}", document + ".", document + "=", document + "\n", " " + document,
            $"{segments[0]}..{segments[2]}", $".{segments[1]}.{segments[2]}", $"{document}.{segments[2]}", $"{segments[0]}.{document}",
            Payload().ToJsonString(),
        })
        {
            Serve(Encoding.ASCII.GetBytes(text));
            await Read(null, isRefused: true);
        }
    }

    [Fact]
    public async Task Refuses_a_signed_payload_that_is_malformed_or_of_another_issuer()
    {
        Serve(_key.Document(_key.Header(), "{}"));
        Assert.Contains("is missing", await Read(null, isRefused: true), StringComparison.Ordinal);

        Serve(_key.Document(With(p => p["iss"] = Issuer + "/")));
        Assert.Contains("iss", await Read(null, isRefused: true), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Believes_a_rule_against_a_feed_key_only_from_a_document_under_another()
    {
        Serve(_key.Document(Against(_key)));
        await Read(null);
        await Read(null); // What it says of itself proves nothing.

        Serve(_otherKey.Document(Against(_key)));
        await Read(null);
        await Read(null); // The other key is as good as ever.

        Serve(_key.Document(Payload()));
        Assert.Contains("revoked", await Read(null, isRefused: true), StringComparison.Ordinal);

        _clock.Advance(TimeSpan.FromDays(366)); // And from then on, far beyond the window, whether or not the rule is said again.
        Serve(_otherKey.Document(Payload()));
        await Read(null);
        Serve(_key.Document(Payload()));
        await Read(null, isRefused: true);
    }

    [Fact]
    public async Task Does_not_believe_a_rule_against_a_feed_key_from_a_document_it_refuses()
    {
        Serve(_otherKey.Document(With(p => p["as_of"] = Now.AddMinutes(-1).ToUnixTimeMilliseconds(), Against(_key))));
        await Read(null, isRefused: true);
        Serve(_key.Document(Payload()));

        await Read(null);
    }

    [Theory]
    [InlineData(HttpStatusCode.NoContent)]
    [InlineData(HttpStatusCode.Found)]
    [InlineData(HttpStatusCode.NotModified)]
    [InlineData(HttpStatusCode.NonAuthoritativeInformation)]
    [InlineData(HttpStatusCode.ServiceUnavailable)]
    public async Task Takes_only_an_answer_of_200(HttpStatusCode status)
    {
        _host.Status = status;

        Assert.Contains("https://issuer.example/denylist/snapshot", await Read(null, isRefused: true), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Takes_no_answer_from_where_a_redirect_led()
    {
        _host.RedirectedTo = new("https://elsewhere.example/denylist/snapshot");

        await Read(null, isRefused: true);
    }

    [Fact]
    public async Task Reads_no_more_than_the_longest_document()
    {
        Serve(new byte[DenylistDocument.MaxLength + 1]);
        Assert.Contains("longer", await Read(null, isRefused: true), StringComparison.Ordinal);

        Serve(new byte[DenylistDocument.MaxLength]);
        Assert.Contains("compact JWS", await Read(null, isRefused: true), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    public async Task Reads_the_snapshot_instead_of_changes_of_more_than_8_MiB(int tooMany, bool readsSnapshot)
    {
        await Read(null);
        var whole = _key.Document(Payload());
        _host.Answer = path => Task.FromResult<byte[]?>(
            path.StartsWith("/denylist/changes", StringComparison.Ordinal) ? new byte[(8 * 1024 * 1024) + tooMany] : whole);
        await Read(Now, isRefused: !readsSnapshot); // Changes that are read are found to be no document.

        Assert.Equal(readsSnapshot, _host.Asked[^1] == "/denylist/snapshot");
    }

    [Fact]
    public async Task Leaves_a_cancelled_read_to_its_caller()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _feed.ReadAsync(null, cancelled.Token));
    }

    [Theory]
    [InlineData("https://mirror.example/", true)]
    [InlineData("https://mirror.example/a/b/", true)]
    [InlineData("http://localhost:5080/denylist/", true)]
    [InlineData("http://127.0.0.1:5080/denylist/", true)]
    [InlineData("http://issuer.example/denylist/", false)]
    [InlineData("https://issuer.example/denylist", false)]
    [InlineData("https://issuer.example/denylist/?key=1", false)]
    [InlineData("https://issuer.example/denylist/#part", false)]
    [InlineData("file:///denylist/", false)]
    public void Reads_from_https_or_this_machine_and_below_a_slash(string address, bool isAccepted)
    {
        if (isAccepted)
        {
            Feed(new(address));
        }
        else
        {
            Assert.Throws<ArgumentException>(() => Feed(new(address)));
        }
    }

    private HttpDenylistFeed Feed(Uri address) =>
        new(_http, address, Issuer, new KeySetCache(_keySet, _clock), _clock, TimeSpan.FromSeconds(30));

    private void Serve(byte[] document) => _host.Answer = _ => Task.FromResult<byte[]?>(document);

    private JsonObject Payload() => new()
    {
        ["iss"] = Issuer,
        ["as_of"] = Now.ToUnixTimeMilliseconds(),
        ["cursor"] = "a",
        ["whole"] = true,
        ["head"] = new JsonObject
        {
            ["shards"] = 1,
            ["window"] = 960,
            ["longest_access_token_lifetime"] = 600,
            ["longest_refresh_life"] = 2592000,
        },
        ["rules"] = new JsonArray(new JsonArray(TimedFeed.Key("s").ToString(), Now.ToUnixTimeMilliseconds())),
        ["standing"] = new JsonArray(),
    };

    private JsonObject With(Action<JsonObject> change, JsonObject? payload = null)
    {
        payload ??= Payload();
        change(payload);
        return payload;
    }

    private JsonObject Against(FeedKey key) => With(p => p["standing"] =
        new JsonArray(new JsonArray(RuleKey.For(Issuer, RuleKind.Key, key.KeyId).ToString(), Now.ToUnixTimeMilliseconds())));

    private Task<DenylistChanges> Read(DateTimeOffset? since) => _feed.ReadAsync(since, TestContext.Current.CancellationToken);

    /// <returns>Why it was refused; empty if it was not.</returns>
    private async Task<string> Read(DateTimeOffset? since, bool isRefused)
    {
        if (!isRefused)
        {
            await Read(since);
            return "";
        }

        return (await Assert.ThrowsAsync<DenylistUnavailableException>(() => Read(since))).Message;
    }
}
