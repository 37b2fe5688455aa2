using System.Diagnostics;
using System.Globalization;

namespace TokenSessions.Benchmarks.Traffic;

/// <summary>A core for the servers and one for the clients, so that neither takes the other's time: ratios are steadier.</summary>
/// <remarks>With <c>taskset</c> (util-linux), which unlike the platform moves every thread of a process. Without it nobody is pinned.</remarks>
internal static class Cores
{
    private const string Client = "0";
    private const string Server = "1";

    private static readonly bool CanPin = Environment.ProcessorCount > 1 && File.Exists("/usr/bin/taskset");

    /// <summary>For the caption of a table.</summary>
    public static string Description => CanPin ? "client and server on one core each" : "client and server share all cores";

    /// <summary>A command that runs another on the servers' core.</summary>
    public static (string Program, string[] Arguments) ForServer(string program, params string[] arguments) =>
        CanPin ? ("taskset", ["-c", Server, program, .. arguments]) : (program, arguments);

    /// <summary>Moves this process to the clients' core, and back to all of them.</summary>
    public static IDisposable ForClient() => new Pinned();

    private sealed class Pinned : IDisposable
    {
        private readonly string _all = $"0-{Environment.ProcessorCount - 1}";

        public Pinned() => Pin(Client);

        public void Dispose() => Pin(_all);

        private static void Pin(string cores)
        {
            if (CanPin)
            {
                using var taskset = Process.Start(new ProcessStartInfo(
                    "taskset", ["-acp", cores, Environment.ProcessId.ToString(CultureInfo.InvariantCulture)]) { RedirectStandardOutput = true })!;
                taskset.WaitForExit();
            }
        }
    }
}
