using System.Text.Json;
using TokenSessions.Issuing;
using TokenSessions.Issuing.Keys;
using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Tests.Issuing;

public sealed class SessionStartTests : IAsyncDisposable
{
    private readonly IssuerUnderTest _issuer = new(options =>
    {
        options.ClientIds = ["default", "mobile"];
        options.Audiences = [new() { Uri = "https://edge.example", Type = "JWT", Scopes = ["reports.read", "tokensessions.admin"] }];
    });

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private long Now => _issuer.Time.GetUtcNow().ToUnixTimeSeconds();

    public ValueTask DisposeAsync() => _issuer.DisposeAsync();

    [Fact]
    public async Task The_token_has_exactly_the_header_and_claims_of_RFC_9068()
    {
        var tokens = await _issuer.StartAsync();

        var header = IssuerUnderTest.ReadSegment(tokens.AccessToken, 0);
        Assert.Equal(["alg", "kid", "typ"], header.Select(member => member.Key));
        Assert.Equal(("ES256", _issuer.Ring.KidOf("sign", 0), "at+jwt"), ((string)header["alg"]!, (string)header["kid"]!, (string)header["typ"]!));

        var claims = IssuerUnderTest.Claims(tokens);
        Assert.Equal(
            ["iss", "sub", "aud", "client_id", "iat", "exp", "jti", "sid", "auth_time", "scope", "roles"],
            claims.Select(member => member.Key));
        Assert.Equal(JsonValueKind.String, claims["aud"]!.GetValueKind());
        Assert.Equal(IssuerUnderTest.Audience, (string)claims["aud"]!);
        Assert.Equal("default", (string)claims["client_id"]!);
        Assert.Equal("reports.read reports.write", (string)claims["scope"]!);
        Assert.Equal("clerk", (string)claims["roles"]![0]!);
        Assert.Equal(Now, (long)claims["iat"]!);
        Assert.Equal(Now, (long)claims["auth_time"]!);
        Assert.Equal(16, StrictBase64Url.Decode((string)claims["jti"]!)!.Length);
        Assert.Equal(16, StrictBase64Url.Decode((string)claims["sid"]!)!.Length);
        Assert.Equal(0, StrictBase64Url.Decode((string)claims["sid"]!)![0]); // The home region.
        Assert.Equal(tokens.SessionId, (string)claims["sid"]!);
    }

    [Theory]
    [InlineData(5, true)]
    [InlineData(-5, true)]
    [InlineData(6, false)]
    [InlineData(-3600, false)]
    public async Task A_clock_that_is_set_during_a_start_dates_no_session(int seconds, bool isIssued)
    {
        _issuer.Time.Advance(TimeSpan.FromHours(2));
        _issuer.SetClockAfterRead(seconds);

        var failure = await Record.ExceptionAsync(() => _issuer.StartAsync());

        Assert.Equal(isIssued, failure is null);
        Assert.True(isIssued || failure is SessionStoreUnavailableException);
    }

    [Fact]
    public async Task Every_start_is_a_session_of_its_own()
    {
        var names = new HashSet<string>();
        for (var i = 0; i < 200; i++)
        {
            var claims = IssuerUnderTest.Claims(await _issuer.StartAsync()); // The same user at the same moment.

            Assert.True(names.Add((string)claims["sid"]!));
            Assert.True(names.Add((string)claims["jti"]!));
        }
    }

    [Fact]
    public async Task How_the_subject_was_authenticated_goes_into_the_token()
    {
        var earlier = _issuer.Time.GetUtcNow().AddMinutes(-5);
        var start = new SessionStart
        {
            Subject = "ada",
            ClientId = "mobile",
            AuthenticatedAt = earlier,
            AuthenticationMethods = ["pwd", "otp"],
            AuthenticationContext = "gold",
        };
        var claims = IssuerUnderTest.Claims((await _issuer.Sessions.StartAsync(start, Cancellation)).Tokens!);

        Assert.Equal("mobile", (string)claims["client_id"]!);
        Assert.Equal(earlier.ToUnixTimeSeconds(), (long)claims["auth_time"]!);
        Assert.Equal(["pwd", "otp"], claims["amr"]!.AsArray().Select(method => (string)method!));
        Assert.Equal("gold", (string)claims["acr"]!);

        var later = await _issuer.Sessions.StartAsync(start with { AuthenticatedAt = earlier.AddHours(1) }, Cancellation);
        Assert.Equal(Now, (long)IssuerUnderTest.Claims(later.Tokens!)["auth_time"]!);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => _issuer.Sessions.StartAsync(start with { AuthenticatedAt = DateTimeOffset.UnixEpoch.AddTicks(-1) }, Cancellation));
    }

    [Fact]
    public async Task A_subject_without_roles_and_scopes_gets_no_such_claims()
    {
        _issuer.Subjects["bare"] = new();

        var tokens = await _issuer.StartAsync("bare");

        Assert.Empty(tokens.Scopes);
        Assert.DoesNotContain(IssuerUnderTest.Claims(tokens), claim => claim.Key is "scope" or "roles");
    }

    [Fact]
    public async Task A_token_expires_at_most_a_twentieth_early_and_not_always_at_the_same_time()
    {
        var lifetimes = new HashSet<long>();
        for (var i = 0; i < 100; i++)
        {
            var tokens = await _issuer.StartAsync();
            var claims = IssuerUnderTest.Claims(tokens);
            var lifetime = (long)claims["exp"]! - (long)claims["iat"]!;
            Assert.InRange(lifetime, 570, 600);
            Assert.Equal(TimeSpan.FromSeconds(lifetime), tokens.ExpiresIn);
            lifetimes.Add(lifetime);
        }

        Assert.True(lifetimes.Count > 5, $"Only {lifetimes.Count} different lifetimes of 31.");
        Assert.Equal(TimeSpan.FromDays(14), (await _issuer.StartAsync()).RefreshExpiresIn);
    }

    [Fact]
    public async Task A_scope_counts_only_where_the_audience_knows_it()
    {
        _issuer.Subjects["root"] = new() { Scopes = ["reports.read", "reports.write", "tokensessions.admin", "reports.read"] };

        Assert.Equal(["reports.read", "reports.write"], (await _issuer.StartAsync("root")).Scopes);
        Assert.Equal(["reports.read"], (await _issuer.StartAsync("root", "https://edge.example")).Scopes);
        Assert.Equal(["tokensessions.admin"], (await _issuer.StartAsync("root", IssuerUnderTest.Issuer)).Scopes);
    }

    [Theory]
    [InlineData("x tokensessions.admin")] // Two words: the second would be granted unasked.
    [InlineData("")]
    [InlineData("tab\tbed")]
    [InlineData("q\"uote")]
    [InlineData("ümlaut")]
    public async Task A_scope_that_is_not_one_word_is_refused(string scope)
    {
        _issuer.Subjects["broken"] = new() { Scopes = [scope] };

        var problem = await Assert.ThrowsAsync<SubjectRecordException>(() => _issuer.StartAsync("broken"));
        Assert.Contains("broken", problem.Message);
    }

    [Fact]
    public async Task Custom_claims_are_written_as_they_are()
    {
        using var json = JsonDocument.Parse("""{"tenant":{"id":7,"tags":["a"]},"beta":true}""");
        _issuer.Subjects["ada"] = new() { Claims = json.RootElement.EnumerateObject().ToDictionary(claim => claim.Name, claim => claim.Value) };

        var tokens = await _issuer.StartAsync();

        var claims = IssuerUnderTest.Claims(tokens);
        Assert.Equal("""{"id":7,"tags":["a"]}""", claims["tenant"]!.ToJsonString());
        Assert.True((bool)claims["beta"]!);
        Assert.Equal("Accepted", await _issuer.ValidateAsync(tokens));
    }

    [Theory]
    [InlineData("iss")]
    [InlineData("sub")]
    [InlineData("aud")]
    [InlineData("client_id")]
    [InlineData("iat")]
    [InlineData("exp")]
    [InlineData("nbf")]
    [InlineData("jti")]
    [InlineData("sid")]
    [InlineData("auth_time")]
    [InlineData("seen")]
    [InlineData("scope")]
    [InlineData("roles")]
    [InlineData("amr")]
    [InlineData("acr")]
    [InlineData("cnf")]
    public async Task A_custom_claim_cannot_have_a_name_that_the_issuer_writes(string name)
    {
        using var json = JsonDocument.Parse("1");
        _issuer.Subjects["ada"] = new() { Claims = new Dictionary<string, JsonElement> { [name] = json.RootElement } };

        var problem = await Assert.ThrowsAsync<SubjectRecordException>(() => _issuer.StartAsync());
        Assert.Contains($"claim {name}", problem.Message);
    }

    [Theory]
    [InlineData("""{"a":1,"a":2}""")]
    [InlineData("[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]")]
    public async Task A_custom_claim_that_no_verifier_would_accept_is_refused(string value)
    {
        using var json = JsonDocument.Parse(value);
        _issuer.Subjects["ada"] = new() { Claims = new Dictionary<string, JsonElement> { ["custom"] = json.RootElement } };

        await Assert.ThrowsAsync<SubjectRecordException>(() => _issuer.StartAsync());
    }

    [Fact]
    public async Task A_token_has_at_most_8192_characters()
    {
        var length = (await StartWithAsync(0)).AccessToken.Length;
        var room = ((8192 - length) / 4 * 3) - 3;

        var tokens = await StartWithAsync(room);
        Assert.InRange(tokens.AccessToken.Length, 8180, 8192);
        Assert.Equal("Accepted", await _issuer.ValidateAsync(tokens));
        var problem = await Assert.ThrowsAsync<SubjectRecordException>(() => StartWithAsync(room + 12));
        Assert.Contains("blob", problem.Message);
        Assert.DoesNotContain("xxx", problem.Message);

        async Task<IssuedTokens> StartWithAsync(int characters)
        {
            using var json = JsonDocument.Parse($"\"{new string('x', characters)}\"");
            _issuer.Subjects["ada"] = new() { Claims = new Dictionary<string, JsonElement> { ["blob"] = json.RootElement } };
            return await _issuer.StartAsync();
        }
    }

    [Fact]
    public async Task A_subject_with_more_scopes_than_a_refresh_token_holds_is_refused()
    {
        _issuer.Subjects["ada"] = new() { Scopes = [.. Enumerable.Range(0, 400).Select(i => $"scope.number.{i}.of.many")] };

        var problem = await Assert.ThrowsAsync<SubjectRecordException>(() => _issuer.StartAsync());
        Assert.Contains("too many scopes", problem.Message);
    }

    [Theory]
    [InlineData("nobody", null, null, SessionRejection.SubjectNotAllowed)]
    [InlineData("disabled", null, null, SessionRejection.SubjectNotAllowed)]
    [InlineData("client:robot", null, null, SessionRejection.SubjectNotAllowed)]
    [InlineData("", null, null, SessionRejection.SubjectNotAllowed)]
    [InlineData("line\nbreak", null, null, SessionRejection.SubjectNotAllowed)]
    [InlineData("ada", "unknown", null, SessionRejection.ClientUnknown)]
    [InlineData("ada", "Default", null, SessionRejection.ClientUnknown)]
    [InlineData("ada", null, "https://unknown.example", SessionRejection.AudienceUnknown)]
    public async Task Names_that_are_not_known_here_start_nothing(string subject, string? client, string? audience, SessionRejection expected)
    {
        _issuer.Subjects["disabled"] = new() { IsEnabled = false };
        _issuer.Subjects["client:robot"] = new();
        _issuer.Subjects["line\nbreak"] = new();

        var result = await _issuer.Sessions.StartAsync(new() { Subject = subject, ClientId = client, Audience = audience }, Cancellation);

        Assert.False(result.IsIssued);
        Assert.Equal(expected, result.Rejection);
    }

    [Fact]
    public async Task A_subject_has_at_most_255_bytes()
    {
        var longest = new string('é', 127) + "x"; // 255 bytes.
        _issuer.Subjects[longest] = new();
        _issuer.Subjects[longest + "x"] = new();

        Assert.Equal("Accepted", await _issuer.ValidateAsync(await _issuer.StartAsync(longest)));
        var result = await _issuer.Sessions.StartAsync(new() { Subject = longest + "x" }, Cancellation);
        Assert.Equal(SessionRejection.SubjectNotAllowed, result.Rejection);
    }

    [Fact]
    public async Task A_half_surrogate_is_no_name()
    {
        var result = await _issuer.Sessions.StartAsync(new() { Subject = "a\ud800" }, Cancellation);

        Assert.Equal(SessionRejection.SubjectNotAllowed, result.Rejection);
    }

    [Fact]
    public async Task A_start_writes_nothing_for_the_session()
    {
        await _issuer.Sessions.PrepareAsync(Cancellation);
        _issuer.Store.Forget();

        await _issuer.StartAsync();

        Assert.Equal([nameof(ISessionStore.ReadAsync)], _issuer.Store.Calls);
    }

    [Fact]
    public async Task Junk_starts_touch_neither_store_nor_directory()
    {
        await _issuer.Sessions.StartAsync(new() { Subject = "client:x" }, Cancellation);
        await _issuer.Sessions.StartAsync(new() { Subject = "ada", ClientId = "x" }, Cancellation);

        Assert.Empty(_issuer.Store.Calls);
    }

    [Fact]
    public async Task The_watermarks_that_stand_are_in_the_token_as_seen()
    {
        await _issuer.RevokeAsync(RuleKind.Subject, "ada");
        await _issuer.RevokeAsync(RuleKind.All, "");

        var seen = IssuerUnderTest.Claims(await _issuer.StartAsync())["seen"]!.AsObject();

        Assert.Equal(["s", "a"], seen.Select(member => member.Key));
        Assert.Equal((await _issuer.ItemAsync(RuleKind.Subject, "ada"))!.Watermark, (long)seen["s"]!);
    }

    [Fact]
    public async Task A_request_past_its_deadline_signs_nothing()
    {
        using var deadline = new CancellationTokenSource();
        _issuer.Subjects.Before = () =>
        {
            deadline.Cancel();
            return Task.CompletedTask;
        };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _issuer.Sessions.StartAsync(new() { Subject = "ada" }, deadline.Token));
    }

    [Fact]
    public async Task The_time_of_issue_is_before_the_store_was_asked()
    {
        await _issuer.Sessions.PrepareAsync(Cancellation);
        var asked = Now;
        _issuer.Store.After = _ => _issuer.Time.Advance(TimeSpan.FromSeconds(20));

        Assert.Equal(asked, (long)IssuerUnderTest.Claims(await _issuer.StartAsync())["iat"]!);
    }

    [Fact]
    public async Task Without_a_key_in_use_there_is_no_token_but_a_503()
    {
        await _issuer.RevokeAsync(RuleKind.Key, _issuer.Ring.KidOf("sign", 0));
        Assert.Equal("ES256", (string)IssuerUnderTest.ReadSegment((await _issuer.StartAsync()).AccessToken, 0)["alg"]!);

        await _issuer.RevokeAsync(RuleKind.Key, _issuer.Ring.KidOf("sign", 1));

        var problem = await Assert.ThrowsAsync<SigningKeyUnavailableException>(() => _issuer.StartAsync());
        Assert.Contains("ES256", problem.Message);
    }

    [Fact]
    public async Task After_a_rule_against_the_keys_in_use_the_next_login_works_at_once_with_the_standbys()
    {
        var before = await _issuer.StartAsync();
        await _issuer.RevokeAsync(RuleKind.Key, _issuer.Ring.KidOf("sign", 0));
        await _issuer.RevokeAsync(RuleKind.Key, _issuer.Ring.KidOf("seal", 0));

        var after = await _issuer.StartAsync();

        Assert.Equal(_issuer.Ring.KidOf("sign", 1), (string)IssuerUnderTest.ReadSegment(after.AccessToken, 0)["kid"]!);
        Assert.Equal("Accepted", await _issuer.ValidateAsync(after));
        Assert.Equal("Revoked", await _issuer.ValidateAsync(before));
        Assert.Equal("Issued", (await _issuer.RefreshAsync(after)).ToString());
        Assert.Equal(SessionRejection.RefreshTokenInvalid, (await _issuer.RefreshAsync(before)).Rejection);
    }

    [Fact]
    public async Task A_ring_that_is_replaced_while_a_start_is_under_way_still_signs_for_it()
    {
        var reached = new TaskCompletionSource();
        var goOn = new TaskCompletionSource();
        _issuer.Subjects.Before = () =>
        {
            reached.SetResult();
            return goOn.Task;
        };
        var start = _issuer.StartAsync();
        await reached.Task;

        _issuer.Ring.Add("sign", _issuer.Time.GetUtcNow().AddDays(800));
        _issuer.Ring.Save();
        Assert.Equal(KeyRingChange.Replaced, (await _issuer.Keys.ReloadAsync(Cancellation)).Change);
        goOn.SetResult();

        var tokens = await start;
        _issuer.Subjects.Before = () => Task.CompletedTask;
        Assert.Equal("Accepted", await _issuer.ValidateAsync(tokens));
        Assert.Equal("Issued", (await _issuer.RefreshAsync(tokens)).ToString()); // Sealed with the key itself, not with a cleared one.
    }
}
