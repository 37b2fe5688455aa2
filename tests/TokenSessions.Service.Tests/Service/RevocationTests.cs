using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using TokenSessions.Issuing.Keys;
using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Service.Tests.Service;

public sealed class RevocationTests : IAsyncDisposable
{
    private readonly TestService _service = new(new() { ["ClientIds:0"] = "default", ["ClientIds:1"] = "web" });

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    [Fact]
    public async Task A_session_rule_ends_this_session_at_once_and_no_other()
    {
        var (tokens, other) = (await _service.LoginAsync(), await _service.LoginAsync());
        Assert.Equal(200, (await _service.SessionAsync(tokens.AccessToken)).Status);

        var answer = await _service.RevokeAsync("session", tokens.SessionId);

        var members = JsonDocument.Parse(answer.Body).RootElement;
        Assert.Equal(200, answer.Status);
        Assert.Equal(["kind", "value", "effective_by", "enforced_until"], members.EnumerateObject().Select(member => member.Name));
        Assert.Equal(tokens.SessionId, members.GetProperty("value").GetString());
        Assert.InRange(members.GetProperty("effective_by").GetDateTimeOffset() - _service.Clock.GetUtcNow(), TimeSpan.Zero, TimeSpan.FromSeconds(8));
        await AssertEndedAsync(tokens);
        Assert.Equal(200, (await _service.SessionAsync(other.AccessToken)).Status);
    }

    [Fact]
    public async Task A_token_rule_ends_this_token_alone()
    {
        var tokens = await _service.LoginAsync();

        await _service.RevokeAsync("token", tokens.Claims.GetProperty("jti").GetString());

        Assert.Equal("token_revoked", (await _service.SessionAsync(tokens.AccessToken)).Code);
        var next = await _service.RefreshAsync(tokens.RefreshToken);
        Assert.Equal(200, (await _service.SessionAsync(Tokens.Read(next.Body).AccessToken)).Status);
    }

    [Theory]
    [InlineData("subject", "demo")]
    [InlineData("client", "web")]
    [InlineData("all", null)]
    public async Task A_watermark_ends_what_began_before_it_and_a_second_one_what_began_since(string kind, string? value)
    {
        // The clock stands still, so all of this happens in one millisecond.
        var before = await LoginToWebAsync();
        Assert.Equal(200, (await _service.RevokeAsync(kind, value)).Status);
        await AssertEndedAsync(before);

        var since = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => LoginToWebAsync()));
        foreach (var tokens in since)
        {
            Assert.Equal(200, (await _service.SessionAsync(tokens.AccessToken)).Status);
        }

        Assert.Equal(200, (await _service.RevokeAsync(kind, value)).Status);
        foreach (var tokens in since)
        {
            await AssertEndedAsync(tokens);
        }

        Assert.Equal(200, (await _service.SessionAsync((await LoginToWebAsync()).AccessToken)).Status);
    }

    [Fact]
    public async Task After_a_key_rule_the_next_login_works_at_once_with_the_standby()
    {
        var tokens = await _service.LoginAsync();
        var stolen = KeyIdOf(tokens);

        Assert.Equal(200, (await _service.RevokeAsync("key", stolen)).Status);

        Assert.Equal("token_revoked", (await _service.SessionAsync(tokens.AccessToken)).Code);
        var next = await _service.LoginAsync();
        Assert.NotEqual(stolen, KeyIdOf(next));
        Assert.Equal(200, (await _service.SessionAsync(next.AccessToken)).Status);
        Assert.DoesNotContain(stolen, (await _service.SendAsync(HttpMethod.Get, "/.well-known/jwks.json")).Body, StringComparison.Ordinal);
        Assert.Contains("no standby signing key", (await _service.SendAsync(HttpMethod.Get, "/health/ready")).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Is_not_ready_once_every_signing_key_is_revoked()
    {
        _service.CreateClient().Dispose();
        var ring = _service.Services.GetRequiredService<KeyRingFile>().Current;
        foreach (var key in ring.Entries.Where(entry => entry.Purpose == KeyPurpose.Sign))
        {
            Assert.Equal(200, (await _service.SendAsync(HttpMethod.Get, "/health/ready")).Status);
            Assert.Equal(200, (await _service.RevokeAsync("key", key.KeyId)).Status);
        }

        var health = await _service.SendAsync(HttpMethod.Get, "/health/ready");

        Assert.Equal(503, health.Status);
        Assert.Contains("in use", health.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_rule_is_made_for_a_key_of_the_ring_alone()
    {
        var unknown = await _service.RevokeAsync("key", "AAAAAAAAAAAAAAAAAAAAAA");

        Assert.Equal(400, unknown.Status);
        Assert.Contains("GET /admin/keys", unknown.Body, StringComparison.Ordinal);
        foreach (var key in (await KeysAsync()).Where(key => key.GetProperty("state").GetString() == "standby"))
        {
            Assert.Equal(200, (await _service.RevokeAsync("key", key.GetProperty("kid").GetString())).Status);
        }
    }

    [Fact]
    public async Task Health_tells_when_a_revoked_standby_would_leave_no_key()
    {
        var standby = (await KeysAsync()).Single(
            key => (key.GetProperty("purpose").GetString(), key.GetProperty("state").GetString()) == ("sign", "standby"));

        await _service.RevokeAsync("key", standby.GetProperty("kid").GetString());

        var health = (await _service.SendAsync(HttpMethod.Get, "/health/ready")).Body;
        Assert.Contains("no signing key (ES256) from", health, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_a_token_for_the_issuer_with_the_scope_may_come_in()
    {
        var forApi = (await _service.LoginAsync("admin")).AccessToken;
        var ofUser = (await _service.LoginAsync("demo", TestService.Issuer)).AccessToken;
        var good = await _service.AdminTokenAsync();

        foreach (var (method, path) in new[] { ("POST", "/admin/revocations"), ("GET", "/admin/revocations"), ("GET", "/admin/keys") })
        {
            var none = await _service.SendAsync(new(method), path);
            var otherAudience = await _service.SendAsync(new(method), path, bearer: forApi);
            var otherScope = await _service.SendAsync(new(method), path, bearer: ofUser);

            Assert.Equal((401, "token_missing"), (none.Status, none.Code));
            Assert.Equal((401, "invalid_token"), (otherAudience.Status, otherAudience.Code));
            Assert.Equal((403, "insufficient_scope"), (otherScope.Status, otherScope.Code));
            Assert.False((await _service.SendAsync(new(method), path, bearer: good)).Status is 401 or 403);
        }
    }

    [Fact]
    public async Task The_scope_of_administration_is_granted_for_the_issuer_alone()
    {
        Assert.False((await _service.LoginAsync("admin")).Claims.TryGetProperty("scope", out _));
        Assert.Equal("tokensessions.admin", (await _service.LoginAsync("admin", TestService.Issuer)).Claims.GetProperty("scope").GetString());
    }

    [Fact]
    public async Task Live_rules_are_listed_page_by_page_with_who_made_them_and_why()
    {
        await _service.RevokeAsync("subject", "demo");
        await _service.RevokeAsync("client", "web");
        await _service.RevokeAsync("all", null);
        var admin = await _service.AdminTokenAsync();

        var seen = new List<string>();
        var query = "?limit=1";
        for (var pages = 0; pages < 10; pages++)
        {
            var answer = await _service.SendAsync(HttpMethod.Get, $"/admin/revocations{query}", bearer: admin);
            var page = JsonDocument.Parse(answer.Body).RootElement;
            foreach (var rule in page.GetProperty("revocations").EnumerateArray())
            {
                seen.Add(rule.GetProperty("kind").GetString()!);
                Assert.Equal("admin", rule.GetProperty("actor").GetString());
                Assert.Equal("a test", rule.GetProperty("reason").GetString());
                Assert.Equal(_service.Clock.GetUtcNow(), rule.GetProperty("revoked_at").GetDateTimeOffset());
            }

            if (page.GetProperty("next").GetString() is not { } next)
            {
                break;
            }

            query = $"?limit=1&after={Uri.EscapeDataString(next)}";
        }

        Assert.Equal(["all", "client", "subject"], seen.Order());
    }

    [Fact]
    public async Task Every_change_leaves_an_audit_record_with_actor_and_reason()
    {
        await _service.RevokeAsync("subject", "demo");

        var line = Assert.Single(_service.Log.Of(2300));
        Assert.Contains("admin", line.Text, StringComparison.Ordinal);
        Assert.Contains("subject demo: a test", line.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_are_listed_with_their_states_and_without_private_halves()
    {
        var keys = await KeysAsync();

        Assert.Equal(
            ["feed in_use", "feed standby", "seal in_use", "seal standby", "sign in_use", "sign standby"],
            keys.Select(key => $"{key.GetProperty("purpose").GetString()} {key.GetProperty("state").GetString()}").Order());
        Assert.All(keys, key => Assert.Equal(
            ["kid", "purpose", "alg", "source", "state", "starts_at", "seals_until"], key.EnumerateObject().Select(member => member.Name)));
    }

    [Fact]
    public async Task A_spent_refresh_token_ends_its_session_and_raises_a_security_event()
    {
        var first = await _service.LoginAsync();
        var second = Tokens.Read((await _service.RefreshAsync(first.RefreshToken)).Body);
        _service.Clock.Advance(TimeSpan.FromSeconds(31));

        var reuse = await _service.RefreshAsync(first.RefreshToken);

        Assert.Equal((400, "refresh_token_reused"), (reuse.Status, reuse.Code));
        Assert.Equal("token_revoked", (await _service.SessionAsync(second.AccessToken)).Code);
        Assert.Contains(first.SessionId, Assert.Single(_service.Log.Of(2203)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fifty_refreshes_at_once_all_get_the_same_successor()
    {
        var tokens = await _service.LoginAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => _service.RefreshAsync(tokens.RefreshToken)));

        Assert.All(answers, answer => Assert.Equal(200, answer.Status));
        Assert.Equal(1, await GenerationAsync(tokens));
        var successors = await Task.WhenAll(answers.Select(answer => _service.RefreshAsync(Tokens.Read(answer.Body).RefreshToken)));
        Assert.All(successors, answer => Assert.Equal(200, answer.Status)); // Interchangeable: none is a second lineage.
        Assert.Equal(2, await GenerationAsync(tokens));
    }

    private async Task<int> GenerationAsync(Tokens tokens)
    {
        var key = new AuthorityKey(TestService.Issuer, RuleKind.Session, tokens.SessionId);
        var items = await _service.Services.GetRequiredService<BreakableStore>().ReadAsync([key], TestContext.Current.CancellationToken);
        return items[key].Generation;
    }

    private async Task<JsonElement[]> KeysAsync()
    {
        var answer = await _service.SendAsync(HttpMethod.Get, "/admin/keys", bearer: await _service.AdminTokenAsync());
        return [.. JsonDocument.Parse(answer.Body).RootElement.GetProperty("keys").EnumerateArray()];
    }

    private static string KeyIdOf(Tokens tokens) => JsonDocument.Parse(
        System.Buffers.Text.Base64Url.DecodeFromChars(tokens.AccessToken.Split('.')[0])).RootElement.GetProperty("kid").GetString()!;

    private async Task<Tokens> LoginToWebAsync() => Tokens.Read(
        (await _service.LoginAsync(new { username = "demo", password = TestService.Password, client_id = "web" })).Body);

    private async Task AssertEndedAsync(Tokens tokens)
    {
        Assert.Equal("token_revoked", (await _service.SessionAsync(tokens.AccessToken)).Code);
        Assert.Contains("\"error\":\"invalid_grant\"", (await _service.RefreshAsync(tokens.RefreshToken)).Body, StringComparison.Ordinal);
    }
}
