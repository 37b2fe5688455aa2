using System.Buffers.Binary;
using System.Numerics;

namespace TokenSessions.Tests.Fuzzing;

/// <summary>Takes a journal apart into its payloads, and writes one of any payloads, checksums and all.</summary>
internal static class JournalFiles
{
    private const int HeaderLength = 40;
    private const int FrameLength = 20;
    private const int ChecksumAt = 4;
    private const int HeaderChecksumAt = 12;
    private const int SealedLengthAt = 24;
    private const int DistanceAt = 16;

    public static List<byte[]> Payloads(byte[] journal)
    {
        var payloads = new List<byte[]>();
        for (var offset = HeaderLength; offset < journal.Length; offset += FrameLength + payloads[^1].Length)
        {
            payloads.Add(journal.AsSpan(offset + FrameLength, BinaryPrimitives.ReadInt32LittleEndian(journal.AsSpan(offset))).ToArray());
        }

        return payloads;
    }

    /// <summary>A journal with the header of another.</summary>
    /// <param name="headerOf">The other.</param>
    /// <param name="payloads">Its records.</param>
    /// <param name="sealedLength">The length at which it is said to have got its name; null for what the header says.</param>
    /// <param name="distance">How far before a record, given where that begins, its write is said to have begun.</param>
    public static byte[] Write(byte[] headerOf, IEnumerable<byte[]> payloads, long? sealedLength, Func<int, int> distance)
    {
        var header = headerOf[..HeaderLength];
        BinaryPrimitives.WriteInt64LittleEndian(
            header.AsSpan(SealedLengthAt), sealedLength ?? BinaryPrimitives.ReadInt64LittleEndian(header.AsSpan(SealedLengthAt)));
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(HeaderChecksumAt), Checksum(uint.MaxValue, header, HeaderChecksumAt));
        var journal = new List<byte>(header);
        var fileId = BinaryPrimitives.ReadUInt64LittleEndian(headerOf.AsSpan(16));
        foreach (var payload in payloads)
        {
            byte[] frame = [.. new byte[FrameLength], .. payload];
            BinaryPrimitives.WriteInt32LittleEndian(frame, payload.Length);
            BinaryPrimitives.WriteInt64LittleEndian(frame.AsSpan(8), journal.Count);
            BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(DistanceAt), distance(journal.Count));
            BinaryPrimitives.WriteUInt32LittleEndian(
                frame.AsSpan(ChecksumAt), Checksum(BitOperations.Crc32C(uint.MaxValue, fileId), frame, ChecksumAt));
            journal.AddRange(frame);
        }

        return [.. journal];
    }

    /// <summary>CRC32C, from a beginning, over bytes without the checksum among them.</summary>
    private static uint Checksum(uint checksum, byte[] bytes, int checksumAt)
    {
        foreach (var one in bytes.Take(checksumAt).Concat(bytes.Skip(checksumAt + sizeof(uint))))
        {
            checksum = BitOperations.Crc32C(checksum, one);
        }

        return ~checksum;
    }
}
