using System.Text.Json.Nodes;

namespace TokenSessions.Service.Tests.Service;

public sealed class StartTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("tokensessions-start-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private string DataDirectory => Path.Combine(_directory, "data");

    private string UsersFile => Path.Combine(DataDirectory, "users.json");

    [Fact]
    public async Task All_problems_of_the_settings_are_told_at_once_each_with_its_variable()
    {
        var (exitCode, output, error) = await RunAsync([], new()
        {
            ["TokenSessions__Issuer"] = "http://Sessions.example:8080/",
            ["TokenSessions__Audienec"] = "api",
            ["TokenSessions__Store"] = "dynamo",
            ["TokenSessions__FeedShards"] = "65",
            ["TokenSessions__Regions__0__Address"] = "http://eu.example",
            ["TokenSessions__Region"] = "1",
            ["TokenSessions__FirstRunPassword"] = "correct horse 42",
            ["TokenSessions__AccessTokenLifetime"] = "10",
            ["TokenSessions__RefreshIdleLifetime"] = "10:00",
            ["TokenSessions__SessionLifetime"] = "900.00:00:00",
            ["TokenSessions__JwksMaxAge"] = "2.00:00:00",
            ["TokenSessions__AllowPrivateKeysInFiles"] = "maybe",
            ["TokenSessions__ClientIds__0"] = new('a', 256),
            ["TokenSessions__ClientIds__1"] = " ",
            ["TokenSessions__Audiences__0__Uri"] = "https://orders.example",
            ["TokenSessions__Audiences__0__Scopes__0"] = "a b",
            ["TokenSessions__Audiences__0__Scopes__1"] = "tokensessions.admin",
            ["TokenSessions__Audiences__1__Algorithm"] = "HS256",
            ["TokenSessions__Audiences__1__Type"] = "jwt",
            ["TokenSessions__Audiences__1__Scope"] = "orders.read",
        });

        Assert.Equal((1, ""), (exitCode, output));
        Assert.Equal(
            [
                "The service cannot start with these settings:",
                Line("Store", "must be embedded or dynamodb, but is \"dynamo\"."),
                Line("FeedShards", "must be a whole number from 1 to 64, but is \"65\"."),
                Line("Regions:0:Address", "must be an https address (http for a loopback host in Development) without user, query and fragment: "
                    + "where this region's services are reached from the others."),
                Line("Region", "must be a whole number from 0 to 0, but is \"1\"."),
                Line("AccessTokenLifetime", "must be a duration written hh:mm:ss or days.hh:mm:ss, such as 00:10:00, or 0, but is \"10\"."),
                Line("RefreshIdleLifetime", "must be a duration written hh:mm:ss or days.hh:mm:ss, such as 00:10:00, or 0, but is \"10:00\"."),
                Line("AllowPrivateKeysInFiles", "must be true or false, but is \"maybe\"."),
                Line("Issuer", "must have no query, no fragment and no slash at its end."),
                Line("FirstRunPassword", "is for Development only: elsewhere add users with `users add NAME`."),
                Line("JwksMaxAge", "must be from 1 second to AnnounceTime, which is 1.00:00:00, but is 2.00:00:00: "
                    + "a key that signs before every cache has it would be unknown there."),
                Line("Audiences:0:Scopes", "has a b, which is no scope (RFC 6749 §3.3)."),
                Line("Audiences:0:Scopes", "must not have tokensessions.admin: it is granted for the issuer's own audience alone."),
                Line("Audiences:1:Uri", "must have 1 to 255 characters, none of them a control character or half of a surrogate pair."),
                Line("Audiences:1:Algorithm", "must be one of ES256, ES384, RS256, PS256, but is HS256."),
                Line("Audiences:1:Type", "must be at+jwt or JWT, but is jwt."),
                Line("Issuer", "must be an https address (http for loopback hosts only) in its normal form, without user, query, "
                    + "fragment, default port, upper-case host or trailing slash, but is http://Sessions.example:8080/."),
                Line("Audience", "is missing: give the aud of the API that most sessions are for."),
                Line("ClientIds", "a name has at most 255 bytes."),
                Line("ClientIds", "a name must not be empty."),
                Line("SessionLifetime", "must be from 00:01:00 to 366.00:00:00, but is 900.00:00:00."),
                "- TokenSessions:Audienec is no setting of this service.",
                "- TokenSessions:Audiences:1:Scope is no setting of this service.",
            ],
            error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.TrimEnd('\r')));
        Assert.False(Directory.Exists(DataDirectory));
    }

    [Theory]
    [InlineData("Regions must be a list", "Regions=https://eu.example")]
    [InlineData("Audiences must be a list", "Audiences=https://orders.example")]
    [InlineData("Regions:1 must be Regions:0", "Regions:1:Address=https://eu.example", "Regions:2:Address=https://us.example")] // Region 1 would be at 2.
    [InlineData("Regions:eu must be Regions:0", "Regions:eu:Address=https://eu.example")]
    [InlineData("Regions:1:Address is that of another region", "Regions:0:Address=https://eu.example", "Regions:1:Address=https://EU.example/")]
    [InlineData("Regions has 2 entries, but Store is embedded", "Regions:0:Address=https://eu.example", "Regions:1:Address=https://us.example")]
    public async Task Lists_that_would_mean_something_else_are_refused(string expected, params string[] settings)
    {
        var (exitCode, _, error) = await RunAsync([.. settings.Select(setting => $"--TokenSessions:{setting}")], Development());

        Assert.Equal(1, exitCode);
        var name = expected[..expected.IndexOf(' ', StringComparison.Ordinal)];
        Assert.Contains(
            $"TokenSessions:{name} (environment variable TokenSessions__{name.Replace(":", "__", StringComparison.Ordinal)}){expected[name.Length..]}",
            error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://sessions.example")]
    [InlineData("https://sessions.example:8443")]
    [InlineData("https://sessions.example:443")]
    [InlineData("https://sessions.example/")]
    [InlineData("https://sessions.example?a=b")]
    [InlineData("https://Sessions.example")]
    [InlineData("sessions.example")]
    [InlineData("http://localhost")]
    public async Task Outside_Development_an_issuer_has_the_shape_that_every_verifier_takes(string issuer)
    {
        var (exitCode, _, error) = await RunAsync([], new() { ["TokenSessions__Issuer"] = issuer, ["TokenSessions__Audience"] = "api" });

        Assert.Equal(1, exitCode);
        Assert.Contains("TokenSessions:Issuer (environment variable TokenSessions__Issuer) must ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Outside_Development_there_is_no_first_run()
    {
        var (exitCode, _, error) = await RunAsync([], Production());

        Assert.Equal(1, exitCode);
        Assert.Contains("TokenSessions:KeyRing (environment variable TokenSessions__KeyRing)", error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_directory, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_file_that_is_named_must_exist_even_in_Development()
    {
        var (exitCode, _, error) = await RunAsync([], Development(("KeyRing", Path.Combine(_directory, "nowhere.json"))));

        Assert.Equal(1, exitCode);
        Assert.Contains("nowhere.json", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_data_directory_that_others_can_read_is_refused()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Rights are those of the profile there.");
            return;
        }

        Directory.CreateDirectory(DataDirectory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherExecute);

        await AssertRefusedWithOneSentenceAsync(Development(), "chmod 700");

        Assert.Empty(Directory.GetFiles(DataDirectory));
    }

    [Fact]
    public async Task A_data_directory_that_is_a_file_is_refused()
    {
        await File.WriteAllTextAsync(DataDirectory, "", TestContext.Current.CancellationToken);

        await AssertRefusedWithOneSentenceAsync(Development(), DataDirectory);
    }

    [Fact]
    public async Task A_second_owner_of_the_store_is_refused()
    {
        await using var owner = new TestService();
        owner.CreateClient().Dispose();

        await AssertRefusedWithOneSentenceAsync(Development(("DataDirectory", owner.DataDirectory)), "journal");
    }

    /// <summary>Stack traces and a log's repetition would hide what the operator has to do.</summary>
    private async Task AssertRefusedWithOneSentenceAsync(Dictionary<string, string> environment, string named)
    {
        var (exitCode, output, error) = await RunAsync([], environment);

        Assert.Equal((1, ""), (exitCode, output));
        Assert.Contains(named, Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Users_add_writes_one_user_for_the_owner_alone_and_never_shows_the_password()
    {
        var (exitCode, output, error) = await RunAsync(
            ["users", "add", "alice", "--role", "editor", "--scope", "reports.read", "--scope", "orders.read"], Production(), "a long password\n");

        Assert.Equal((0, ""), (exitCode, error));
        Assert.DoesNotContain("a long password", output, StringComparison.Ordinal);
        var user = Users().Single()!;
        Assert.Equal("alice", (string?)user["name"]);
        Assert.Equal(["editor"], user["roles"]!.AsArray().Select(role => (string?)role));
        Assert.Equal(["reports.read", "orders.read"], user["scopes"]!.AsArray().Select(scope => (string?)scope));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(UsersFile));
        }
    }

    [Fact]
    public async Task Users_add_gives_an_existing_user_a_new_password_and_leaves_the_rest()
    {
        await RunAsync(["users", "add", "alice", "--role", "editor"], Production(), "a long password\n");
        await RunAsync(["users", "add", "bob"], Production(), "a long password\n");
        var before = Users();

        await RunAsync(["users", "add", "alice", "--scope", "reports.read"], Production(), "another password\n");

        var after = Users();
        Assert.NotEqual((string?)before[0]!["password_hash"], (string?)after[0]!["password_hash"]);
        Assert.Equal(["editor"], after[0]!["roles"]!.AsArray().Select(role => (string?)role));
        Assert.Equal(["reports.read"], after[0]!["scopes"]!.AsArray().Select(scope => (string?)scope));
        Assert.Equal(before[1]!.ToJsonString(), after[1]!.ToJsonString());
    }

    [Theory]
    [InlineData(2, "", "users")]
    [InlineData(2, "", "users", "add")]
    [InlineData(2, "", "users", "remove", "alice")]
    [InlineData(2, "", "users", "add", "alice", "--role")]
    [InlineData(1, "a long password\n", "users", "add", "client:alice")]
    [InlineData(1, "a long password\n", "users", "add", "alice", "--scope", "a b")]
    [InlineData(1, "short\n", "users", "add", "alice")]
    [InlineData(1, "", "users", "add", "alice")]
    public async Task A_command_that_cannot_be_done_changes_nothing(int exitCode, string input, params string[] arguments)
    {
        var (actual, _, error) = await RunAsync(arguments, Production(), input);

        Assert.Equal(exitCode, actual);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        Assert.False(File.Exists(UsersFile));
    }

    private static string Line(string name, string problem) =>
        $"- TokenSessions:{name} (environment variable TokenSessions__{name.Replace(":", "__", StringComparison.Ordinal)}) {problem}";

    private Task<(int ExitCode, string Output, string Error)> RunAsync(
        string[] arguments, Dictionary<string, string> environment, string input = "")
    {
        environment.TryAdd("TokenSessions__DataDirectory", DataDirectory);
        return ServiceProcess.RunAsync(arguments, environment, input);
    }

    private static Dictionary<string, string> Production() => new()
    {
        ["TokenSessions__Issuer"] = "https://sessions.example",
        ["TokenSessions__Audience"] = "api",
    };

    private static Dictionary<string, string> Development(params (string Name, string Value)[] settings)
    {
        var environment = settings.ToDictionary(setting => $"TokenSessions__{setting.Name}", setting => setting.Value);
        environment["ASPNETCORE_ENVIRONMENT"] = "Development";
        return environment;
    }

    private JsonArray Users() => JsonNode.Parse(File.ReadAllText(UsersFile))!["users"]!.AsArray();
}
