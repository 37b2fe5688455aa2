using System.Text.Json;

namespace TokenSessions.Service.Tests.Service;

public sealed class LoginTests : IAsyncDisposable
{
    private readonly TestService _service = new(new()
    {
        ["Audiences:0:Uri"] = "https://orders.example",
        ["Audiences:0:Scopes:0"] = "orders.read",
        ["ClientIds:0"] = "default",
        ["ClientIds:1"] = "web",
    });

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    [Fact]
    public async Task Answers_the_members_of_RFC_6749_and_two_of_ours_and_lets_nobody_store_them()
    {
        using var response = await _service.RespondAsync(
            HttpMethod.Post, "/login", TestService.Json(new { username = "demo", password = TestService.Password }));
        var body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        var tokens = Tokens.Read(body);

        Assert.Equal("no-store", response.Headers.CacheControl!.ToString());
        Assert.Equal(
            ["access_token", "token_type", "expires_in", "refresh_token", "refresh_expires_in", "scope", "session_id"],
            tokens.Members.EnumerateObject().Select(member => member.Name));
        Assert.Equal("Bearer", tokens.Members.GetProperty("token_type").GetString());
        Assert.InRange(tokens.Members.GetProperty("expires_in").GetInt64(), 570, 600);
        Assert.Equal(14 * 24 * 60 * 60, tokens.Members.GetProperty("refresh_expires_in").GetInt64());
        Assert.Equal("reports.read", tokens.Members.GetProperty("scope").GetString());
        Assert.Equal(tokens.SessionId, tokens.Claims.GetProperty("sid").GetString());
    }

    [Fact]
    public async Task Issues_for_the_default_audience_and_client_unless_it_is_asked_for_others()
    {
        var usual = (await _service.LoginAsync()).Claims;
        var answer = await _service.LoginAsync(
            new { username = "demo", password = TestService.Password, audience = "https://orders.example", client_id = "web" });
        var other = Tokens.Read(answer.Body).Claims;

        Assert.Equal(("sample-api", "default"), (Text(usual, "aud"), Text(usual, "client_id")));
        Assert.Equal(("https://orders.example", "web"), (Text(other, "aud"), Text(other, "client_id")));
        Assert.False(other.TryGetProperty("scope", out _)); // That audience does not know reports.read.
    }

    [Theory]
    [InlineData("""{"username":"demo","password":"correct horse 42","audience":"https://unknown.example"}""", "invalid_target")]
    [InlineData("""{"username":"demo","password":"correct horse 42","client_id":"unknown"}""", "invalid_client")]
    public async Task Refuses_audiences_and_clients_that_are_not_configured(string body, string code)
    {
        var answer = await _service.LoginAsync((object)body);

        Assert.Equal((400, code), (answer.Status, answer.Code));
        Assert.Equal(code, JsonDocument.Parse(answer.Body).RootElement.GetProperty("error").GetString());
    }

    [Fact]
    public async Task Answers_a_wrong_password_an_unknown_user_and_a_disabled_one_with_the_same_words()
    {
        await _service.LoginAsync();
        var disabled = (await File.ReadAllTextAsync(_service.UsersFile, TestContext.Current.CancellationToken))
            .Replace("\"disabled\": false", "\"disabled\": true", StringComparison.Ordinal);

        var wrong = await _service.LoginAsync(new { username = "demo", password = "wrong horse 42" });
        var unknown = await _service.LoginAsync(new { username = "nobody", password = TestService.Password });
        await File.WriteAllTextAsync(_service.UsersFile, disabled, TestContext.Current.CancellationToken);
        await _service.EventuallyAsync(() => _service.Log.Of(2007).Count == 1);
        var ofDisabled = await _service.LoginAsync(new { username = "demo", password = TestService.Password });

        Assert.Equal((401, "invalid_credentials", "Bearer"), (wrong.Status, wrong.Code, wrong.Challenge));
        Assert.Equal(wrong, unknown);
        Assert.Equal(wrong, ofDisabled);
    }

    [Fact]
    public async Task Compares_user_names_byte_by_byte()
    {
        Assert.Equal(401, (await _service.LoginAsync(new { username = "Demo", password = TestService.Password })).Status);
    }

    [Fact]
    public async Task Never_logs_a_name_that_nobody_has_because_people_type_passwords_there()
    {
        await _service.LoginAsync(new { username = "oops my password", password = "x" });

        Assert.Single(_service.Log.Of(2200));
        Assert.DoesNotContain(_service.Log.All, line => line.Text.Contains("oops", StringComparison.Ordinal));
    }

    private static string? Text(JsonElement claims, string name) => claims.GetProperty(name).GetString();
}
