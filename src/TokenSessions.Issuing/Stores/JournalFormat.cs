using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;

namespace TokenSessions.Issuing.Stores;

/// <summary>How bytes stand in a journal: one header, then frames of one record each. Numbers are little-endian.</summary>
/// <remarks>
/// <code>
/// header  0 magic (8)   8 version (4)   12 checksum of the other 36 bytes (4)   16 file id (8, random)
///         24 sealed length (8)   32 zero (8)
/// frame   0 payload length (4)   4 checksum (4)   8 own offset (8)   16 distance back to the start of its write (4)
///         20 payload
/// </code>
/// <para>The checksum is CRC32C: it finds every damage of up to 32 bits in a row, and it is in the BCL and in the processor
/// (<see cref="BitOperations"/>); the other checksums are in packages. It is no protection against someone who may write to
/// the file. It covers the file id, so that no other file's records, in reused blocks of the disk, pass for this one's.</para>
/// <para>Everything before the start of a record's write was durable when that write began, and everything before the
/// sealed length when the file got its name. So damage there is never a torn tail (<see cref="JournalReader"/>).</para>
/// </remarks>
internal static class JournalFormat
{
    public const uint Version = 1;
    public const int HeaderLength = 40;
    public const int FrameLength = 20;

    /// <summary>More than the largest record <see cref="StoreLimits"/> allows: all its texts at their longest, and 128 bytes.</summary>
    public const int MaxPayloadLength = 8 * 1024;

    private const int ChecksumAt = sizeof(uint);
    private const int HeaderChecksumAt = 12;

    /// <summary>With a byte that is not text and both kinds of line end, so that a transfer as text shows.</summary>
    private static ReadOnlySpan<byte> Magic => "\u0007TSJ\r\n\u001a\n"u8;

    public static void WriteHeader(Span<byte> header, ulong fileId, long sealedLength)
    {
        header.Clear();
        Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], Version);
        BinaryPrimitives.WriteUInt64LittleEndian(header[16..], fileId);
        BinaryPrimitives.WriteInt64LittleEndian(header[24..], sealedLength);
        BinaryPrimitives.WriteUInt32LittleEndian(header[HeaderChecksumAt..], HeaderChecksum(header));
    }

    /// <summary>Reads the header, or says what is wrong with it.</summary>
    public static string? ReadHeader(ReadOnlySpan<byte> header, out ulong fileId, out long sealedLength)
    {
        (fileId, sealedLength) = (0, 0);
        if (header.Length < HeaderLength || !header.StartsWith(Magic))
        {
            return "it is not a journal of TokenSessions, or its first bytes are damaged";
        }

        var version = BinaryPrimitives.ReadUInt32LittleEndian(header[8..]);
        if (version != Version)
        {
            return $"its format is version {version}, and this program reads version {Version}: use the program that wrote it, or a newer one";
        }

        fileId = BinaryPrimitives.ReadUInt64LittleEndian(header[16..]);
        sealedLength = BinaryPrimitives.ReadInt64LittleEndian(header[24..]);
        return BinaryPrimitives.ReadUInt32LittleEndian(header[HeaderChecksumAt..]) == HeaderChecksum(header)
            ? null
            : "its header is damaged";
    }

    /// <summary>Appends one frame.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="fileId">Of the file it is for.</param>
    /// <param name="offset">Where it will stand.</param>
    /// <param name="writeStart">Where the write will begin that brings it to the disk.</param>
    /// <param name="payload">1 to <see cref="MaxPayloadLength"/> bytes.</param>
    public static void WriteFrame(
        ArrayBufferWriter<byte> output, ulong fileId, long offset, long writeStart, ReadOnlySpan<byte> payload)
    {
        var frame = output.GetSpan(FrameLength + payload.Length)[..(FrameLength + payload.Length)];
        BinaryPrimitives.WriteInt32LittleEndian(frame, payload.Length);
        BinaryPrimitives.WriteInt64LittleEndian(frame[8..], offset);
        BinaryPrimitives.WriteInt32LittleEndian(frame[16..], checked((int)(offset - writeStart)));
        payload.CopyTo(frame[FrameLength..]);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[ChecksumAt..], FrameChecksum(fileId, frame));
        output.Advance(frame.Length);
    }

    /// <summary>Reads the frame that begins where <paramref name="bytes"/> do.</summary>
    /// <returns>False if no whole, undamaged frame of this file stands there.</returns>
    public static bool TryReadFrame(
        ReadOnlySpan<byte> bytes, ulong fileId, long offset, out ReadOnlySpan<byte> payload, out long writeStart)
    {
        payload = default;
        writeStart = 0;
        if (bytes.Length < FrameLength || BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]) != offset)
        {
            return false;
        }

        var length = BinaryPrimitives.ReadInt32LittleEndian(bytes);
        if (length is < 1 or > MaxPayloadLength || length > bytes.Length - FrameLength)
        {
            return false;
        }

        var frame = bytes[..(FrameLength + length)];
        if (BinaryPrimitives.ReadUInt32LittleEndian(frame[ChecksumAt..]) != FrameChecksum(fileId, frame))
        {
            return false;
        }

        payload = frame[FrameLength..];
        writeStart = offset - BinaryPrimitives.ReadInt32LittleEndian(frame[16..]);
        return true;
    }

    private static uint HeaderChecksum(ReadOnlySpan<byte> header) =>
        ~Crc32C(Crc32C(uint.MaxValue, header[..HeaderChecksumAt]), header[(HeaderChecksumAt + sizeof(uint))..HeaderLength]);

    private static uint FrameChecksum(ulong fileId, ReadOnlySpan<byte> frame)
    {
        var crc = BitOperations.Crc32C(uint.MaxValue, fileId);
        crc = Crc32C(crc, frame[..ChecksumAt]);
        return ~Crc32C(crc, frame[(ChecksumAt + sizeof(uint))..]);
    }

    private static uint Crc32C(uint crc, ReadOnlySpan<byte> bytes)
    {
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        }

        foreach (var one in bytes)
        {
            crc = BitOperations.Crc32C(crc, one);
        }

        return crc;
    }
}
