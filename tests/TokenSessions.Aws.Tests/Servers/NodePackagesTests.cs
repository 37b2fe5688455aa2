namespace TokenSessions.Aws.Tests.Servers;

/// <summary>Packages are installed when, and only when, they are not what the lock file says.</summary>
public sealed class NodePackagesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tokensessions-npm-").FullName;

    public NodePackagesTests() => WriteLock("1.0.0");

    /// <summary><c>npm ci</c> deletes everything in <c>node_modules</c> first, so this file tells whether it ran.</summary>
    private string Witness => Path.Combine(_folder, "node_modules", "witness");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task An_unchanged_lock_file_installs_nothing_and_a_changed_one_everything()
    {
        await InstallAsync();
        await File.WriteAllTextAsync(Witness, "", TestContext.Current.CancellationToken);

        await InstallAsync();
        Assert.True(File.Exists(Witness));

        WriteLock("1.0.1");
        await InstallAsync();
        Assert.False(File.Exists(Witness));
    }

    [Fact]
    public async Task A_failed_install_says_why_and_is_tried_again()
    {
        File.Delete(Path.Combine(_folder, "package.json")); // The lock file alone is nothing npm can install.
        var problem = await NodePackages.InstallAsync(_folder);
        Assert.Contains("npm", problem, StringComparison.Ordinal);

        WriteLock("1.0.0");
        await InstallAsync();
    }

    [Fact]
    public async Task Without_npm_it_says_what_to_install() => Assert.Equal(
        "npm is missing: install Node.js 18 or later (with npm).",
        await NodePackages.InstallAsync(_folder, npm: Path.Combine(_folder, "no-such-npm")));

    [Fact]
    public async Task Several_that_start_at_once_install_once_and_all_find_the_packages()
    {
        var problems = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => NodePackages.InstallAsync(_folder)));

        SkipWhenMissing(problems[0]);
        Assert.All(problems, Assert.Null);
    }

    private async Task InstallAsync()
    {
        var problem = await NodePackages.InstallAsync(_folder);
        SkipWhenMissing(problem);
        Assert.Null(problem);
    }

    private static void SkipWhenMissing(string? problem)
    {
        if (problem?.StartsWith("npm is missing", StringComparison.Ordinal) == true)
        {
            Prerequisite.Missing(problem);
        }
    }

    private void WriteLock(string version)
    {
        var package = $$"""{"name":"x","version":"{{version}}"}""";
        File.WriteAllText(Path.Combine(_folder, "package.json"), package);
        File.WriteAllText(
            Path.Combine(_folder, "package-lock.json"),
            $$$"""{"name":"x","version":"{{{version}}}","lockfileVersion":3,"requires":true,"packages":{"":{{{package}}}}}""");
    }
}
