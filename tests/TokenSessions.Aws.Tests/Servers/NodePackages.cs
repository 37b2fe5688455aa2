using System.ComponentModel;
using System.Diagnostics;
using System.Security.Cryptography;

namespace TokenSessions.Aws.Tests.Servers;

/// <summary>The packages a <c>package-lock.json</c> names, installed by <c>npm ci</c> when they are not already.</summary>
internal static class NodePackages
{
    private static readonly TimeSpan WaitForOthers = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan InstallLimit = TimeSpan.FromMinutes(5);

    /// <summary>Makes <c>node_modules</c> what the lock file of a folder says.</summary>
    /// <param name="folder">Where <c>package.json</c> and <c>package-lock.json</c> stand.</param>
    /// <param name="npm">The program; null for the one on the path.</param>
    /// <returns>Why the packages are missing; null when they are there.</returns>
    public static async Task<string?> InstallAsync(string folder, string? npm = null)
    {
        // Several test processes may start at once, and `npm ci` begins by deleting what is there.
        await using var held = await HoldAsync(Path.Combine(folder, "obj", "npm-ci.lock"));

        var stamp = Path.Combine(folder, "node_modules", ".installed-lock");
        var wanted = Convert.ToHexString(SHA256.HashData(await File.ReadAllBytesAsync(Path.Combine(folder, "package-lock.json"))));
        if (File.Exists(stamp) && await File.ReadAllTextAsync(stamp) == wanted)
        {
            return null;
        }

        var problem = await RunAsync(npm ?? (OperatingSystem.IsWindows() ? "npm.cmd" : "npm"), folder);
        if (problem is null)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(stamp)!);
            await File.WriteAllTextAsync(stamp, wanted);
        }

        return problem;
    }

    private static async Task<FileStream> HoldAsync(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        for (var waited = Stopwatch.StartNew(); ;)
        {
            try
            {
                return new(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
            }
            catch (IOException) when (waited.Elapsed < WaitForOthers)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100));
            }
        }
    }

    private static async Task<string?> RunAsync(string npm, string folder)
    {
        var start = new ProcessStartInfo(npm, ["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using var process = Process.Start(start)!;
            process.StandardInput.Close();
            var said = Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            try
            {
                await process.WaitForExitAsync().WaitAsync(InstallLimit);
            }
            catch (TimeoutException)
            {
                process.Kill(entireProcessTree: true);
                return $"`npm ci` in {folder} did not end within {InstallLimit}.";
            }

            return process.ExitCode == 0 ? null : $"`npm ci` in {folder} failed: {string.Join(' ', await said).Trim()}";
        }
        catch (Win32Exception)
        {
            return "npm is missing: install Node.js 18 or later (with npm).";
        }
    }
}
