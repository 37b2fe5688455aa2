using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using TokenSessions.Service.Tests.Leaks;

namespace TokenSessions.Service.Tests.Service;

public sealed class SecrecyTests
{
    [Fact]
    public async Task Nothing_tells_a_token_a_password_or_a_cookie_whatever_goes_wrong()
    {
        await using var service = new TestService();
        var tokens = await service.LoginAsync();
        var refreshed = Tokens.Read((await service.RefreshAsync(tokens.RefreshToken)).Body);
        var admin = await service.AdminTokenAsync();

        await service.LoginAsync(new { username = "demo", password = "a wrong password" });
        await service.LoginAsync(new { username = "nobody", password = "wrong-password-of-nobody" });
        await service.LoginAsync((object)"""{"username":"demo","password":"a wrong password",""");
        await service.LoginAsync((object)"""{"username":"demo","password":"a wrong password","password":"another wrong password"}""");
        await service.SessionAsync(tokens.AccessToken);
        await service.SessionAsync(tokens.AccessToken[..^3] + "AAA");
        await service.SessionAsync(tokens.RefreshToken);
        await service.SessionAsync(admin);
        await service.SendAsync(HttpMethod.Get, "/admin/keys", bearer: tokens.AccessToken);
        await service.SendAsync(HttpMethod.Get, "/admin/keys", bearer: admin);
        await service.SendAsync(HttpMethod.Post, "/admin/revocations", TestService.Json("{"), admin);
        await service.SendAsync(HttpMethod.Post, "/nothing", TestService.Json(new { password = TestService.Password }), admin);
        await service.SendAsync(HttpMethod.Post, "/oauth2/token", TestService.RawForm($"refresh_token={tokens.RefreshToken}&refresh_token=x"));
        await service.SendAsync(HttpMethod.Post, "/oauth2/token", TestService.Form(("grant_type", tokens.RefreshToken), ("refresh_token", "x")));
        await service.SendAsync(HttpMethod.Post, "/oauth2/token", TestService.Form(("grant_type", "refresh_token"), ("refresh_token", tokens.AccessToken)));
        foreach (var path in (string[])["/.well-known/jwks.json", "/.well-known/openid-configuration", "/denylist/changes", "/health/ready", "/admin/revocations"])
        {
            await service.SendAsync(HttpMethod.Get, path, bearer: admin);
        }

        using (var request = new HttpRequestMessage(HttpMethod.Get, "/session"))
        {
            request.Headers.Add("Cookie", "session=a-cookie-of-another-application");
            await service.Leaks.SentAsync(request);
            using var answer = await service.CreateClient().SendAsync(request, TestContext.Current.CancellationToken);
            await service.Leaks.AnsweredAsync(answer);
        }

        service.Clock.Advance(TimeSpan.FromSeconds(31));
        await service.UntilSyncedAsync();
        Assert.Equal("refresh_token_reused", (await service.RefreshAsync(tokens.RefreshToken)).Code);
        await service.SendAsync(HttpMethod.Post, "/logout", bearer: refreshed.AccessToken);
        await service.SendAsync(HttpMethod.Post, "/logout", TestService.Json(new { refresh_token = refreshed.RefreshToken, everywhere = true }));
        service.Clock.Advance(TimeSpan.FromMinutes(11));
        await service.UntilSyncedAsync();
        Assert.Equal("token_expired", (await service.SessionAsync(admin)).Code);
        service.BreakStore();
        await service.RefreshAsync(refreshed.RefreshToken);
        await service.LoginAsync(new { username = "demo", password = TestService.Password });

        Assert.Contains(service.Log.All, line => line.Level is LogLevel.Trace or LogLevel.Debug);
        Assert.Contains(Telemetry.Places, place => place.StartsWith("trace", StringComparison.Ordinal));
        Assert.Contains(Telemetry.Places, place => place.StartsWith("metric tokensessions.", StringComparison.Ordinal));
        Assert.Equal("", service.Output.ToString());
        service.Leaks.Check();
    }

    [Theory]
    [InlineData("users.json", "\"password_hash\":\\s*\"([^\"]+)\"")]
    [InlineData("*.pem", "\n([^-].*)\n")]
    public async Task A_service_that_tells_what_its_files_keep_secret_is_noticed(string file, string secret)
    {
        var service = new TestService();
        service.CreateClient().Dispose();
        var path = Directory.GetFiles(service.DataDirectory, file, SearchOption.AllDirectories)[0];
        var kept = Regex.Match(await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken), secret).Groups[1].Value;

        var told = JsonSerializer.Deserialize<string>($"\"{kept}\"")!;
        service.Log.CreateLogger("a test").Log(LogLevel.Trace, 1, told, null, (state, _) => state);

        await Assert.ThrowsAnyAsync<Xunit.Sdk.XunitException>(async () => await service.DisposeAsync());
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
