extern alias ServiceHost;

using System.Diagnostics;
using System.Text;

namespace TokenSessions.Service.Tests.Service;

/// <summary>The service as a process of its own, as an operator starts it.</summary>
internal static class ServiceProcess
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static string AssemblyPath => typeof(ServiceHost::Program).Assembly.Location;

    /// <summary>Runs to its end.</summary>
    public static Task<(int ExitCode, string Output, string Error)> RunAsync(
        string[] arguments, Dictionary<string, string> environment, string input = "") =>
        RunAsync(arguments, environment, Encoding.UTF8.GetBytes(input));

    /// <inheritdoc cref="RunAsync(string[], Dictionary{string, string}, string)"/>
    public static async Task<(int ExitCode, string Output, string Error)> RunAsync(
        string[] arguments, Dictionary<string, string> environment, byte[] input)
    {
        using var process = Start(arguments, environment);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var error = process.StandardError.ReadToEndAsync(limit.Token);
            await process.StandardInput.BaseStream.WriteAsync(input, limit.Token);
            process.StandardInput.Close();
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, await output, await error);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }

    private static Process Start(string[] arguments, Dictionary<string, string> environment)
    {
        var start = new ProcessStartInfo("dotnet", [AssemblyPath, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("TokenSessions", StringComparison.OrdinalIgnoreCase)
            || name.StartsWith("ASPNETCORE", StringComparison.OrdinalIgnoreCase)
            || name.StartsWith("DOTNET_ENVIRONMENT", StringComparison.OrdinalIgnoreCase)).ToArray())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }
}
