using System.Diagnostics;
using System.Globalization;

namespace TokenSessions.Benchmarks.Traffic;

/// <summary>A core for the servers and one for the clients, so that neither takes the other's time: ratios are steadier.</summary>
/// <remarks>With <c>taskset</c> (util-linux), which unlike the platform moves every thread of a process. Without it nobody is pinned.</remarks>
internal static class Cores
{
    private static readonly string[] Allowed = [.. Enumerable.Range(0, nint.Size * 8)
        .Where(core => ((OperatingSystem.IsLinux() ? Process.GetCurrentProcess().ProcessorAffinity : 0) >> core & 1) != 0)
        .Select(core => core.ToString(CultureInfo.InvariantCulture))];

    private static readonly bool CanPin = Allowed.Length > 1 && File.Exists("/usr/bin/taskset");

    /// <summary>For the caption of a table.</summary>
    public static string Description => CanPin ? "client and server on one core each" : "client and server share all cores";

    /// <summary>A command that runs another on the servers' core.</summary>
    public static (string Program, string[] Arguments) ForServer(string program, params string[] arguments) =>
        CanPin ? ("taskset", ["-c", Allowed[1], program, .. arguments]) : (program, arguments);

    /// <summary>Moves this process to the clients' core, and back to all of them.</summary>
    public static IDisposable ForClient() => new Pinned();

    private sealed class Pinned : IDisposable
    {
        public Pinned() => Pin(Allowed[..1]);

        public void Dispose() => Pin(Allowed);

        private static void Pin(string[] cores)
        {
            if (!CanPin)
            {
                return;
            }

            string[] arguments = ["-acp", string.Join(',', cores), Environment.ProcessId.ToString(CultureInfo.InvariantCulture)];
            using var taskset = Process.Start(new ProcessStartInfo("taskset", arguments) { RedirectStandardOutput = true })!;
            taskset.StandardOutput.ReadToEnd();
            taskset.WaitForExit();
        }
    }
}
