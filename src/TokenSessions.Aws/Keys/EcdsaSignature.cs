namespace TokenSessions.Aws.Keys;

/// <summary>An ECDSA signature as KMS answers it: DER (ANSI X9.62, RFC 3279 §2.2.3). JWS wants r‖s of fixed length (RFC 7518 §3.4).</summary>
/// <remarks>
/// Strict, so that a signature has one spelling: X.690 §8.3.2 and §10.1 ask for the shortest lengths and integers; r and s are
/// positive, fit the coordinate, and nothing follows them. Nothing in the input can make it throw.
/// </remarks>
internal static class EcdsaSignature
{
    private const byte Sequence = 0x30;
    private const byte Integer = 0x02;
    private const byte LongForm = 0x80;

    /// <summary>Converts SEQUENCE { r INTEGER, s INTEGER } to r‖s.</summary>
    /// <param name="der">Anything.</param>
    /// <param name="coordinateLength">Bytes of r and of s, at most 48: then every length of valid DER has the short form.</param>
    /// <param name="signature">r‖s; empty on failure.</param>
    public static bool TryConvert(ReadOnlySpan<byte> der, int coordinateLength, out byte[] signature)
    {
        var fixedLength = new byte[2 * coordinateLength];
        if (TryReadValue(ref der, Sequence, out var content) && der.IsEmpty
            && TryReadInteger(ref content, fixedLength.AsSpan(0, coordinateLength))
            && TryReadInteger(ref content, fixedLength.AsSpan(coordinateLength)) && content.IsEmpty)
        {
            signature = fixedLength;
            return true;
        }

        signature = [];
        return false;
    }

    private static bool TryReadInteger(ref ReadOnlySpan<byte> der, Span<byte> destination)
    {
        if (!TryReadValue(ref der, Integer, out var value) || value.IsEmpty || (value[0] & 0x80) != 0)
        {
            return false; // Missing or negative.
        }

        if (value[0] == 0)
        {
            value = value[1..];
            if (value.IsEmpty || (value[0] & 0x80) == 0)
            {
                return false; // Zero itself, or a zero in front that keeps nothing positive.
            }
        }

        if (value.Length > destination.Length)
        {
            return false;
        }

        value.CopyTo(destination[^value.Length..]);
        return true;
    }

    private static bool TryReadValue(ref ReadOnlySpan<byte> der, byte tag, out ReadOnlySpan<byte> value)
    {
        if (der.Length < 2 || der[0] != tag || der[1] >= LongForm || der[1] > der.Length - 2)
        {
            value = [];
            return false;
        }

        value = der.Slice(2, der[1]);
        der = der[(2 + der[1])..];
        return true;
    }
}
