using TokenSessions.Issuing;
using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Issuing;

public sealed class SessionRefreshTests : IAsyncDisposable
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Millisecond = TimeSpan.FromMilliseconds(1);

    private readonly IssuerUnderTest _issuer = new(options => options.ClientIds = ["default", "mobile"]);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _issuer.DisposeAsync();

    [Fact]
    public async Task A_refresh_gives_a_token_of_the_same_session_with_the_roles_and_scopes_of_today()
    {
        var first = await _issuer.StartAsync();
        _issuer.Time.Advance(TimeSpan.FromMinutes(9));
        _issuer.Subjects["ada"] = new() { Scopes = ["reports.read", "reports.delete"], Roles = ["chief"] };

        var second = await _issuer.RefreshedAsync(first);

        var (before, after) = (IssuerUnderTest.Claims(first), IssuerUnderTest.Claims(second));
        Assert.Equal(first.SessionId, second.SessionId);
        Assert.Equal((string)before["sid"]!, (string)after["sid"]!);
        Assert.NotEqual((string)before["jti"]!, (string)after["jti"]!);
        Assert.Equal((long)before["auth_time"]!, (long)after["auth_time"]!);
        Assert.Equal((long)before["iat"]! + 540, (long)after["iat"]!);
        Assert.Equal("chief", (string)after["roles"]![0]!);
        Assert.Equal(["reports.read"], second.Scopes); // What was taken away is gone; what was added since the start is not granted.
        Assert.Equal("Accepted", await _issuer.ValidateAsync(second));
    }

    [Fact]
    public async Task A_refresh_can_ask_for_fewer_scopes_and_the_next_one_has_them_all_again()
    {
        var first = await _issuer.StartAsync();

        var narrowed = await _issuer.Sessions.RefreshAsync(
            new() { RefreshToken = first.RefreshToken, Scope = "reports.read" }, Cancellation);
        Assert.Equal(["reports.read"], narrowed.Tokens!.Scopes);
        Assert.Equal(["reports.read", "reports.write"], (await _issuer.RefreshedAsync(narrowed.Tokens)).Scopes);
    }

    [Fact]
    public async Task A_scope_that_was_not_granted_at_the_start_is_refused_and_nothing_is_consumed()
    {
        var first = await _issuer.StartAsync();

        var more = await _issuer.Sessions.RefreshAsync(
            new() { RefreshToken = first.RefreshToken, Scope = "reports.read reports.delete" }, Cancellation);

        Assert.Equal(SessionRejection.ScopeNotGranted, more.Rejection);
        Assert.Null(await _issuer.ItemAsync(RuleKind.Session, first.SessionId));
    }

    [Theory]
    [InlineData("mobile", SessionRejection.RefreshTokenInvalid)]
    [InlineData("unknown", SessionRejection.ClientUnknown)]
    public async Task A_token_is_good_for_its_own_client_only(string client, SessionRejection expected)
    {
        var first = await _issuer.StartAsync();

        var other = await _issuer.Sessions.RefreshAsync(new() { RefreshToken = first.RefreshToken, ClientId = client }, Cancellation);
        Assert.Equal(expected, other.Rejection);

        var own = await _issuer.Sessions.RefreshAsync(new() { RefreshToken = first.RefreshToken, ClientId = "default" }, Cancellation);
        Assert.True(own.IsIssued);
    }

    [Fact]
    public async Task A_client_or_audience_that_is_no_longer_ours_refreshes_nothing()
    {
        var tokens = await _issuer.StartAsync();

        var withoutClient = _issuer.NewIssuer(_issuer.Options with { ClientIds = ["mobile"] });
        var withoutAudience = _issuer.NewIssuer(_issuer.Options with { DefaultAudience = "https://new.example" });

        var request = new RefreshRequest { RefreshToken = tokens.RefreshToken };
        Assert.Equal(SessionRejection.ClientUnknown, (await withoutClient.RefreshAsync(request, Cancellation)).Rejection);
        Assert.Equal(SessionRejection.AudienceUnknown, (await withoutAudience.RefreshAsync(request, Cancellation)).Rejection);
    }

    [Fact]
    public async Task Another_issuers_token_is_invalid_even_under_the_same_keys()
    {
        var tokens = await _issuer.StartAsync();
        var other = _issuer.NewIssuer(_issuer.Options with { Issuer = "https://other.example" });

        Assert.Equal(
            SessionRejection.RefreshTokenInvalid,
            (await other.RefreshAsync(new() { RefreshToken = tokens.RefreshToken }, Cancellation)).Rejection);
    }

    [Fact]
    public async Task A_session_may_idle_until_the_idle_limit_and_each_refresh_begins_it_anew()
    {
        var first = await _issuer.StartAsync();
        _issuer.Time.Advance(TimeSpan.FromDays(14) - TimeSpan.FromSeconds(1));
        var second = await _issuer.RefreshedAsync(first);

        _issuer.Time.Advance(TimeSpan.FromDays(14));
        Assert.Equal(SessionRejection.RefreshTokenExpired, (await _issuer.RefreshAsync(second)).Rejection);
    }

    [Fact]
    public async Task Neither_token_outlives_the_absolute_end_of_the_session()
    {
        var tokens = await _issuer.StartAsync();
        for (var day = 0; day < 29; day += 10)
        {
            _issuer.Time.Advance(TimeSpan.FromDays(day == 20 ? 9 : 10));
            tokens = await _issuer.RefreshedAsync(tokens);
        }

        Assert.Equal(TimeSpan.FromDays(1), tokens.RefreshExpiresIn);
        _issuer.Time.Advance(TimeSpan.FromDays(1) - TimeSpan.FromSeconds(5));
        tokens = await _issuer.RefreshedAsync(tokens);
        Assert.Equal(TimeSpan.FromSeconds(5), tokens.RefreshExpiresIn);
        Assert.Equal(TimeSpan.FromSeconds(5), tokens.ExpiresIn);
        Assert.Equal("Accepted", await _issuer.ValidateAsync(tokens));

        _issuer.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(SessionRejection.RefreshTokenExpired, (await _issuer.RefreshAsync(tokens)).Rejection);
    }

    [Fact]
    public async Task Within_the_grace_a_spent_token_gets_the_same_successor()
    {
        var first = await _issuer.StartAsync();
        var second = await _issuer.RefreshedAsync(first);
        _issuer.Time.Advance(Grace - Millisecond);

        var again = await _issuer.RefreshedAsync(first);

        Assert.Equal(1, (await _issuer.ItemAsync(RuleKind.Session, first.SessionId))!.Generation);
        _issuer.Time.Advance(Grace);
        var third = await _issuer.RefreshedAsync(second);
        Assert.Equal("Issued", (await _issuer.RefreshAsync(again)).ToString()); // The same generation: within the grace of its own spending.
        Assert.Equal(2, (await _issuer.ItemAsync(RuleKind.Session, first.SessionId))!.Generation);
        Assert.Equal("Issued", (await _issuer.RefreshAsync(third)).ToString());
    }

    [Fact]
    public async Task A_grace_answer_has_the_roles_of_today_and_passes_the_same_checks()
    {
        var first = await _issuer.StartAsync();
        await _issuer.RefreshedAsync(first);
        _issuer.Subjects["ada"] = new() { Roles = ["chief"] };
        Assert.Equal("chief", (string)IssuerUnderTest.Claims(await _issuer.RefreshedAsync(first))["roles"]![0]!);

        await _issuer.RevokeAsync(RuleKind.Subject, "ada");
        Assert.Equal(SessionRejection.SessionRevoked, (await _issuer.RefreshAsync(first)).Rejection);
    }

    [Fact]
    public async Task After_the_grace_a_spent_token_ends_its_session_and_only_this_session()
    {
        var first = await _issuer.StartAsync();
        var other = await _issuer.StartAsync();
        var second = await _issuer.RefreshedAsync(first);
        _issuer.Time.Advance(Grace);

        var reuse = await _issuer.RefreshAsync(first);

        Assert.Equal((SessionRejection.RefreshTokenReused, SecurityEvent.RefreshTokenReused), (reuse.Rejection, reuse.SecurityEvent));
        Assert.Equal(("ada", first.SessionId), (reuse.Subject, reuse.SessionId));
        var item = await _issuer.ItemAsync(RuleKind.Session, first.SessionId);
        Assert.True(item is { IsDenied: true, IsFed: true, Actor: "issuer" });
        Assert.Equal("Revoked", await _issuer.ValidateAsync(second));
        Assert.Equal("Accepted", await _issuer.ValidateAsync(other));

        var next = await _issuer.RefreshAsync(second);
        Assert.Equal((SessionRejection.SessionRevoked, SecurityEvent.None), (next.Rejection, next.SecurityEvent)); // One event.
        Assert.True((await _issuer.RefreshAsync(other)).IsIssued);
    }

    [Fact]
    public async Task A_token_older_than_the_previous_one_is_reuse_even_within_the_grace()
    {
        var first = await _issuer.StartAsync();
        await _issuer.RefreshedAsync(await _issuer.RefreshedAsync(first));

        Assert.Equal(SessionRejection.RefreshTokenReused, (await _issuer.RefreshAsync(first)).Rejection);
    }

    [Fact]
    public async Task Without_grace_the_first_repetition_is_reuse()
    {
        var first = await _issuer.StartAsync();
        var strict = _issuer.NewIssuer(_issuer.Options with { Grace = TimeSpan.Zero });
        var request = new RefreshRequest { RefreshToken = first.RefreshToken };

        Assert.True((await strict.RefreshAsync(request, Cancellation)).IsIssued);
        Assert.Equal(SessionRejection.RefreshTokenReused, (await strict.RefreshAsync(request, Cancellation)).Rejection);
    }

    [Fact]
    public async Task Of_many_who_notice_the_same_reuse_one_raises_the_event()
    {
        var first = await _issuer.StartAsync();
        await _issuer.RefreshedAsync(first);
        _issuer.Time.Advance(Grace);

        var results = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => _issuer.RefreshAsync(first), Cancellation)));

        Assert.DoesNotContain(results, result => result.IsIssued);
        Assert.Single(results, result => result.SecurityEvent == SecurityEvent.RefreshTokenReused);
    }

    [Fact]
    public async Task Fifty_refreshes_of_one_token_at_once_get_successors_of_one_generation_that_all_work()
    {
        var first = await _issuer.StartAsync();
        var other = await _issuer.StartAsync();

        var results = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => _issuer.RefreshAsync(first), Cancellation)));

        Assert.All(results, result => Assert.True(result.IsIssued, result.ToString()));
        Assert.Equal(1, (await _issuer.ItemAsync(RuleKind.Session, first.SessionId))!.Generation);
        foreach (var result in results)
        {
            Assert.Equal("Accepted", await _issuer.ValidateAsync(result.Tokens!));
            Assert.True((await _issuer.RefreshAsync(result.Tokens!)).IsIssued);
        }

        // Had they been of different generations, the refreshes above would have led further than one step.
        Assert.Equal(2, (await _issuer.ItemAsync(RuleKind.Session, first.SessionId))!.Generation);

        _issuer.Time.Advance(Grace);
        Assert.Equal(SessionRejection.RefreshTokenReused, (await _issuer.RefreshAsync(results[7].Tokens!)).Rejection);
        Assert.Equal("Revoked", await _issuer.ValidateAsync(results[3].Tokens!));
        Assert.True((await _issuer.RefreshAsync(other)).IsIssued);
    }

    [Fact]
    public async Task Grace_used_in_three_generations_running_raises_an_event_and_the_session_goes_on()
    {
        var tokens = await _issuer.StartAsync();
        var events = new List<SecurityEvent>();
        for (var generation = 0; generation < 6; generation++)
        {
            var next = await _issuer.RefreshedAsync(tokens);
            events.Add((await _issuer.RefreshAsync(tokens)).SecurityEvent);
            Assert.Equal(SecurityEvent.None, (await _issuer.RefreshAsync(tokens)).SecurityEvent); // Once for each generation.
            tokens = next;
        }

        Assert.Equal(
            [SecurityEvent.None, SecurityEvent.None, SecurityEvent.GraceRepeated, SecurityEvent.None, SecurityEvent.None, SecurityEvent.GraceRepeated],
            events);
        Assert.True((await _issuer.RefreshAsync(tokens)).IsIssued);
    }

    [Fact]
    public async Task A_generation_without_grace_in_between_begins_the_count_anew()
    {
        var tokens = await _issuer.StartAsync();
        for (var generation = 0; generation < 6; generation++)
        {
            var next = await _issuer.RefreshedAsync(tokens);
            if (generation % 3 != 2)
            {
                Assert.Equal(SecurityEvent.None, (await _issuer.RefreshAsync(tokens)).SecurityEvent);
            }

            tokens = next;
        }
    }

    [Fact]
    public async Task A_token_ahead_of_the_store_is_no_theft()
    {
        await using var restored = new IssuerUnderTest();
        var tokens = await _issuer.StartAsync();
        for (var i = 0; i < 3; i++)
        {
            tokens = await _issuer.RefreshedAsync(tokens);
        }

        // The same keys over a store that knows nothing of the three refreshes.
        var sessions = new SessionIssuer(restored.Options, _issuer.Keys, restored.Store, _issuer.Subjects, _issuer.Time);
        var result = await sessions.RefreshAsync(new() { RefreshToken = tokens.RefreshToken }, Cancellation);

        Assert.True(result.IsIssued, result.ToString());
        Assert.Equal(4, (await restored.ItemAsync(RuleKind.Session, tokens.SessionId))!.Generation);
    }

    [Theory]
    [InlineData(RuleKind.Subject)]
    [InlineData(RuleKind.Client)]
    [InlineData(RuleKind.All)]
    [InlineData(RuleKind.Session)]
    public async Task A_rule_ends_the_session_and_nothing_is_consumed(RuleKind kind)
    {
        var tokens = await _issuer.StartAsync();
        var value = kind switch
        {
            RuleKind.Subject => "ada",
            RuleKind.Client => "default",
            RuleKind.Session => tokens.SessionId,
            _ => "",
        };
        await _issuer.RevokeAsync(kind, value);

        Assert.Equal(SessionRejection.SessionRevoked, (await _issuer.RefreshAsync(tokens)).Rejection);
        Assert.Equal("Revoked", await _issuer.ValidateAsync(tokens));
        Assert.Equal(0, (await _issuer.ItemAsync(RuleKind.Session, tokens.SessionId))?.Generation ?? 0);
    }

    [Fact]
    public async Task A_subject_that_is_disabled_loses_the_session_for_good()
    {
        var tokens = await _issuer.StartAsync();
        var record = _issuer.Subjects["ada"];
        _issuer.Subjects["ada"] = record with { IsEnabled = false };
        Assert.Equal(SessionRejection.SubjectNotAllowed, (await _issuer.RefreshAsync(tokens)).Rejection);

        _issuer.Subjects["ada"] = record;
        Assert.Equal(SessionRejection.SessionRevoked, (await _issuer.RefreshAsync(tokens)).Rejection);
        Assert.Equal("Revoked", await _issuer.ValidateAsync(tokens));
    }

    [Theory]
    [InlineData(nameof(ISessionStore.ReadAsync), false)]
    [InlineData(nameof(ISessionStore.ReadAsync), true)]
    [InlineData(nameof(ISessionStore.AdvanceAsync), false)]
    [InlineData(nameof(ISessionStore.AdvanceAsync), true)]
    public async Task After_a_failed_call_or_a_lost_answer_the_same_token_gets_the_same_successor(string method, bool isDone)
    {
        var first = await _issuer.StartAsync();
        _issuer.Store.FailOnce(method, isDone);

        await Assert.ThrowsAsync<SessionStoreUnavailableException>(() => _issuer.RefreshAsync(first));

        var second = await _issuer.RefreshedAsync(first);
        Assert.Equal(1, (await _issuer.ItemAsync(RuleKind.Session, first.SessionId))!.Generation);
        Assert.True((await _issuer.RefreshAsync(second)).IsIssued);
    }

    [Theory]
    [MemberData(nameof(FaultyStore.FailuresOfARule), MemberType = typeof(FaultyStore))]
    public async Task Reuse_is_not_answered_before_its_rule_is_in_the_feed_and_the_failure_tells_of_it(string method, bool isDone)
    {
        var first = await _issuer.StartAsync();
        var second = await _issuer.RefreshedAsync(first);
        _issuer.Time.Advance(Grace);
        _issuer.Store.FailOnce(method, isDone);

        var failure = await Assert.ThrowsAsync<SessionStoreUnavailableException>(() => _issuer.RefreshAsync(first));
        Assert.Contains($"session {first.SessionId} was used again", failure.Message);

        Assert.False((await _issuer.RefreshAsync(first)).IsIssued);
        Assert.True((await _issuer.ItemAsync(RuleKind.Session, first.SessionId)) is { IsDenied: true, IsFed: true });
        Assert.Equal("Revoked", await _issuer.ValidateAsync(second));
    }

    [Fact]
    public async Task Reuse_ends_the_session_and_is_told_of_though_the_caller_hangs_up()
    {
        var first = await _issuer.StartAsync();
        var second = await _issuer.RefreshedAsync(first);
        _issuer.Time.Advance(Grace);
        using var hangUp = new CancellationTokenSource();
        HangUpAfterTheRule(hangUp);

        var reuse = await _issuer.Sessions.RefreshAsync(new() { RefreshToken = first.RefreshToken }, hangUp.Token);

        Assert.True(hangUp.IsCancellationRequested);
        Assert.Equal((SessionRejection.RefreshTokenReused, SecurityEvent.RefreshTokenReused), (reuse.Rejection, reuse.SecurityEvent));
        Assert.True((await _issuer.ItemAsync(RuleKind.Session, first.SessionId)) is { IsDenied: true, IsFed: true });
        Assert.Equal("Revoked", await _issuer.ValidateAsync(second));
    }

    [Fact]
    public async Task A_disabled_subject_loses_the_session_though_the_caller_hangs_up()
    {
        var tokens = await _issuer.StartAsync();
        _issuer.Subjects["ada"] = _issuer.Subjects["ada"] with { IsEnabled = false };
        using var hangUp = new CancellationTokenSource();
        HangUpAfterTheRule(hangUp);

        var refused = await _issuer.Sessions.RefreshAsync(new() { RefreshToken = tokens.RefreshToken }, hangUp.Token);

        Assert.True(hangUp.IsCancellationRequested);
        Assert.Equal(SessionRejection.SubjectNotAllowed, refused.Rejection);
        Assert.True((await _issuer.ItemAsync(RuleKind.Session, tokens.SessionId)) is { IsDenied: true, IsFed: true });
    }

    [Fact]
    public async Task A_rule_of_the_issuer_s_own_is_given_up_after_ten_seconds_and_the_failure_tells_of_the_reuse()
    {
        var first = await _issuer.StartAsync();
        await _issuer.RefreshedAsync(first);
        _issuer.Time.Advance(Grace);
        _issuer.Store.Before = method =>
        {
            if (method == nameof(ISessionStore.DenyAsync))
            {
                _issuer.Time.Advance(TimeSpan.FromSeconds(10)); // The journal then finds its token cancelled.
            }
        };

        var failure = await Assert.ThrowsAsync<SessionStoreUnavailableException>(() => _issuer.RefreshAsync(first));

        Assert.Contains($"session {first.SessionId} was used again", failure.Message);
    }

    [Theory]
    [InlineData(-11, false)] // So far apart may the clocks of two instances be.
    [InlineData(-12, true)]
    [InlineData(-3600, true)]
    public async Task The_grace_is_not_longer_because_the_clock_was_set_back(int seconds, bool isReuse)
    {
        _issuer.Time.Advance(TimeSpan.FromHours(2)); // The keys must have started before the clock is set back.
        var first = await _issuer.StartAsync();
        await _issuer.RefreshedAsync(first);
        _issuer.Time.StepWallClock(TimeSpan.FromSeconds(seconds));

        Assert.Equal(isReuse ? SessionRejection.RefreshTokenReused : SessionRejection.NotDecided, (await _issuer.RefreshAsync(first)).Rejection);
    }

    [Theory]
    [InlineData(5, true)]
    [InlineData(-5, true)]
    [InlineData(6, false)]
    [InlineData(-6, false)]
    [InlineData(3600, false)]
    public async Task A_clock_that_is_set_during_a_refresh_spends_no_token(int seconds, bool isIssued)
    {
        _issuer.Time.Advance(TimeSpan.FromHours(2));
        var first = await _issuer.StartAsync();
        _issuer.SetClockAfterRead(seconds);

        var refresh = _issuer.RefreshAsync(first);

        Assert.Equal(isIssued, await Record.ExceptionAsync(() => refresh) is null);
        Assert.Equal(isIssued, await _issuer.ItemAsync(RuleKind.Session, first.SessionId) is not null);
    }

    [Theory]
    [InlineData(3600)]
    [InlineData(-3600)]
    public async Task A_clock_that_is_set_during_a_second_try_makes_no_theft_of_it(int seconds)
    {
        _issuer.Time.Advance(TimeSpan.FromHours(2));
        var first = await _issuer.StartAsync();
        await _issuer.RefreshedAsync(first);
        _issuer.SetClockAfterRead(seconds);

        var failure = await Assert.ThrowsAsync<SessionStoreUnavailableException>(() => _issuer.RefreshAsync(first));

        Assert.Contains($"was set by {seconds} s", failure.Message);
        Assert.False((await _issuer.ItemAsync(RuleKind.Session, first.SessionId))!.IsDenied);
    }

    [Fact]
    public async Task A_directory_that_is_down_consumes_nothing()
    {
        var first = await _issuer.StartAsync();
        _issuer.Subjects.Before = () => throw new SubjectDirectoryUnavailableException("down");
        await Assert.ThrowsAsync<SubjectDirectoryUnavailableException>(() => _issuer.RefreshAsync(first));

        Assert.Null(await _issuer.ItemAsync(RuleKind.Session, first.SessionId));
    }

    [Fact]
    public async Task A_revocation_between_the_read_and_the_update_wins()
    {
        var first = await _issuer.StartAsync();
        var isRevoking = false;
        _issuer.Store.Before = method =>
        {
            if (method == nameof(ISessionStore.AdvanceAsync) && !isRevoking)
            {
                isRevoking = true;
                _issuer.RevokeAsync(RuleKind.Session, first.SessionId).GetAwaiter().GetResult();
            }
        };

        Assert.Equal(SessionRejection.SessionRevoked, (await _issuer.RefreshAsync(first)).Rejection);
        Assert.True(isRevoking);
    }

    [Fact]
    public async Task Between_two_refreshes_the_one_write_comes_last()
    {
        var first = await _issuer.StartAsync();
        _issuer.Store.Forget();

        await _issuer.RefreshedAsync(first);

        Assert.Equal([nameof(ISessionStore.ReadAsync), nameof(ISessionStore.AdvanceAsync)], _issuer.Store.Calls);
    }

    /// <summary>The store is as real ones are: it gives up when its token is cancelled.</summary>
    private void HangUpAfterTheRule(CancellationTokenSource hangUp) => _issuer.Store.After = method =>
    {
        if (method == nameof(ISessionStore.DenyAsync))
        {
            hangUp.Cancel();
        }
    };
}
