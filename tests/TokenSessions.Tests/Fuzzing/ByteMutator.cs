using System.Buffers.Binary;

namespace TokenSessions.Tests.Fuzzing;

/// <summary>Changes bytes that stand for anything.</summary>
internal static class ByteMutator
{
    private static readonly byte[] Bytes = [0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0A, 0x20, 0x22, 0x2D, 0x30, 0x39, 0x5C, 0x7F, 0x80, 0x81, 0x82, 0x84, 0xA0, 0xC0, 0xFE, 0xFF];

    private static readonly long[] Numbers =
    [
        0, 1, -1, 2, 20, 40, 127, 128, 255, 256, short.MaxValue, ushort.MaxValue, 8192, 8193, int.MaxValue, int.MinValue, uint.MaxValue,
        long.MaxValue, long.MinValue, 253402300799999, 253402300800000, -62135596800000, -62135596800001,
    ];

    /// <param name="random">Decides.</param>
    /// <param name="bytes">A real input; not changed.</param>
    /// <param name="others">Parts of these may be put into it.</param>
    public static byte[] Mutate(Random random, byte[] bytes, params ReadOnlySpan<byte[]> others)
    {
        var changed = new List<byte>(bytes);
        for (var steps = random.Next(6) switch { 0 => 3, 1 => 2, _ => 1 }; steps > 0 && changed.Count > 0; steps--)
        {
            Change(random, changed, others.IsEmpty ? bytes : others[random.Next(others.Length)]);
        }

        return [.. changed];
    }

    private static void Change(Random random, List<byte> bytes, byte[] other)
    {
        var at = random.Next(bytes.Count);
        var length = Math.Min(random.Next(3) == 0 ? random.Next(1, 200) : random.Next(1, 9), bytes.Count - at);
        switch (random.Next(14))
        {
            case 0 or 1:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 2:
                bytes[at] = Bytes[random.Next(Bytes.Length)];
                break;
            case 3:
                bytes[at] = (byte)(bytes[at] + random.Next(-2, 3));
                break;
            case 4:
                bytes.Insert(at, Bytes[random.Next(Bytes.Length)]);
                break;
            case 5:
                bytes.RemoveRange(at, length);
                break;
            case 6:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 7:
                bytes.InsertRange(random.Next(bytes.Count + 1), bytes.GetRange(at, length));
                break;
            case 8:
                bytes.InsertRange(at, Part(random, other));
                break;
            case 9:
                Overwrite(bytes, at, Part(random, other));
                break;
            case 10 or 11:
                Overwrite(bytes, at, Number(random));
                break;
            case 12:
                Overwrite(bytes, at, [.. Enumerable.Repeat(random.Next(2) == 0 ? (byte)0 : (byte)0xFF, length)]);
                break;
            default:
                bytes.AddRange(random.Next(2) == 0 ? Part(random, other) : [.. Enumerable.Repeat(Bytes[random.Next(Bytes.Length)], random.Next(1, 2000))]);
                break;
        }
    }

    private static void Overwrite(List<byte> bytes, int at, byte[] with)
    {
        for (var i = 0; i < with.Length && at + i < bytes.Count; i++)
        {
            bytes[at + i] = with[i];
        }
    }

    private static byte[] Part(Random random, byte[] other)
    {
        var from = random.Next(other.Length);
        return other.AsSpan(from, random.Next(1, Math.Min(other.Length - from, 300) + 1)).ToArray();
    }

    /// <summary>Of 2, 4 or 8 bytes, either end first.</summary>
    private static byte[] Number(Random random)
    {
        var bytes = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, Numbers[random.Next(Numbers.Length)]);
        bytes = bytes[..(2 << random.Next(3))];
        if (random.Next(2) == 0)
        {
            bytes.AsSpan().Reverse();
        }

        return bytes;
    }
}
