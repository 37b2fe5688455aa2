using System.Buffers.Binary;
using System.Numerics;

namespace TokenSessions.Tests.Fuzzing;

/// <summary>Takes a journal apart into its payloads, and writes one of any payloads, checksums and all.</summary>
internal static class JournalFiles
{
    private const int HeaderLength = 40;
    private const int FrameLength = 20;
    private const int ChecksumAt = 4;

    public static List<byte[]> Payloads(byte[] journal)
    {
        var payloads = new List<byte[]>();
        for (var offset = HeaderLength; offset < journal.Length; offset += FrameLength + payloads[^1].Length)
        {
            payloads.Add(journal.AsSpan(offset + FrameLength, BinaryPrimitives.ReadInt32LittleEndian(journal.AsSpan(offset))).ToArray());
        }

        return payloads;
    }

    /// <summary>A journal with the header of another, each payload in a write of its own.</summary>
    public static byte[] Write(byte[] headerOf, IEnumerable<byte[]> payloads)
    {
        var journal = new List<byte>(headerOf[..HeaderLength]);
        var fileId = BinaryPrimitives.ReadUInt64LittleEndian(headerOf.AsSpan(16));
        foreach (var payload in payloads)
        {
            byte[] frame = [.. new byte[FrameLength], .. payload];
            BinaryPrimitives.WriteInt32LittleEndian(frame, payload.Length);
            BinaryPrimitives.WriteInt64LittleEndian(frame.AsSpan(8), journal.Count);
            BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(ChecksumAt), Checksum(fileId, frame));
            journal.AddRange(frame);
        }

        return [.. journal];
    }

    /// <summary>CRC32C over the file's id and the frame without its checksum.</summary>
    private static uint Checksum(ulong fileId, byte[] frame)
    {
        var checksum = BitOperations.Crc32C(uint.MaxValue, fileId);
        foreach (var one in frame.Take(ChecksumAt).Concat(frame.Skip(ChecksumAt + sizeof(uint))))
        {
            checksum = BitOperations.Crc32C(checksum, one);
        }

        return ~checksum;
    }
}
