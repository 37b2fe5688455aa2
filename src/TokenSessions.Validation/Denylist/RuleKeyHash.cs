using System.Buffers.Binary;
using System.Security.Cryptography;

namespace TokenSessions.Validation.Denylist;

/// <summary>Spreads rule keys over a table, differently in every process.</summary>
/// <remarks>
/// A key is a part of a SHA-256, but of a value that a client may have chosen: it could try values until the keys of many meet
/// in one bucket, if it knew which keys do. So both halves are mixed with a secret of this process before they are multiplied.
/// </remarks>
internal static class RuleKeyHash
{
    private static readonly (ulong Upper, ulong Lower) Secret = NewSecret();

    /// <summary>64 bits, all of which depend on all of the key.</summary>
    public static ulong Of(RuleKey key)
    {
        var upper = Math.BigMul((ulong)(key.Value >> 64) ^ Secret.Upper, (ulong)key.Value ^ Secret.Lower, out var lower);
        return upper ^ lower;
    }

    private static (ulong Upper, ulong Lower) NewSecret()
    {
        Span<byte> bytes = stackalloc byte[2 * sizeof(ulong)];
        RandomNumberGenerator.Fill(bytes);
        return (BinaryPrimitives.ReadUInt64LittleEndian(bytes), BinaryPrimitives.ReadUInt64LittleEndian(bytes[sizeof(ulong)..]));
    }
}
