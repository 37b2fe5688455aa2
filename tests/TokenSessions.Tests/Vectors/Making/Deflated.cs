namespace TokenSessions.Tests.Vectors.Making;

/// <summary>Deflated bytes (RFC 1951), put together by hand: what the platform's compressor makes may differ from one build to the next.</summary>
internal static class Deflated
{
    /// <summary>One block that is not compressed (§3.2.4).</summary>
    /// <param name="bytes">At most 65,535.</param>
    public static byte[] Stored(byte[] bytes)
    {
        var (low, high) = ((byte)bytes.Length, (byte)(bytes.Length >> 8));
        return [1, low, high, (byte)~low, (byte)~high, .. bytes];
    }

    /// <summary>A bomb: one space, and so many times 258 more of them in 13 bits each (§3.2.5 and §3.2.6).</summary>
    public static byte[] Spaces(int matches)
    {
        var bits = new List<bool> { true, true, false }; // The last block; fixed codes, whose number is written low bit first.
        Write(bits, 0x30 + ' ', 8);
        for (var i = 0; i < matches; i++)
        {
            Write(bits, 0xC0 + 285 - 280, 8); // A length of 258 ...
            Write(bits, 0, 5); // ... from one byte back.
        }

        Write(bits, 0, 7); // The end.
        var bytes = new byte[(bits.Count + 7) / 8];
        for (var i = 0; i < bits.Count; i++)
        {
            bytes[i / 8] |= (byte)((bits[i] ? 1 : 0) << (i % 8));
        }

        return bytes;
    }

    /// <summary>A code, high bit first (§3.1.1).</summary>
    private static void Write(List<bool> bits, int code, int length)
    {
        for (var bit = length - 1; bit >= 0; bit--)
        {
            bits.Add((code >> bit & 1) == 1);
        }
    }
}
