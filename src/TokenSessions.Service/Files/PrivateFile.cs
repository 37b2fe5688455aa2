using System.Security.Cryptography;
using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Service.Files;

/// <summary>Files and directories that only the service's own user may read: 0600 and 0700. On Windows the profile's own rights hold.</summary>
internal static class PrivateFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnerDirectory = OwnerOnly | UnixFileMode.UserExecute;
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private const int SuffixLength = 8;

    /// <summary>Reads a whole file.</summary>
    /// <param name="path">The file; a link is followed.</param>
    /// <param name="maxLength">The largest file read, in bytes.</param>
    /// <exception cref="InvalidDataException">It is larger, or others may read or write it.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">We may not read it ourselves.</exception>
    public static byte[] Read(string path, int maxLength)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        // Asked of the open file, so that nobody can change what the path means in between.
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(file.SafeFileHandle) & Others) != 0)
        {
            throw new InvalidDataException($"{path} can be read or written by others; allow its owner alone: chmod 600 \"{path}\"");
        }

        if (file.Length > maxLength)
        {
            throw new InvalidDataException($"{path} has {file.Length} bytes; at most {maxLength} are read.");
        }

        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>Writes a whole file at once: whoever reads finds the old one or the new one, also after a crash at any moment.</summary>
    /// <param name="path">The file.</param>
    /// <param name="content">All of it.</param>
    /// <param name="beforeReplace">Runs when the content is durable under another name; if it throws, the old file stays.</param>
    public static void Write(string path, ReadOnlySpan<byte> content, Action? beforeReplace = null)
    {
        var temporary = $"{path}.{StrictBase64Url.Encode(RandomNumberGenerator.GetBytes(SuffixLength))}.tmp";
        try
        {
            using (var file = new FileStream(temporary, Options(FileMode.CreateNew, FileShare.None)))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }

            beforeReplace?.Invoke();
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }

        DirectoryFlush.Flush(Path.GetDirectoryName(Path.GetFullPath(path))!); // Else a power cut could bring the old file back.
    }

    /// <summary>Holds a lock file until disposed, so that two writers do not take turns in reading and replacing.</summary>
    /// <exception cref="IOException">Another process holds it.</exception>
    public static IDisposable Lock(string path) => new FileStream(path, Options(FileMode.OpenOrCreate, FileShare.None));

    /// <summary>Makes a directory for its owner alone, or checks that an existing one is.</summary>
    /// <exception cref="InvalidDataException">It exists and others may read it.</exception>
    public static void CreateDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
            return;
        }

        Directory.CreateDirectory(path, OwnerDirectory); // Changes nothing where it exists.
        var directory = new DirectoryInfo(path);
        if (directory.ResolveLinkTarget(returnFinalTarget: true) is DirectoryInfo target)
        {
            directory = target;
        }

        if ((directory.UnixFileMode & Others) != 0)
        {
            throw new InvalidDataException($"{path} can be read or written by others; allow its owner alone: chmod 700 \"{path}\"");
        }
    }

    private static FileStreamOptions Options(FileMode mode, FileShare share)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.Write, Share = share };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        return options;
    }
}
