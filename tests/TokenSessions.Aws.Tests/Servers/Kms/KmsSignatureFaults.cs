using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;

namespace TokenSessions.Aws.Tests.Servers.Kms;

/// <summary>Signatures as no healthy KMS sends them, or as it sends them only rarely.</summary>
internal static class KmsSignatureFaults
{
    /// <summary>What the answer carries as its signature; null for no such member.</summary>
    public static byte[]? Apply(KmsFault fault, KmsKey key, string algorithm, byte[] digest) => fault switch
    {
        KmsFault.NoSignature => null,
        KmsFault.EmptySignature => [],
        KmsFault.WrongSignature => key.Sign(algorithm, RandomNumberGenerator.GetBytes(digest.Length)),
        KmsFault.ShortR => Until(key, algorithm, digest, (r, _) => Length(r) < FieldLength(key)),
        KmsFault.ShortS => Until(key, algorithm, digest, (_, s) => Length(s) < FieldLength(key)),
        KmsFault.NegativeR => Negative(Until(key, algorithm, digest, (r, _) => r.GetByteCount() > Length(r))),
        _ => Damage(fault, key, key.Sign(algorithm, digest)),
    };

    private static byte[] Damage(KmsFault fault, KmsKey key, byte[] signature) => fault switch
    {
        KmsFault.TrailingByte => [.. signature, 0],
        KmsFault.Truncated => signature[..^1],
        KmsFault.WrongTag => [0x31, .. signature[1..]],
        KmsFault.LongFormLength => [0x30, 0x82, 0, (byte)Content(signature).Length, .. Content(signature)],
        KmsFault.PaddedR => Sequence([.. Padded(R(signature)), .. Integer(S(signature))]),
        KmsFault.ZeroR => Sequence([.. Integer(0), .. Integer(S(signature))]),
        KmsFault.OversizedR => Sequence([.. Integer(BigInteger.One << (8 * FieldLength(key))), .. Integer(S(signature))]),
        KmsFault.ThirdInteger => Sequence([.. Content(signature), .. Integer(1)]),
        _ => signature,
    };

    private static byte[] Until(KmsKey key, string algorithm, byte[] digest, Func<BigInteger, BigInteger, bool> isWanted)
    {
        while (true)
        {
            var signature = key.Sign(algorithm, digest);
            if (isWanted(R(signature), S(signature)))
            {
                return signature;
            }
        }
    }

    private static int FieldLength(KmsKey key) => (((ECDsa)key.Pair!).KeySize + 7) / 8;

    private static int Length(BigInteger number) => number.GetByteCount(isUnsigned: true);

    private static BigInteger R(byte[] signature) => new AsnReader(signature, AsnEncodingRules.DER).ReadSequence().ReadInteger();

    private static BigInteger S(byte[] signature)
    {
        var sequence = new AsnReader(signature, AsnEncodingRules.DER).ReadSequence();
        sequence.ReadInteger();
        return sequence.ReadInteger();
    }

    private static byte[] Content(byte[] signature) =>
        new AsnReader(signature, AsnEncodingRules.DER).PeekContentBytes().ToArray();

    private static byte[] Integer(BigInteger number)
    {
        var bytes = number.ToByteArray(isBigEndian: true);
        return [0x02, (byte)bytes.Length, .. bytes];
    }

    private static byte[] Padded(BigInteger number)
    {
        var bytes = number.ToByteArray(isBigEndian: true);
        return [0x02, (byte)(bytes.Length + 1), 0, .. bytes];
    }

    private static byte[] Negative(byte[] signature)
    {
        var r = R(signature).ToByteArray(isUnsigned: true, isBigEndian: true);
        return Sequence([0x02, (byte)r.Length, .. r, .. Integer(S(signature))]);
    }

    private static byte[] Sequence(byte[] content) => [0x30, (byte)content.Length, .. content];
}
