using System.Text.Json.Nodes;

namespace TokenSessions.Service.Tests.Service;

public sealed class UsersTests : IAsyncDisposable
{
    private readonly TestService _service = new();

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    [Fact]
    public async Task A_changed_file_counts_within_seconds_for_logins_and_refreshes()
    {
        var tokens = await _service.LoginAsync();
        await ChangeAsync(users => users[1]!["scopes"] = new JsonArray("reports.read", "reports.write"));
        await _service.EventuallyAsync(() => _service.Log.Of(2007).Count == 1);

        var next = Tokens.Read((await _service.LoginAsync(new { username = "demo", password = TestService.Password })).Body);
        Assert.Equal("reports.read reports.write", next.Claims.GetProperty("scope").GetString());

        await ChangeAsync(users => users[1]!["disabled"] = true);
        await _service.EventuallyAsync(() => _service.Log.Of(2007).Count == 2);
        var refused = await _service.RefreshAsync(tokens.RefreshToken);
        Assert.Equal((400, "subject_not_allowed"), (refused.Status, refused.Code));
    }

    [Theory]
    [InlineData("{", "strict JSON")]
    [InlineData("""{"users":[]} x""", "strict JSON")]
    [InlineData("""{"users":[],"users":[]}""", "strict JSON")]
    [InlineData("""{"people":[]}""", "\"people\"")]
    [InlineData("""{"users":{}}""", "users must be an array")]
    [InlineData("""{"users":[7]}""", "users[0] must be an object")]
    [InlineData("""{"users":[{"name":""}]}""", "users[0]: name")]
    [InlineData("""{"users":[{"name":"client:x"}]}""", "users[0]: name")]
    [InlineData("""{"users":[{"name":" "}]}""", "users[0]: name")] // No token could be issued for it.
    [InlineData("""{"users":[{"name":"a\u2028b"}]}""", "users[0]: name must have no line separators")]
    [InlineData("""{"users":[{"name":"a\u202Eb"}]}""", "users[0]: name must have no line separators")]
    [InlineData("""{"users":[],"a\nb":1}""", "\"a\\nb\" is no member")] // No line of its own in the log.
    [InlineData("""{"users":[{"name":"eve"}]}""", "users[0] \"eve\": password_hash")]
    [InlineData("""{"users":[{"name":"eve","password_hash":"plain"}]}""", "users[0] \"eve\": password_hash")]
    [InlineData("""{"users":[{"name":"eve","password":"plain"}]}""", "users[0] \"eve\": \"password\"")]
    [InlineData("""{"users":[{"name":"eve","password_hash":"AQAAAAIAAzRPAAAAEAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMA=="}]}""", "209999 rounds of PBKDF2 with HMAC-SHA-512")]
    [InlineData("""{"users":[{"name":"eve","password_hash":"AQAAAAEACSe/AAAAEAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMA=="}]}""", "599999 rounds of PBKDF2 with HMAC-SHA-256")]
    [InlineData("HASH,\"roles\":\"admin\"}]}", "users[0] \"eve\": roles")]
    [InlineData("HASH,\"roles\":[1]}]}", "roles[0]")]
    [InlineData("HASH,\"scopes\":[\"a b\"]}]}", "scopes[0]")]
    [InlineData("HASH,\"scopes\":[\"a\",\"a\"]}]}", "scopes[1] stands there twice")]
    [InlineData("HASH,\"disabled\":\"no\"}]}", "disabled must be true or false")]
    public async Task A_broken_file_is_reported_once_with_user_and_member_and_the_old_users_stay(string content, string named)
    {
        await _service.LoginAsync();
        var hash = (string)(await UsersAsync())["users"]![1]!["password_hash"]!;

        await WriteAsync(content.Replace("HASH", $$"""{"users":[{"name":"eve","password_hash":"{{hash}}" """, StringComparison.Ordinal));
        await _service.EventuallyAsync(() => _service.Log.Of(2008).Count > 0);
        _service.Clock.Advance(TimeSpan.FromSeconds(10));

        var line = Assert.Single(_service.Log.Of(2008));
        Assert.Contains(named, line.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(hash, line.Text, StringComparison.Ordinal);
        await _service.LoginAsync();
    }

    [Fact]
    public async Task A_name_that_stands_twice_is_refused()
    {
        await _service.LoginAsync();
        await ChangeAsync(users => users[1]!["name"] = "admin");

        await _service.EventuallyAsync(() => _service.Log.Of(2008).Count > 0);

        Assert.Contains("users[1] \"admin\": name is taken", _service.Log.Of(2008)[0].Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_others_can_read_is_refused()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Rights are those of the profile there.");
            return;
        }

        await _service.LoginAsync();
        await ChangeAsync(users => users[1]!["disabled"] = true, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);

        await _service.EventuallyAsync(() => _service.Log.Of(2008).Count > 0);

        Assert.Contains("chmod 600", _service.Log.Of(2008)[0].Text, StringComparison.Ordinal);
        await _service.LoginAsync();
    }

    [Fact]
    public async Task A_refused_file_is_named_by_the_health_and_taken_as_soon_as_its_rights_are_put_right()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Rights are those of the profile there.");
            return;
        }

        await _service.LoginAsync();
        await ChangeAsync(users => users[1]!["disabled"] = true, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        await _service.EventuallyAsync(() => _service.Log.Of(2008).Count > 0);
        var (status, problems) = await ReadyAsync();
        Assert.Equal(200, status);
        Assert.DoesNotContain(_service.UsersFile, Assert.Single(problems), StringComparison.Ordinal);
        Assert.StartsWith("The users file has changed and cannot be used", problems[0], StringComparison.Ordinal);

        File.SetUnixFileMode(_service.UsersFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await _service.EventuallyAsync(() => _service.Log.Of(2007).Count == 1);

        Assert.Single(_service.Log.Of(2008));
        Assert.Empty((await ReadyAsync()).Problems);
        Assert.Equal(401, (await _service.LoginAsync(new { username = "demo", password = TestService.Password })).Status);
    }

    [Fact]
    public async Task A_user_who_is_removed_loses_the_session_at_the_next_refresh()
    {
        var tokens = await _service.LoginAsync();

        await ChangeAsync(users => users.RemoveAt(1));
        await _service.EventuallyAsync(() => _service.Log.Of(2007).Count == 1);

        var refused = await _service.RefreshAsync(tokens.RefreshToken);
        Assert.Equal((400, "subject_not_allowed"), (refused.Status, refused.Code));
    }

    [Fact]
    public async Task While_the_file_is_gone_the_old_users_stay_and_it_is_said()
    {
        var tokens = await _service.LoginAsync();

        File.Delete(_service.UsersFile);
        await _service.EventuallyAsync(() => _service.Log.Of(2008).Count > 0);

        Assert.Equal(200, (await _service.RefreshAsync(tokens.RefreshToken)).Status);
        Assert.Single((await ReadyAsync()).Problems);
    }

    private async Task<(int Status, string[] Problems)> ReadyAsync()
    {
        var answer = await _service.SendAsync(HttpMethod.Get, "/health/ready");
        return (answer.Status, [.. JsonNode.Parse(answer.Body)!["problems"]!.AsArray().Select(problem => (string)problem!)]);
    }

    private async Task ChangeAsync(Action<JsonArray> change, UnixFileMode? mode = null)
    {
        var users = await UsersAsync();
        change(users["users"]!.AsArray());
        await WriteAsync(users.ToJsonString(), mode);
    }

    private async Task<JsonNode> UsersAsync() =>
        JsonNode.Parse(await File.ReadAllTextAsync(_service.UsersFile, TestContext.Current.CancellationToken))!;

    /// <summary>Replaces the file in one step, as an editor or a deployment does.</summary>
    private async Task WriteAsync(string content, UnixFileMode? mode = null)
    {
        var next = _service.UsersFile + ".next";
        File.Copy(_service.UsersFile, next, overwrite: true);
        await File.WriteAllTextAsync(next, content, TestContext.Current.CancellationToken);
        if (mode is { } rights && !OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(next, rights);
        }

        File.Move(next, _service.UsersFile, overwrite: true);
    }
}
