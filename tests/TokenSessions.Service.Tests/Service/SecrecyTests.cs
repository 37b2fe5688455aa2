using System.Text.Json;

namespace TokenSessions.Service.Tests.Service;

public sealed class SecrecyTests
{
    [Fact]
    public async Task No_log_line_of_any_level_holds_a_token_or_a_password_whatever_goes_wrong()
    {
        await using var service = new TestService(isTracing: true);
        var secrets = new List<string> { TestService.Password, "a wrong password", "wrong-password-of-nobody" };
        var tokens = await service.LoginAsync();
        var refreshed = Tokens.Read((await service.RefreshAsync(tokens.RefreshToken)).Body);
        var admin = await service.AdminTokenAsync();
        secrets.AddRange([tokens.AccessToken, tokens.RefreshToken, refreshed.AccessToken, refreshed.RefreshToken, admin]);

        await service.LoginAsync(new { username = "demo", password = "a wrong password" });
        await service.LoginAsync(new { username = "nobody", password = "wrong-password-of-nobody" });
        await service.LoginAsync((object)"""{"username":"demo","password":"a wrong password",""");
        await service.SessionAsync(tokens.AccessToken);
        await service.SessionAsync(tokens.AccessToken[..^3] + "AAA");
        await service.SendAsync(HttpMethod.Get, "/admin/keys", bearer: tokens.AccessToken);
        await service.SendAsync(HttpMethod.Post, "/oauth2/token", TestService.RawForm($"refresh_token={tokens.RefreshToken}&refresh_token=x"));
        service.Clock.Advance(TimeSpan.FromSeconds(31));
        await service.UntilSyncedAsync();
        Assert.Equal("refresh_token_reused", (await service.RefreshAsync(tokens.RefreshToken)).Code);
        await service.SendAsync(HttpMethod.Post, "/logout", bearer: refreshed.AccessToken);
        await service.SendAsync(HttpMethod.Post, "/logout", TestService.Json(new { refresh_token = refreshed.RefreshToken, everywhere = true }));

        // The last part of each is what makes it a secret; the rest could be told from the outside.
        Assert.Contains(service.Log.All, line => line.Level == Microsoft.Extensions.Logging.LogLevel.Trace
            || line.Level == Microsoft.Extensions.Logging.LogLevel.Debug);
        foreach (var secret in secrets)
        {
            var part = secret.Length > 60 ? secret[^40..] : secret;
            Assert.DoesNotContain(service.Log.All, line => line.Text.Contains(part, StringComparison.Ordinal));
        }

        Assert.Equal("", service.Output.ToString());
    }

    [Fact]
    public async Task An_error_of_ours_tells_the_client_nothing_about_it()
    {
        await using var service = new TestService();
        var tokens = await service.LoginAsync();
        service.BreakStore();

        var answer = await service.RefreshAsync(tokens.RefreshToken);

        Assert.Equal((503, "temporarily_unavailable", "1"), (answer.Status, answer.Code, answer.RetryAfter));
        Assert.DoesNotContain("Exception", answer.Body, StringComparison.Ordinal);
        Assert.DoesNotContain(service.DataDirectory, answer.Body, StringComparison.Ordinal);
        Assert.Equal("temporarily_unavailable", JsonDocument.Parse(answer.Body).RootElement.GetProperty("error").GetString());
        Assert.Single(service.Log.Of(2011));
    }

    [Theory]
    [InlineData("/login")]
    [InlineData("/admin/revocations")]
    [InlineData("/logout")]
    public async Task Without_its_store_nothing_is_acknowledged(string path)
    {
        await using var service = new TestService();
        var tokens = await service.LoginAsync();
        var admin = await service.AdminTokenAsync();
        service.BreakStore();

        var answer = path switch
        {
            "/login" => await service.LoginAsync(new { username = "demo", password = TestService.Password }),
            "/logout" => await service.SendAsync(HttpMethod.Post, path, bearer: tokens.AccessToken),
            _ => await service.SendAsync(HttpMethod.Post, path, TestService.Json(new { kind = "subject", value = "demo", reason = "a test" }), admin),
        };

        Assert.Equal((503, "temporarily_unavailable"), (answer.Status, answer.Code));
    }

    [Fact]
    public async Task A_request_past_its_deadline_is_told_to_come_back()
    {
        await using var service = new TestService(deadline: TimeSpan.FromSeconds(3)); // Enough for a login on a busy machine.
        var tokens = await service.LoginAsync();
        service.HangStore();

        var answer = await service.RefreshAsync(tokens.RefreshToken);

        Assert.Equal((503, "temporarily_unavailable", "1"), (answer.Status, answer.Code, answer.RetryAfter));
    }
}
