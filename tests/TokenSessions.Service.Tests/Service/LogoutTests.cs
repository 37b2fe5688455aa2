namespace TokenSessions.Service.Tests.Service;

public sealed class LogoutTests : IAsyncDisposable
{
    private readonly TestService _service = new();

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_refresh_token_in_JSON_or_in_a_form_ends_its_session_at_once(bool isJson)
    {
        var (tokens, other) = (await _service.LoginAsync(), await _service.LoginAsync());

        var content = isJson
            ? TestService.Json(new { refresh_token = tokens.RefreshToken })
            : TestService.Form(("refresh_token", tokens.RefreshToken));
        Assert.Equal(204, await LogoutAsync(content));

        await AssertOverAsync(tokens);
        await AssertLiveAsync(other);
    }

    [Fact]
    public async Task A_refresh_token_of_any_generation_ends_its_session()
    {
        var first = await _service.LoginAsync();
        var second = Tokens.Read((await _service.RefreshAsync(first.RefreshToken)).Body);
        var third = Tokens.Read((await _service.RefreshAsync(second.RefreshToken)).Body);
        _service.Clock.Advance(TimeSpan.FromMinutes(5));

        Assert.Equal(204, await LogoutAsync(TestService.Json(new { refresh_token = first.RefreshToken })));

        await AssertOverAsync(third);
    }

    [Fact]
    public async Task An_access_token_ends_its_session_and_once_more_is_204_again()
    {
        var tokens = await _service.LoginAsync();

        Assert.Equal(204, await LogoutAsync(null, tokens.AccessToken));
        await AssertOverAsync(tokens);
        Assert.Equal(204, await LogoutAsync(null, tokens.AccessToken));
    }

    [Fact]
    public async Task An_access_token_that_expired_ends_its_session_for_24_hours()
    {
        var (early, late) = (await _service.LoginAsync(), await _service.LoginAsync());
        var expiry = DateTimeOffset.FromUnixTimeSeconds(
            Math.Max(early.Claims.GetProperty("exp").GetInt64(), late.Claims.GetProperty("exp").GetInt64()));

        await AdvanceAsync(expiry + TimeSpan.FromHours(23) - _service.Clock.GetUtcNow());
        Assert.Equal("token_expired", (await _service.SessionAsync(early.AccessToken)).Code);
        Assert.Equal(204, await LogoutAsync(null, early.AccessToken));
        Assert.Equal("session_revoked", (await _service.RefreshAsync(early.RefreshToken)).Code);

        await AdvanceAsync(TimeSpan.FromHours(1) + TimeSpan.FromSeconds(30)); // The skew.
        var answer = await _service.SendAsync(HttpMethod.Post, "/logout", bearer: late.AccessToken);
        Assert.Equal((401, "token_expired"), (answer.Status, answer.Code));
        Assert.Equal(200, (await _service.RefreshAsync(late.RefreshToken)).Status);
    }

    [Fact]
    public async Task A_token_that_was_revoked_itself_does_not_end_its_session()
    {
        var tokens = await _service.LoginAsync();
        await _service.RevokeAsync("token", tokens.Claims.GetProperty("jti").GetString());

        var answer = await _service.SendAsync(HttpMethod.Post, "/logout", bearer: tokens.AccessToken);

        Assert.Equal((401, "token_revoked"), (answer.Status, answer.Code));
        Assert.Equal(200, (await _service.RefreshAsync(tokens.RefreshToken)).Status);
    }

    [Fact]
    public async Task Everywhere_ends_all_sessions_of_the_user_by_a_live_token_of_either_kind()
    {
        var (one, two) = (await _service.LoginAsync(), await _service.LoginAsync());
        Assert.Equal(204, await LogoutAsync(TestService.Json(new { refresh_token = one.RefreshToken, everywhere = true })));
        await AssertOverAsync(one);
        await AssertOverAsync(two);

        var (three, four) = (await _service.LoginAsync(), await _service.LoginAsync());
        Assert.Equal(204, await LogoutAsync(TestService.Form(("everywhere", "true")), three.AccessToken));
        await AssertOverAsync(three);
        await AssertOverAsync(four);
    }

    [Fact]
    public async Task Everywhere_needs_a_token_that_is_live()
    {
        var (tokens, other) = (await _service.LoginAsync(), await _service.LoginAsync());
        await AdvanceAsync(TimeSpan.FromMinutes(11));
        var expired = await _service.SendAsync(HttpMethod.Post, "/logout", TestService.Form(("everywhere", "true")), tokens.AccessToken);
        Assert.Equal((401, "token_expired"), (expired.Status, expired.Code));

        Assert.Equal(204, await LogoutAsync(TestService.Json(new { refresh_token = tokens.RefreshToken })));
        var ended = await _service.SendAsync(
            HttpMethod.Post, "/logout", TestService.Json(new { refresh_token = tokens.RefreshToken, everywhere = true }));
        Assert.Equal((400, "session_revoked"), (ended.Status, ended.Code));
        Assert.Equal(200, (await _service.RefreshAsync(other.RefreshToken)).Status);
    }

    [Fact]
    public async Task Where_both_tokens_are_sent_the_refresh_token_decides()
    {
        var (tokens, other) = (await _service.LoginAsync(), await _service.LoginAsync());

        Assert.Equal(204, await LogoutAsync(TestService.Json(new { refresh_token = tokens.RefreshToken }), other.AccessToken));

        await AssertOverAsync(tokens);
        await AssertLiveAsync(other);
    }

    [Theory]
    [InlineData(null, "token_missing")]
    [InlineData("nonsense", "invalid_token")]
    public async Task Without_a_good_token_it_is_401(string? bearer, string code)
    {
        var answer = await _service.SendAsync(HttpMethod.Post, "/logout", bearer: bearer);

        Assert.Equal((401, code), (answer.Status, answer.Code));
        Assert.StartsWith("Bearer", answer.Challenge, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"everywhere":"yes"}""")]
    [InlineData("""{"everywhere":1}""")]
    [InlineData("""{"everywher":true}""")]
    public async Task What_everywhere_means_is_never_guessed(string body)
    {
        var tokens = await _service.LoginAsync();

        var answer = await _service.SendAsync(HttpMethod.Post, "/logout", TestService.Json((object)body), tokens.AccessToken);

        Assert.Equal((400, "invalid_request"), (answer.Status, answer.Code));
        await AssertLiveAsync(tokens);
    }

    private async Task<int> LogoutAsync(HttpContent? content, string? bearer = null) =>
        (await _service.SendAsync(HttpMethod.Post, "/logout", content, bearer)).Status;

    private async Task AssertOverAsync(Tokens tokens)
    {
        Assert.Equal("token_revoked", (await _service.SessionAsync(tokens.AccessToken)).Code);
        var refresh = await _service.RefreshAsync(tokens.RefreshToken);
        Assert.Equal((400, "session_revoked"), (refresh.Status, refresh.Code));
        Assert.Contains("\"error\":\"invalid_grant\"", refresh.Body, StringComparison.Ordinal);
    }

    private async Task AssertLiveAsync(Tokens tokens) => Assert.Equal(200, (await _service.SessionAsync(tokens.AccessToken)).Status);

    /// <summary>The denylist has to be read again after so long a time, or nothing is accepted.</summary>
    private async Task AdvanceAsync(TimeSpan by)
    {
        _service.Clock.Advance(by);
        await _service.UntilSyncedAsync();
    }
}
