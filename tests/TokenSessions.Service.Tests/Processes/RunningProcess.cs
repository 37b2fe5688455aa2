using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using TokenSessions.Tests;

namespace TokenSessions.Service.Tests.Processes;

/// <summary>A host of ours in a process of its own, listening on loopback, with its own settings and nothing of this process's.</summary>
internal sealed class RunningProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(40);

    private readonly Process _process;
    private readonly TaskCompletionSource _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private RunningProcess(Process process, Uri address)
    {
        (_process, Address) = (process, address);
        process.OutputDataReceived += (_, line) => Take(line.Data);
        process.ErrorDataReceived += (_, line) => Take(line.Data);
    }

    public Uri Address { get; }

    /// <summary>True once it has listened.</summary>
    public bool HasListened => _listening.Task.IsCompleted;

    /// <summary>What the process has used of all processors so far.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>Everything the process has printed so far.</summary>
    public Transcript Printed { get; } = new();

    /// <inheritdoc cref="Printed"/>
    public string Output => $"{Printed}";

    /// <inheritdoc cref="SourceTree.Built"/>
    public static string Built(string project) => SourceTree.Built("src", project);

    /// <summary>An address on loopback where nobody listens now.</summary>
    public static Uri FreeAddress()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return new($"http://localhost:{((IPEndPoint)listener.LocalEndpoint).Port}");
    }

    /// <summary>A process that is to be started, with its own settings and nothing of this process's.</summary>
    /// <param name="program">An executable, or a <c>.dll</c> for the <c>dotnet</c> on the path.</param>
    /// <param name="settings">Environment variables; of one named twice the last counts.</param>
    /// <param name="arguments">Its arguments.</param>
    public static ProcessStartInfo Describe(
        string program, IEnumerable<KeyValuePair<string, string>> settings, params IEnumerable<string> arguments)
    {
        var isLibrary = program.EndsWith(".dll", StringComparison.Ordinal);
        var start = new ProcessStartInfo(isLibrary ? "dotnet" : program, isLibrary ? [program, .. arguments] : arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetDirectoryName(program),
        };
        foreach (var name in start.Environment.Keys.Where(IsSetting).ToArray())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in settings)
        {
            start.Environment[name] = value;
        }

        return start;
    }

    /// <summary>Starts a host and waits until it listens.</summary>
    /// <param name="program">An executable, or a <c>.dll</c> for the <c>dotnet</c> on the path.</param>
    /// <param name="address">Where it is to listen.</param>
    /// <param name="settings">Environment variables.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="arguments">Its arguments.</param>
    public static async Task<RunningProcess> StartAsync(
        string program, Uri address, IEnumerable<KeyValuePair<string, string>> settings, CancellationToken cancellationToken,
        params IEnumerable<string> arguments)
    {
        var running = Start(program, address, settings, arguments);
        await running.ListensAsync(cancellationToken);
        return running;
    }

    /// <summary>Starts a host, which may or may not come to listen.</summary>
    /// <inheritdoc cref="StartAsync"/>
    public static RunningProcess Start(
        string program, Uri address, IEnumerable<KeyValuePair<string, string>> settings, params IEnumerable<string> arguments)
    {
        var start = Describe(program, settings, arguments);
        start.Environment["ASPNETCORE_URLS"] = address.ToString().TrimEnd('/');
        var running = new RunningProcess(Process.Start(start)!, address);
        running._process.BeginOutputReadLine();
        running._process.BeginErrorReadLine();
        return running;
    }

    /// <summary>Waits until it listens.</summary>
    /// <exception cref="InvalidOperationException">It ended before; what it printed stands in the message.</exception>
    public async Task ListensAsync(CancellationToken cancellationToken)
    {
        var exit = _process.WaitForExitAsync(cancellationToken);
        if (await Task.WhenAny(_listening.Task, exit).WaitAsync(StartLimit, cancellationToken) == exit)
        {
            throw new InvalidOperationException($"{_process.StartInfo.FileName} {string.Join(' ', _process.StartInfo.ArgumentList)} ended before it listened:\n{Output}");
        }
    }

    /// <summary>Ends it, if it runs, and waits for the last it printed.</summary>
    public Task EndAsync() => _process.HasExited ? _process.WaitForExitAsync() : KillAsync();

    /// <summary>kill -9: no warning, no flush, no goodbye.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Asks the process to stop, as a container or a service manager does.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> StopAsync(CancellationToken cancellationToken)
    {
        using var kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await _process.WaitForExitAsync(cancellationToken).WaitAsync(StopLimit, cancellationToken);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        _process.Dispose();
        Printed.Dispose();
    }

    private static bool IsSetting(string name) =>
        name.StartsWith("ASPNETCORE_", StringComparison.Ordinal)
        || name.StartsWith("DOTNET_ENVIRONMENT", StringComparison.Ordinal)
        || name.StartsWith("TokenSessions__", StringComparison.Ordinal);

    private void Take(string? line)
    {
        Printed.Add(line);
        if (line?.Contains("Now listening on", StringComparison.Ordinal) == true)
        {
            _listening.TrySetResult();
        }
    }
}
