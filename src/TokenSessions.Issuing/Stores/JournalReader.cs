using Microsoft.Win32.SafeHandles;

namespace TokenSessions.Issuing.Stores;

/// <summary>What a journal was found to hold.</summary>
/// <param name="FileId">From its header.</param>
/// <param name="SealedLength">From its header: the length at which the file got its name.</param>
/// <param name="Length">Where its good records end.</param>
/// <param name="LastWriteStart">Where the write began that brought the last of them.</param>
/// <param name="TornBytes">How many bytes of an unfinished write stand behind them.</param>
internal readonly record struct JournalContents(
    ulong FileId, long SealedLength, long Length, long LastWriteStart, long TornBytes);

/// <summary>Reads a journal from its beginning, and tells a torn tail from damage. Changes nothing.</summary>
/// <remarks>
/// <para>A crash can leave anything behind the end of the last finished write: a part of the unfinished one, or, after a loss
/// of power, some of its blocks and not others. Nothing of it was acknowledged: that is the torn tail, and it is cut off.</para>
/// <para>Before that point every byte was once on the disk. So if a record is bad, and behind it stands a good one whose own
/// write began behind it, then something acknowledged has been damaged, and the file must not be touched. What cannot be told
/// apart is damage inside the very last write: it looks like that write's crash.</para>
/// </remarks>
internal sealed class JournalReader(SafeFileHandle file, string path)
{
    private const int WindowLength = 1024 * 1024;
    private const int LongestFrame = JournalFormat.FrameLength + JournalFormat.MaxPayloadLength;

    private readonly byte[] _window = new byte[WindowLength];
    private readonly long _fileLength = RandomAccess.GetLength(file);
    private long _windowStart;
    private int _windowFilled;

    /// <summary>Fills the tables.</summary>
    /// <exception cref="SessionStoreUnavailableException">The file is damaged, or of a newer version.</exception>
    public JournalContents Read(JournalTables tables)
    {
        var problem = JournalFormat.ReadHeader(BytesAt(0, JournalFormat.HeaderLength), out var fileId, out var sealedLength);
        if (problem is not null)
        {
            throw new SessionStoreUnavailableException($"The journal {path} cannot be used: {problem}. Nothing was changed.");
        }

        long offset = JournalFormat.HeaderLength;
        var lastWriteStart = offset;
        while (JournalFormat.TryReadFrame(BytesAt(offset, LongestFrame), fileId, offset, out var payload, out var writeStart))
        {
            if (writeStart < JournalFormat.HeaderLength || writeStart > offset)
            {
                throw Unknown(offset); // Its write cannot have begun there, and is repeated from there.
            }

            Load(payload, offset, tables);
            lastWriteStart = Math.Max(writeStart, sealedLength);
            offset += JournalFormat.FrameLength + payload.Length;
        }

        if (offset < sealedLength)
        {
            throw Damaged(offset, $"the file was whole up to offset {sealedLength} when it was written");
        }

        if (FindLaterWrite(fileId, offset) is { } later)
        {
            throw Damaged(offset, $"good records follow at offset {later}");
        }

        return new(fileId, sealedLength, offset, Math.Min(lastWriteStart, offset), _fileLength - offset);
    }

    private void Load(ReadOnlySpan<byte> payload, long offset, JournalTables tables)
    {
        try
        {
            JournalRecord.Load(payload, tables);
        }
        catch (InvalidDataException e)
        {
            throw Unknown(offset, e);
        }
    }

    /// <summary>The checksum holds, so the bytes are as they were written.</summary>
    private SessionStoreUnavailableException Unknown(long offset, InvalidDataException? problem = null) => new(
        $"The journal {path} holds a record at offset {offset} that this program does not know: use the program that " +
        "wrote it, or a newer one. Nothing was changed.", problem);

    /// <summary>Where behind a bad record a good one stands that was written when the bad one had long been on the disk.</summary>
    private long? FindLaterWrite(ulong fileId, long bad)
    {
        for (var offset = bad + 1; offset <= _fileLength - JournalFormat.FrameLength; offset++)
        {
            if (JournalFormat.TryReadFrame(BytesAt(offset, LongestFrame), fileId, offset, out _, out var writeStart)
                && writeStart > bad)
            {
                return offset;
            }
        }

        return null;
    }

    private SessionStoreUnavailableException Damaged(long offset, string why) => new(
        $"The journal {path} is damaged at offset {offset}: {why}, so this is not the end of an interrupted write, and " +
        "acknowledged rules may be lost. Nothing was changed. Restore the file from a copy, or move it away to begin with " +
        "an empty store, in which nothing is revoked.");

    /// <summary>At most so many bytes from there, fewer only at the end of the file.</summary>
    private ReadOnlySpan<byte> BytesAt(long offset, int count)
    {
        count = (int)Math.Min(count, Math.Max(_fileLength - offset, 0));
        if (offset < _windowStart || offset + count > _windowStart + _windowFilled)
        {
            (_windowStart, _windowFilled) = (offset, 0);
            while (_windowFilled < _window.Length
                && RandomAccess.Read(file, _window.AsSpan(_windowFilled), offset + _windowFilled) is > 0 and var read)
            {
                _windowFilled += read;
            }
        }

        var start = (int)(offset - _windowStart);
        return _window.AsSpan(start, Math.Min(count, _windowFilled - start));
    }
}
