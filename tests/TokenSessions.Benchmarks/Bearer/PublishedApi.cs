using System.Diagnostics;
using TokenSessions.Tests;

namespace TokenSessions.Benchmarks.Bearer;

/// <summary>The small API of a project of its own, which the peers are no part of: it can be trimmed.</summary>
internal static class PublishedApi
{
    private const string Project = "TokenSessions.SmallApi";

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    /// <summary>Publishes it below a folder, with all that is made on the way: nothing of the repository changes.</summary>
    /// <param name="folder">Where to; may hold it in other forms.</param>
    /// <param name="form">The name of the form's own folder there.</param>
    /// <param name="options">More options of <c>dotnet publish</c>: what makes the form.</param>
    /// <returns>How to start it, or null and why this form cannot be had on this machine.</returns>
    public static async Task<(string[]? Command, string Missing)> PublishAsync(string folder, string form, params string[] options)
    {
        var output = Path.Combine(folder, form);
        string[] arguments =
        [
            "publish", Path.Combine(SourceTree.Root, "tests", Project), "-c", "Release", "-v", "q", "--nologo",
            "--artifacts-path", Path.Combine(folder, "artifacts"), "-o", output,
            "-nodeReuse:false", "-p:UseSharedCompilation=false", // No process outlives the command, and holds on to its output.
            .. options,
        ];
        using var publish = Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true })!;
        var said = await publish.StandardOutput.ReadToEndAsync().WaitAsync(Limit);
        await publish.WaitForExitAsync();
        if (publish.ExitCode != 0)
        {
            var error = said.Split('\n').FirstOrDefault(line => line.Contains("error", StringComparison.Ordinal));
            return (null, $"`dotnet publish {string.Join(' ', options)}` failed: {error?.Trim().Replace('|', '/')}");
        }

        var program = Path.Combine(output, Project);
        return (File.Exists(program + ".dll") && options is [] ? ["dotnet", program + ".dll"] : [program], "");
    }
}
