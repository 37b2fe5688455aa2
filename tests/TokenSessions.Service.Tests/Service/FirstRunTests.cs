using System.Text.RegularExpressions;

namespace TokenSessions.Service.Tests.Service;

public sealed partial class FirstRunTests
{
    [Fact]
    public async Task Makes_files_for_its_owner_alone_and_prints_generated_passwords_once()
    {
        await using var service = new TestService(new() { ["FirstRunPassword"] = "" }, isFirstRun: true);
        var output = await StartAsync(service);
        var passwords = PasswordLine().Matches(output).ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value);

        Assert.Equal(["admin", "demo"], passwords.Keys.Order());
        Assert.NotEqual(passwords["admin"], passwords["demo"]);
        foreach (var (user, password) in passwords)
        {
            Assert.Equal(200, (await service.LoginAsync(new { username = user, password })).Status);
            Assert.DoesNotContain(service.Log.All, line => line.Text.Contains(password, StringComparison.Ordinal));
        }

        foreach (var directory in Directory.EnumerateDirectories(service.DataDirectory, "*", SearchOption.AllDirectories).Append(service.DataDirectory))
        {
            AssertOwnersAlone(directory, isDirectory: true);
        }

        foreach (var file in Directory.EnumerateFiles(service.DataDirectory, "*", SearchOption.AllDirectories))
        {
            AssertOwnersAlone(file, isDirectory: false);
        }
    }

    [Fact]
    public async Task Prints_three_lines_that_hold_no_password_that_was_set()
    {
        await using var service = new TestService(isFirstRun: true);

        var output = await StartAsync(service);

        Assert.Equal(3, Line().Count(output));
        Assert.DoesNotContain(TestService.Password, output, StringComparison.Ordinal);
        Assert.Contains("$TokenSessions__FirstRunPassword", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pass\"word")]
    [InlineData("pass\\word")]
    [InlineData("seven77")]
    public async Task A_password_that_the_printed_lines_could_not_carry_is_refused(string password)
    {
        var nowhere = Path.Combine(Path.GetTempPath(), "tokensessions-nowhere");

        var (exitCode, output, error) = await ServiceProcess.RunAsync([], new()
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Development",
            ["TokenSessions__DataDirectory"] = nowhere,
            ["TokenSessions__FirstRunPassword"] = password,
        });

        Assert.Equal(1, exitCode);
        Assert.Contains("TokenSessions:FirstRunPassword (environment variable TokenSessions__FirstRunPassword) must have ", error, StringComparison.Ordinal);
        Assert.DoesNotContain(password, output + error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(nowhere));
    }

    [Fact]
    public async Task A_start_says_that_nobody_is_administrator()
    {
        await using var service = new TestService();
        var users = await File.ReadAllTextAsync(service.UsersFile, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            service.UsersFile, users.Replace("tokensessions.admin", "other", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        await using var usual = new TestService();

        await StartAsync(service);
        await StartAsync(usual);

        Assert.Single(service.Log.Of(2020));
        Assert.Empty(usual.Log.Of(2020));
    }

    [Fact]
    public async Task Gives_the_two_users_their_rights()
    {
        await using var service = new TestService(isFirstRun: true);

        var admin = (await service.LoginAsync("admin", TestService.Issuer)).Claims;
        var demo = (await service.LoginAsync()).Claims;

        Assert.Equal("tokensessions.admin", admin.GetProperty("scope").GetString());
        Assert.Equal("admin", Assert.Single(admin.GetProperty("roles").EnumerateArray()).GetString());
        Assert.Equal("reports.read", demo.GetProperty("scope").GetString());
        Assert.False(demo.TryGetProperty("roles", out _));
    }

    [Fact]
    public async Task A_second_start_makes_and_prints_nothing()
    {
        await using var service = new TestService();
        var before = Contents(service.DataDirectory);

        Assert.Equal("", await StartAsync(service));

        Assert.Equal(before, Contents(service.DataDirectory));
    }

    [Fact]
    public async Task A_first_run_that_was_interrupted_after_its_keys_is_continued()
    {
        await using var service = new TestService(new() { ["FirstRunPassword"] = "" });
        File.Delete(service.UsersFile);
        var ring = await File.ReadAllTextAsync(Path.Combine(service.DataDirectory, "keys", "ring.json"), TestContext.Current.CancellationToken);

        var output = await StartAsync(service);

        Assert.Equal(2, PasswordLine().Count(output));
        Assert.Equal(ring, await File.ReadAllTextAsync(Path.Combine(service.DataDirectory, "keys", "ring.json"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Makes_keys_of_every_algorithm_that_an_audience_wants()
    {
        await using var service = new TestService(
            new() { ["Audiences:0:Uri"] = "https://edge.example", ["Audiences:0:Algorithm"] = "RS256" }, isFirstRun: true);

        var tokens = await service.LoginAsync("demo", "https://edge.example");

        Assert.Equal(200, (await service.SessionAsync(tokens.AccessToken)).Status);
        Assert.Contains("RS256", (await service.SendAsync(HttpMethod.Get, "/.well-known/jwks.json")).Body, StringComparison.Ordinal);
    }

    private static async Task<string> StartAsync(TestService service)
    {
        Assert.Equal(200, (await service.SendAsync(HttpMethod.Get, "/health/ready")).Status);
        return service.Output.ToString();
    }

    private static void AssertOwnersAlone(string path, bool isDirectory)
    {
        if (!OperatingSystem.IsWindows())
        {
            var mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | (isDirectory ? UnixFileMode.UserExecute : UnixFileMode.None);
            Assert.Equal(mode, File.GetUnixFileMode(path));
        }
    }

    private static Dictionary<string, string> Contents(string directory) => Directory
        .EnumerateFiles(directory, "*", SearchOption.AllDirectories)
        .Where(file => !file.Contains("journal", StringComparison.Ordinal)) // The store's own; it is locked.
        .Order(StringComparer.Ordinal)
        .ToDictionary(file => file, File.ReadAllText);

    [GeneratedRegex(@"^ +(admin|demo) +([a-z2-9]{20})$", RegexOptions.Multiline)]
    private static partial Regex PasswordLine();

    [GeneratedRegex(@"^(TOKEN=\$\(curl|curl) ", RegexOptions.Multiline)]
    private static partial Regex Line();
}
