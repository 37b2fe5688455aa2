using System.Formats.Asn1;
using System.Security.Cryptography;
using TokenSessions.Aws.Keys;

namespace TokenSessions.Tests.Fuzzing;

/// <summary>An ECDSA signature in DER (RFC 3279 §2.2.3), as KMS answers it: one spelling of each, and no other.</summary>
internal sealed class SignatureTarget : IFuzzTarget
{
    private const int Coordinate = 32;

    private readonly byte[][] _signatures;

    public SignatureTarget()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        _signatures = [.. Enumerable.Range(0, 20).Select(i => key.SignData([(byte)i], HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence))];
    }

    public FuzzInput Next(Random random)
    {
        var signature = _signatures[random.Next(_signatures.Length)];
        return FuzzInput.Of(random.Next(20) == 0 ? signature : ByteMutator.Mutate(random, signature, _signatures));
    }

    public Task<bool> RunAsync(FuzzInput input)
    {
        var isTaken = EcdsaSignature.TryConvert(input.Bytes, Coordinate, out var signature);
        FuzzFindingException.ThrowUnless(
            !isTaken || Write(signature).AsSpan().SequenceEqual(input.Bytes), "It is not what the same numbers are written as.");
        return Task.FromResult(isTaken);
    }

    public ValueTask DisposeAsync() => default;

    private static byte[] Write(byte[] signature)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            WriteNumber(writer, signature.AsSpan(0, Coordinate));
            WriteNumber(writer, signature.AsSpan(Coordinate));
        }

        return writer.Encode();
    }

    private static void WriteNumber(AsnWriter writer, ReadOnlySpan<byte> number) =>
        writer.WriteIntegerUnsigned(number.TrimStart((byte)0) is { IsEmpty: false } digits ? digits : [0]);
}
