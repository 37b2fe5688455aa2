using System.Text;
using System.Text.Json.Nodes;

namespace TokenSessions.Service.Tests.Service;

public sealed class UsersCommandTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("tokensessions-users-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private string DataDirectory => Path.Combine(_directory, "data");

    private string UsersFile => Path.Combine(DataDirectory, "users.json");

    [Fact]
    public async Task Needs_no_setting_but_the_place_of_the_file_and_takes_it_from_the_command_line()
    {
        var (exitCode, output, error) = await AddAsync("alice", "a long password\n"u8.ToArray());

        Assert.Equal((0, ""), (exitCode, error));
        Assert.Contains("--scope tokensessions.admin", output, StringComparison.Ordinal); // Else the first run's missing admin is a riddle.
        Assert.Equal("alice", (string?)JsonNode.Parse(await File.ReadAllTextAsync(UsersFile, TestContext.Current.CancellationToken))!["users"]![0]!["name"]);
    }

    [Theory]
    [InlineData(8, 0, 0)]
    [InlineData(7, 0, 1)]
    [InlineData(0, 512, 0)]
    [InlineData(1, 512, 1)] // 1025 bytes, though only 513 characters: no login would take them.
    public async Task A_password_has_at_least_8_characters_and_at_most_1024_bytes(int ofOneByte, int ofTwoBytes, int expected)
    {
        var password = Encoding.UTF8.GetBytes(new string('p', ofOneByte) + new string('ü', ofTwoBytes) + "\r\n");

        var (exitCode, _, error) = await AddAsync("alice", password);

        Assert.Equal(expected, exitCode);
        Assert.Equal(expected == 1, error.Contains("at least 8 characters and at most 1024 bytes", StringComparison.Ordinal));
        Assert.Equal(expected == 0, File.Exists(UsersFile));
    }

    [Fact]
    public async Task A_password_that_is_not_UTF8_is_refused()
    {
        var (exitCode, _, error) = await AddAsync("alice", [.. "pass"u8, 0xFC, .. "word long\n"u8]);

        Assert.Equal(1, exitCode);
        Assert.Contains("not UTF-8", error, StringComparison.Ordinal);
        Assert.False(File.Exists(UsersFile));
    }

    private Task<(int ExitCode, string Output, string Error)> AddAsync(string name, byte[] input) => ServiceProcess.RunAsync(
        ["users", "add", name, $"--TokenSessions:DataDirectory={DataDirectory}"], [], input);
}
