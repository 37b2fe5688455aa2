using System.Buffers;
using System.Security.Cryptography;

namespace TokenSessions.Issuing.Stores;

/// <summary>The open journal file: appends to it, and puts a compacted one in its place. One caller at a time.</summary>
internal sealed class JournalFile : IDisposable
{
    /// <summary>A journal below this size is never compacted: 4 MB.</summary>
    private const long LeastCompactedLength = 4 * 1024 * 1024;

    /// <summary>A journal is compacted when it is this many times as long as the last compaction left it.</summary>
    private const int CompactionRatio = 2;

    /// <summary>How much of a compacted file is handed to the system at once.</summary>
    private const int ChunkLength = 1024 * 1024;

    private readonly JournalDirectory _directory;
    private readonly ArrayBufferWriter<byte> _frames = new();
    private FileStream _file;
    private ulong _fileId;
    private long _sealedLength;
    private long _length;

    private JournalFile(JournalDirectory directory, FileStream file) => (_directory, _file) = (directory, file);

    /// <summary>True when more than half of the file may be changes that no longer matter.</summary>
    public bool IsCompactionDue => _length > LeastCompactedLength && _length > CompactionRatio * _sealedLength;

    /// <summary>A journal with no records.</summary>
    public static JournalFile Create(JournalDirectory directory)
    {
        var (file, fileId, length) = WriteWhole(directory, JournalImage.Empty);
        PutInPlace(directory);
        return new(directory, file) { _fileId = fileId, _sealedLength = length, _length = length };
    }

    /// <summary>Opens a journal that exists, fills the tables, cuts off a torn tail and removes what an unfinished compaction left.</summary>
    public static (JournalFile File, JournalContents Contents) Open(JournalDirectory directory, JournalTables tables)
    {
        var file = JournalDirectory.OpenFile(directory.JournalPath, FileMode.Open, FileShare.Read | FileShare.Delete);
        try
        {
            var contents = new JournalReader(file.SafeFileHandle, directory.JournalPath).Read(tables);
            Settle(file, contents);
            directory.RemoveUnfinished();
            directory.Flush(); // A crash may have come between the rename and the flush of a compaction.
            return (new(directory, file)
            {
                _fileId = contents.FileId,
                _sealedLength = contents.SealedLength,
                _length = contents.Length,
            }, contents);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Writes the payloads behind the others, and returns when they are on the disk.</summary>
    public void Append(PendingWrites writes)
    {
        _frames.ResetWrittenCount();
        foreach (var payload in writes.Payloads)
        {
            JournalFormat.WriteFrame(_frames, _fileId, _length + _frames.WrittenCount, _length, payload.Span);
        }

        RandomAccess.Write(_file.SafeFileHandle, _frames.WrittenSpan, _length);
        RandomAccess.FlushToDisk(_file.SafeFileHandle);
        _length += _frames.WrittenCount;
    }

    /// <summary>Puts a file with these items alone in the place of the journal, and returns when that is on the disk.</summary>
    /// <remarks>
    /// Until the rename the old file is whole, and a crash leaves only a file of another name, removed at the next start. The
    /// rename happens after the new file is on the disk, and whatever of the two a loss of power then leaves under the name
    /// holds all that was acknowledged: nothing is until the directory is on the disk as well.
    /// </remarks>
    public void Replace(JournalImage image)
    {
        var (file, fileId, length) = WriteWhole(_directory, image);
        var old = _file;
        (_file, _fileId, _sealedLength, _length) = (file, fileId, length, length);
        old.Dispose(); // Before the rename: Windows does not replace an open file.
        PutInPlace(_directory);
    }

    public void Dispose() => _file.Dispose();

    private static (FileStream File, ulong FileId, long Length) WriteWhole(JournalDirectory directory, JournalImage image)
    {
        directory.RemoveUnfinished();
        var file = JournalDirectory.OpenFile(directory.UnfinishedPath, FileMode.CreateNew, FileShare.Read | FileShare.Delete);
        try
        {
            Span<byte> id = stackalloc byte[sizeof(ulong)];
            RandomNumberGenerator.Fill(id);
            var fileId = BitConverter.ToUInt64(id);

            var chunk = new ArrayBufferWriter<byte>(ChunkLength);
            long written = JournalFormat.HeaderLength;
            foreach (var payload in image.Payloads(new byte[JournalFormat.MaxPayloadLength]))
            {
                var offset = written + chunk.WrittenCount;
                JournalFormat.WriteFrame(chunk, fileId, offset, offset, payload.Span);
                if (chunk.WrittenCount >= ChunkLength)
                {
                    WriteChunk();
                }
            }

            WriteChunk();
            Span<byte> header = stackalloc byte[JournalFormat.HeaderLength];
            JournalFormat.WriteHeader(header, fileId, written);
            RandomAccess.Write(file.SafeFileHandle, header, 0);
            RandomAccess.FlushToDisk(file.SafeFileHandle);
            return (file, fileId, written);

            void WriteChunk()
            {
                RandomAccess.Write(file.SafeFileHandle, chunk.WrittenSpan, written);
                written += chunk.WrittenCount;
                chunk.ResetWrittenCount();
            }
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static void PutInPlace(JournalDirectory directory)
    {
        File.Move(directory.UnfinishedPath, directory.JournalPath, overwrite: true);
        directory.Flush();
    }

    /// <summary>Cuts off the torn tail, and makes sure that all that was read is on the disk.</summary>
    /// <remarks>
    /// A process that was killed before its flush leaves records that can be read and yet may be lost. Where its flush failed,
    /// the system may believe that they were written: so the last write is repeated, and then flushed.
    /// </remarks>
    private static void Settle(FileStream file, JournalContents contents)
    {
        if (contents.TornBytes > 0)
        {
            RandomAccess.SetLength(file.SafeFileHandle, contents.Length);
        }

        var lastWrite = new byte[contents.Length - contents.LastWriteStart];
        file.Seek(contents.LastWriteStart, SeekOrigin.Begin);
        file.ReadExactly(lastWrite);
        RandomAccess.Write(file.SafeFileHandle, lastWrite, contents.LastWriteStart);
        RandomAccess.FlushToDisk(file.SafeFileHandle);
    }
}
