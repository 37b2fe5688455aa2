using TokenSessions.Issuing;
using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Issuing;

public sealed class SessionRevokerTests : IAsyncDisposable
{
    private static readonly string Id = new('A', 22);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly IssuerUnderTest _issuer = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private DateTimeOffset Now => _issuer.Time.GetUtcNow();

    public ValueTask DisposeAsync() => _issuer.DisposeAsync();

    [Fact]
    public async Task Every_kind_ends_what_it_names()
    {
        foreach (var (kind, _) in RuleKinds.All)
        {
            await using var issuer = new IssuerUnderTest();
            var tokens = await issuer.StartAsync();
            Assert.Equal("Accepted", await issuer.ValidateAsync(tokens));
            var claims = IssuerUnderTest.Claims(tokens);
            var value = kind switch
            {
                RuleKind.Token => (string)claims["jti"]!,
                RuleKind.Session => tokens.SessionId,
                RuleKind.Subject => "ada",
                RuleKind.Client => "default",
                RuleKind.Key => issuer.Ring.KidOf("sign", 0),
                _ => "",
            };

            var revocation = await issuer.RevokeAsync(kind, value);

            Assert.Equal((kind, value), (revocation.Kind, revocation.Value));
            Assert.Equal("Revoked", await issuer.ValidateAsync(tokens));
            Assert.Equal("Accepted", await issuer.ValidateAsync(await issuer.StartAsync())); // The next login lives.
        }
    }

    [Theory]
    [InlineData(RuleKind.Subject, "ada")]
    [InlineData(RuleKind.Client, "default")]
    [InlineData(RuleKind.All, "")]
    public async Task Twenty_logins_in_the_millisecond_of_a_watermark_live_and_a_second_one_in_it_ends_them(RuleKind kind, string value)
    {
        var before = await _issuer.StartAsync();
        await _issuer.RevokeAsync(kind, value);
        var logins = new List<IssuedTokens>();
        for (var i = 0; i < 20; i++)
        {
            logins.Add(await _issuer.StartAsync());
        }

        Assert.Equal("Revoked", await _issuer.ValidateAsync(before));
        foreach (var login in logins)
        {
            Assert.Equal("Accepted", await _issuer.ValidateAsync(login));
            Assert.True((await _issuer.RefreshAsync(login)).IsIssued);
        }

        await _issuer.RevokeAsync(kind, value);

        foreach (var login in logins)
        {
            Assert.Equal("Revoked", await _issuer.ValidateAsync(login));
            Assert.Equal(SessionRejection.SessionRevoked, (await _issuer.RefreshAsync(login)).Rejection);
        }
    }

    [Theory]
    [InlineData(60)]
    [InlineData(-60)]
    public async Task A_revoker_whose_clock_is_an_hour_off_ends_what_began_before_and_nothing_that_began_after(int minutes)
    {
        var clock = new FakeClock(Now.AddMinutes(minutes));
        var wrong = new SessionRevoker(_issuer.Options, _issuer.Store, clock);
        var before = await _issuer.StartAsync();

        await wrong.RevokeAsync(RuleKind.Subject, "ada", "", "admin", Cancellation);

        var after = await _issuer.StartAsync();
        Assert.Equal(SessionRejection.SessionRevoked, (await _issuer.RefreshAsync(before)).Rejection);
        Assert.True((await _issuer.RefreshAsync(after)).IsIssued);
        Assert.Equal("Accepted", await _issuer.ValidateAsync(after));

        await _issuer.RevokeAsync(RuleKind.Subject, "ada"); // By a right clock, which may show an earlier time than the rule before.
        Assert.Equal("Revoked", await _issuer.ValidateAsync(after));
        Assert.Equal(SessionRejection.SessionRevoked, (await _issuer.RefreshAsync(after)).Rejection);
        Assert.Equal("Accepted", await _issuer.ValidateAsync(await _issuer.StartAsync()));
    }

    [Theory]
    [InlineData(60, "NotYetValid")]
    [InlineData(-60, "Expired")]
    public async Task An_issuer_whose_clock_is_an_hour_off_neither_evades_nor_suffers_watermarks(int minutes, string validated)
    {
        _issuer.Time.Advance(TimeSpan.FromHours(2)); // By any clock the keys have started.
        var clock = new FakeClock(Now.AddMinutes(minutes));
        var wrong = _issuer.NewIssuer(_issuer.Options, clock);
        var before = (await wrong.StartAsync(new() { Subject = "ada" }, Cancellation)).Tokens!;
        await _issuer.RevokeAsync(RuleKind.Subject, "ada");
        var after = (await wrong.StartAsync(new() { Subject = "ada" }, Cancellation)).Tokens!;

        Assert.Equal(SessionRejection.SessionRevoked, (await _issuer.RefreshAsync(before)).Rejection);
        Assert.True((await _issuer.RefreshAsync(after)).IsIssued);
        Assert.Equal(validated, await _issuer.ValidateAsync(after)); // Its times are what APIs refuse.
    }

    [Fact]
    public async Task An_answer_says_by_when_a_rule_is_effective_and_until_when_it_matters()
    {
        await _issuer.Sessions.PrepareAsync(Cancellation);

        var session = await _issuer.RevokeAsync(RuleKind.Session, Id);
        Assert.Equal(Now + TimeSpan.FromSeconds(8), session.EffectiveBy);
        Assert.Equal(Now + TimeSpan.FromDays(31), session.EnforcedUntil); // The longest refresh life and a day.
        Assert.Equal(Now + TimeSpan.FromDays(31), (await _issuer.RevokeAsync(RuleKind.All, "")).EnforcedUntil);

        var token = await _issuer.RevokeAsync(RuleKind.Token, Id);
        Assert.Equal(Now + TimeSpan.FromMinutes(10 + 5) + TimeSpan.FromSeconds(30), token.EnforcedUntil);

        Assert.Null((await _issuer.RevokeAsync(RuleKind.Key, Id)).EnforcedUntil);
    }

    [Fact]
    public async Task A_head_that_is_larger_than_our_own_settings_counts()
    {
        var head = new DenylistHead { LongestAccessTokenLifetime = TimeSpan.FromHours(1), LongestRefreshLife = TimeSpan.FromDays(90), Window = TimeSpan.FromHours(2) };
        await _issuer.Store.RaiseHeadAsync(head, Now, Cancellation);

        Assert.Equal(Now + TimeSpan.FromDays(91), (await _issuer.RevokeAsync(RuleKind.Subject, "ada")).EnforcedUntil);
        Assert.Equal(Now + TimeSpan.FromMinutes(65.5), (await _issuer.RevokeAsync(RuleKind.Token, Id)).EnforcedUntil);
    }

    [Theory]
    [InlineData(29, true)] // Inside the skew some validator may still say yes: write.
    [InlineData(30, false)] // At the end of it none can: do not write.
    public async Task A_token_of_known_end_is_written_down_only_while_some_validator_could_still_accept_it(int secondsAfter, bool isWritten)
    {
        var expiresAt = Now - TimeSpan.FromSeconds(secondsAfter);

        var revocation = await _issuer.Revoker.RevokeTokenAsync(Id, expiresAt, "", "ada", Cancellation);

        Assert.Equal(isWritten, await _issuer.ItemAsync(RuleKind.Token, Id) is not null);
        Assert.Equal(isWritten ? expiresAt + TimeSpan.FromMinutes(5) : expiresAt, revocation.EnforcedUntil);
    }

    [Fact]
    public async Task A_repeated_rule_writes_nothing_but_a_repeated_watermark_rises()
    {
        await _issuer.RevokeAsync(RuleKind.Session, Id);
        await _issuer.RevokeAsync(RuleKind.Subject, "ada");
        var watermark = (await _issuer.ItemAsync(RuleKind.Subject, "ada"))!.Watermark;
        _issuer.Store.Forget();

        await _issuer.RevokeAsync(RuleKind.Session, Id);
        Assert.Equal([nameof(ISessionStore.DenyAsync)], _issuer.Store.Calls);

        await _issuer.RevokeAsync(RuleKind.Subject, "ada");
        Assert.Equal(watermark + 1, (await _issuer.ItemAsync(RuleKind.Subject, "ada"))!.Watermark);
    }

    [Theory]
    [MemberData(nameof(FaultyStore.FailuresOfARule), MemberType = typeof(FaultyStore))]
    public async Task A_rule_that_was_not_confirmed_is_not_acknowledged_and_asking_again_completes_it(string method, bool isDone)
    {
        var tokens = await _issuer.StartAsync();
        _issuer.Store.FailOnce(method, isDone);
        await Assert.ThrowsAsync<SessionStoreUnavailableException>(() => _issuer.RevokeAsync(RuleKind.Session, tokens.SessionId));

        await _issuer.RevokeAsync(RuleKind.Session, tokens.SessionId);

        Assert.True((await _issuer.ItemAsync(RuleKind.Session, tokens.SessionId)) is { IsDenied: true, IsFed: true });
        Assert.Equal("Revoked", await _issuer.ValidateAsync(tokens));
    }

    [Fact]
    public async Task A_rule_whose_writer_died_before_the_feed_is_completed_by_the_next_refresh_or_login_that_meets_it()
    {
        var first = await _issuer.StartAsync();
        var second = await _issuer.StartAsync();
        _issuer.Store.FailOnce(nameof(ISessionStore.WriteFeedAsync), isDone: false);
        await Assert.ThrowsAsync<SessionStoreUnavailableException>(() => _issuer.RevokeAsync(RuleKind.All, ""));
        Assert.Equal("Accepted", await _issuer.ValidateAsync(second));

        await _issuer.RefreshAsync(first);
        Assert.True((await _issuer.ItemAsync(RuleKind.All, ""))!.IsFed);
        Assert.Equal("Revoked", await _issuer.ValidateAsync(second));

        _issuer.Store.FailOnce(nameof(ISessionStore.WriteFeedAsync), isDone: false);
        await Assert.ThrowsAsync<SessionStoreUnavailableException>(() => _issuer.RevokeAsync(RuleKind.Client, "default"));
        await _issuer.StartAsync();
        Assert.True((await _issuer.ItemAsync(RuleKind.Client, "default"))!.IsFed);
    }

    [Theory]
    [InlineData(10_000, 1)]
    [InlineData(10_001, 2)]
    public async Task A_feed_item_that_was_not_durable_within_10_seconds_is_written_again_with_a_new_stamp(int milliseconds, int writes)
    {
        await _issuer.Sessions.PrepareAsync(Cancellation);
        var isSlow = true;
        _issuer.Store.After = method =>
        {
            if (method == nameof(ISessionStore.WriteFeedAsync) && isSlow)
            {
                isSlow = false;
                _issuer.Time.Advance(TimeSpan.FromMilliseconds(milliseconds));
            }
        };

        await _issuer.RevokeAsync(RuleKind.Session, Id);

        Assert.Equal(writes, _issuer.Store.Calls.Count(call => call == nameof(ISessionStore.WriteFeedAsync)));
    }

    [Fact]
    public async Task A_feed_that_stays_slow_is_not_acknowledged()
    {
        await _issuer.Sessions.PrepareAsync(Cancellation);
        _issuer.Store.After = method => _issuer.Time.Advance(method == nameof(ISessionStore.WriteFeedAsync) ? 11 * Second : TimeSpan.Zero);

        await Assert.ThrowsAsync<SessionStoreUnavailableException>(() => _issuer.RevokeAsync(RuleKind.Session, Id));

        Assert.False((await _issuer.ItemAsync(RuleKind.Session, Id))!.IsFed);
    }

    [Theory]
    [InlineData(RuleKind.None, "x")]
    [InlineData(RuleKind.All, "everyone")]
    [InlineData(RuleKind.Token, null)]
    [InlineData(RuleKind.Token, "AAAAAAAAAAAAAAAAAAAAA")] // 21 characters.
    [InlineData(RuleKind.Token, "AAAAAAAAAAAAAAAAAAAAAB")] // Spare bits.
    [InlineData(RuleKind.Session, "AAAAAAAAAAAAAAAAAAAA==")]
    [InlineData(RuleKind.Session, "")]
    [InlineData(RuleKind.Key, "kid")]
    [InlineData(RuleKind.Key, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")] // 44 characters.
    [InlineData(RuleKind.Subject, "")]
    [InlineData(RuleKind.Subject, null)]
    [InlineData(RuleKind.Subject, "a\u0000b")]
    [InlineData(RuleKind.Client, "a\nb")]
    public async Task A_value_that_can_name_nothing_is_refused(RuleKind kind, string? value)
    {
        Assert.NotNull(SessionRevoker.Problem(kind, value, ""));
        await Assert.ThrowsAsync<ArgumentException>(() => _issuer.RevokeAsync(kind, value ?? ""));
        Assert.Empty(_issuer.Store.Calls);
    }

    [Theory]
    [InlineData(RuleKind.All, null)]
    [InlineData(RuleKind.All, "")]
    [InlineData(RuleKind.Subject, "Ada Lovelace, née Byron \U0001F9EE \uFFFD")]
    [InlineData(RuleKind.Subject, "client:robot")]
    [InlineData(RuleKind.Client, "default")]
    [InlineData(RuleKind.Key, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData(RuleKind.Key, "AAAAAAAAAAAAAAAAAAAAAA")]
    public void A_value_that_can_name_something_is_taken(RuleKind kind, string? value) => Assert.Null(SessionRevoker.Problem(kind, value, null));

    [Fact]
    public void Names_and_reasons_have_their_longest()
    {
        Assert.Null(SessionRevoker.Problem(RuleKind.Subject, new string('x', 255), new string('x', 500)));
        Assert.NotNull(SessionRevoker.Problem(RuleKind.Subject, new string('x', 256), ""));
        Assert.NotNull(SessionRevoker.Problem(RuleKind.Subject, "x", new string('x', 501)));
        Assert.NotNull(SessionRevoker.Problem(RuleKind.Subject, "x", "line\nbreak"));
        Assert.NotNull(SessionRevoker.Problem(RuleKind.Subject, "half\ud800", "")); // Half a pair: UTF-8 would write it like any other half.
        Assert.NotNull(SessionRevoker.Problem(RuleKind.Subject, "x", "half\ud800"));
    }

    [Fact]
    public async Task The_longest_names_and_reason_fit_the_store()
    {
        var (name, reason) = (new string('é', 127) + "x", new string('€', 500)); // 255 bytes, and three for each character.

        await _issuer.Revoker.RevokeAsync(RuleKind.Subject, name, reason, name, Cancellation);

        Assert.Equal(reason, (await _issuer.ItemAsync(RuleKind.Subject, name))!.Reason);
        await Assert.ThrowsAsync<ArgumentException>(() => _issuer.Revoker.RevokeAsync(RuleKind.Subject, name + "x", "", name, Cancellation));
    }

    [Fact]
    public async Task Rules_are_listed_page_by_page_with_reason_and_actor()
    {
        await _issuer.RevokeAsync(RuleKind.Subject, "ada");
        await _issuer.RevokeAsync(RuleKind.Subject, "bob");
        await _issuer.RevokeAsync(RuleKind.All, "");

        var values = new List<string>();
        string? continuation = null;
        do
        {
            var page = await _issuer.Revoker.ListAsync(continuation, 2, Cancellation);
            values.AddRange(page.Items.Select(item => $"{item.Key.Kind} {item.Key.Value} {item.Reason} {item.Actor}"));
            continuation = page.Continuation;
        }
        while (continuation is not null);

        Assert.Equal(["All  a test admin", "Subject ada a test admin", "Subject bob a test admin"], values.Order());
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => _issuer.Revoker.ListAsync(null, 0, Cancellation));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => _issuer.Revoker.ListAsync(null, 1001, Cancellation));
    }
}
