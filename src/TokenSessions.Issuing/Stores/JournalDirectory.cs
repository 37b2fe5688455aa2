using System.Globalization;

namespace TokenSessions.Issuing.Stores;

/// <summary>The directory of a journal: its files, who may see them, and the lock that makes this process their only owner.</summary>
internal sealed class JournalDirectory : IDisposable
{
    private const UnixFileMode OwnerOnlyFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnerOnlyDirectory = OwnerOnlyFile | UnixFileMode.UserExecute;
    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute |
        UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private readonly string _path;
    private readonly FileStream _lock;

    private JournalDirectory(string path, FileStream @lock) => (_path, _lock) = (path, @lock);

    public string JournalPath => Path.Combine(_path, "sessions.journal");

    /// <summary>A new journal before it gets its name. What a crash left of one is removed.</summary>
    public string UnfinishedPath => Path.Combine(_path, "sessions.journal.new");

    /// <summary>Never removed: whoever removes a lock file lets two owners lock two files of the same name.</summary>
    private static string LockPath(string directory) => Path.Combine(directory, "sessions.lock");

    /// <summary>Tells the next one who the owner is. A file of its own, since nobody can read a locked one.</summary>
    private static string OwnerPath(string directory) => Path.Combine(directory, "sessions.owner");

    /// <summary>Makes the directory if there is none, and becomes its owner.</summary>
    /// <exception cref="SessionStoreUnavailableException">It has an owner, or others than its user can get at it.</exception>
    public static JournalDirectory Own(string directory)
    {
        var path = Path.GetFullPath(directory);
        Create(path);
        RequirePrivate(path, "700");
        RequirePrivate(LockPath(path), "600");
        RequirePrivate(OwnerPath(path), "600");

        var owned = new JournalDirectory(path, Lock(path));
        try
        {
            RequirePrivate(owned.JournalPath, "600");
            using var owner = OpenFile(OwnerPath(path), FileMode.Create, FileShare.Read | FileShare.Delete);
            owner.Write(System.Text.Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
            return owned;
        }
        catch
        {
            owned._lock.Dispose();
            throw;
        }
    }

    /// <summary>Opens a file for reading and writing that nobody else can see, without a buffer of its own.</summary>
    public static FileStream OpenFile(string path, FileMode mode, FileShare share)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = share, BufferSize = 0 };
        if (!OperatingSystem.IsWindows() && mode is not FileMode.Open)
        {
            options.UnixCreateMode = OwnerOnlyFile;
        }

        return new(path, options);
    }

    /// <summary>Brings the names of the files to the disk.</summary>
    public void Flush() => DirectoryFlush.Flush(_path);

    /// <summary>Removes what a crash left of a new journal.</summary>
    public void RemoveUnfinished() => File.Delete(UnfinishedPath);

    /// <summary>Gives the directory up.</summary>
    public void Dispose()
    {
        if (!_lock.CanRead)
        {
            return; // Given up already: the hint may be the next owner's.
        }

        try
        {
            File.Delete(OwnerPath(_path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is only a hint, and the lock decides.
        }

        _lock.Dispose();
    }

    private static void Create(string path)
    {
        var missing = new Stack<string>();
        for (var at = path; !Directory.Exists(at) && Path.GetDirectoryName(at) is { } parent; at = parent)
        {
            missing.Push(at);
        }

        // From the top, each one flushed: the journal is no safer than the names that lead to it.
        foreach (var directory in missing)
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(directory);
            }
            else
            {
                Directory.CreateDirectory(directory, OwnerOnlyDirectory);
            }

            DirectoryFlush.Flush(Path.GetDirectoryName(directory)!);
        }
    }

    private static void RequirePrivate(string path, string remedy)
    {
        if (!OperatingSystem.IsWindows() && Path.Exists(path) && (File.GetUnixFileMode(path) & Others) != 0)
        {
            throw new SessionStoreUnavailableException(
                $"Other users can get at {path}, which holds who was denied and why. Allow its owner alone: chmod {remedy} '{path}'");
        }
    }

    /// <summary>Locks the directory; the system frees the lock when the process ends, however it ends.</summary>
    private static FileStream Lock(string path)
    {
        FileStream @lock;
        try
        {
            @lock = OpenFile(LockPath(path), FileMode.OpenOrCreate, FileShare.None);
        }
        catch (IOException e) when (IsLocked(e))
        {
            throw new SessionStoreUnavailableException(
                $"The store in {path} is in use by {Owner(path)}. One process at a time can own it: end that one, or give this " +
                "one a data directory of its own.", e);
        }

        try
        {
            // Some network file systems, and a setting of the runtime, turn locks off without a word.
            using var second = OpenFile(LockPath(path), FileMode.Open, FileShare.None);
        }
        catch (IOException e) when (IsLocked(e))
        {
            return @lock; // As it should be.
        }
        catch
        {
            @lock.Dispose();
            throw;
        }

        @lock.Dispose();
        throw new SessionStoreUnavailableException(
            $"Files in {path} cannot be locked, so two processes could own the store. Put it on a local disk, and do not set " +
            "DOTNET_SYSTEM_IO_DISABLEFILELOCKING.");
    }

    /// <summary>True if the file is locked by another handle: EWOULDBLOCK of Linux or macOS, or a sharing violation of Windows.</summary>
    private static bool IsLocked(IOException e) => (e.HResult & 0xFFFF) is 11 or 35 or 32;

    private static string Owner(string path)
    {
        try
        {
            var text = File.ReadAllText(OwnerPath(path));
            return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                ? id == Environment.ProcessId ? $"this process ({id}) already" : $"process {id}"
                : "another process";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "another process";
        }
    }
}
