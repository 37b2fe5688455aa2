using System.Runtime.InteropServices;

namespace TokenSessions.Issuing.Stores;

/// <summary>Brings the names in a directory to the disk.</summary>
/// <remarks>
/// On Unix a file that was made or renamed, even a flushed one, can be lost with its name until its directory is flushed. The
/// BCL opens no directory, so this calls the system. Windows keeps names in its own journal and offers no such call.
/// </remarks>
internal static partial class DirectoryFlush
{
    private const int ReadOnly = 0; // O_RDONLY, on every Unix.

    public static void Flush(string directory)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var descriptor = Open(directory, ReadOnly);
        if (descriptor < 0)
        {
            throw Failure(directory);
        }

        try
        {
            if (Fsync(descriptor) != 0)
            {
                throw Failure(directory);
            }
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    private static IOException Failure(string directory) =>
        new($"The directory {directory} cannot be flushed to the disk: {Marshal.GetLastPInvokeErrorMessage()}");

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
