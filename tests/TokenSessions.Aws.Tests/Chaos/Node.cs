using System.Globalization;
using TokenSessions.Service.Tests.Processes;

namespace TokenSessions.Aws.Tests.Chaos;

/// <summary>One of the four processes, always at the same address, whichever start of it runs.</summary>
/// <param name="address">Where it listens.</param>
/// <param name="clock">Its clock; null for the machine's.</param>
/// <param name="start">Starts it with changes to its environment.</param>
internal sealed class Node(Uri address, FakedClock? clock, Func<IReadOnlyDictionary<string, string>, Task<RunningProcess>> start)
{
    private RunningProcess? _process;
    private int _changes;

    public Uri Address => address;

    /// <summary>Grows with each start and kill; odd while it runs.</summary>
    public int Changes => Volatile.Read(ref _changes);

    public bool IsRunning => Changes % 2 == 1;

    /// <summary>True once its clock has been set: what it says of times is then not compared.</summary>
    public bool IsShifted { get; private set; }

    public async Task StartAsync(IReadOnlyDictionary<string, string>? overrides = null)
    {
        _process = await start(new Dictionary<string, string>([.. clock?.Settings ?? [], .. overrides ?? new Dictionary<string, string>()]));
        Interlocked.Increment(ref _changes);
    }

    /// <summary>Starts it with settings by which it may end before it listens.</summary>
    public async Task TryStartAsync(IReadOnlyDictionary<string, string> overrides)
    {
        try
        {
            await StartAsync(overrides);
        }
        catch (InvalidOperationException)
        {
            // A service that cannot reach its store at its start ends, and says why.
        }
    }

    /// <summary>kill -9, if it runs.</summary>
    public async Task KillAsync()
    {
        if (IsRunning)
        {
            Interlocked.Increment(ref _changes);
            await _process!.KillAsync();
        }
    }

    /// <summary>Sets its clock while it runs.</summary>
    public void Shift(TimeSpan by)
    {
        IsShifted = true;
        clock!.Set(by);
    }
}

/// <summary>The wall clock of a process to be started, from the library libfaketime, which can be set while the process runs.</summary>
internal sealed class FakedClock : IDisposable
{
    private const string Name = "libfaketimeMT.so.1";

    /// <summary>Where Debian's package, and others, put it.</summary>
    private static readonly string[] Folders =
        ["/usr/lib/x86_64-linux-gnu/faketime", "/usr/lib/aarch64-linux-gnu/faketime", "/usr/lib64/faketime", "/usr/lib/faketime", "/usr/local/lib/faketime"];

    private readonly string _file = Path.GetTempFileName();

    public FakedClock() => Set(TimeSpan.Zero);

    /// <summary>Null where it is not installed.</summary>
    public static string? Library => Folders.Select(folder => Path.Combine(folder, Name)).FirstOrDefault(File.Exists);

    /// <summary>What the process needs in its environment. The monotonic clock, by which waits are measured, stays the machine's.</summary>
    public IEnumerable<KeyValuePair<string, string>> Settings =>
    [
        new("LD_PRELOAD", Library!),
        new("FAKETIME_TIMESTAMP_FILE", _file),
        new("FAKETIME_CACHE_DURATION", "1"),
        new("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        new("FAKETIME_FORCE_MONOTONIC_FIX", "0"), // Else waits of .NET end at once, again and again (measured: a busy processor).
        new("NO_FAKE_STAT", "1"),
    ];

    /// <summary>Sets the clock, within the second that the library keeps what it has read.</summary>
    public void Set(TimeSpan offset) => File.WriteAllText(_file, string.Create(CultureInfo.InvariantCulture, $"{offset.TotalSeconds:+0;-0;+0}\n"));

    public void Dispose() => File.Delete(_file);
}
