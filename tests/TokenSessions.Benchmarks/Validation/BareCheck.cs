using System.Security.Cryptography;
using System.Text;
using TokenSessions.Benchmarks.Measuring;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Benchmarks.Validation;

/// <summary>The platform's signature check alone, over bytes that lie ready: nobody who checks the signature can be faster.</summary>
internal sealed class BareCheck
{
    private readonly SignedTokens _issuer;
    private readonly (byte[] Input, byte[] Signature, byte[] Der)[] _checks;

    public BareCheck(SignedTokens issuer, IEnumerable<string> tokens)
    {
        _issuer = issuer;
        _checks = [.. tokens.Select(token =>
        {
            var dot = token.LastIndexOf('.');
            var signature = StrictBase64Url.Decode(token.AsSpan(dot + 1))!;
            return (Encoding.ASCII.GetBytes(token, 0, dot), signature, issuer.Ecdsa is null ? signature : Der(signature));
        })];
    }

    /// <summary>The ways the platform offers. The fastest is the limit.</summary>
    public IEnumerable<Contestant> Ways()
    {
        yield return Contestant.Of("VerifyData", VerifyData, _checks.Length);
        yield return Contestant.Of("VerifyHash", VerifyHash, _checks.Length);
        if (_issuer.Ecdsa is not null)
        {
            yield return Contestant.Of("VerifyHash of DER", VerifyDer, _checks.Length);
        }
    }

    public void VerifyHash(int times) => VerifyHash(0, times);

    public void VerifyHash(int first, int times)
    {
        var (ecdsa, rsa, algorithm) = (_issuer.Ecdsa, _issuer.Rsa, _issuer.Algorithm);
        Span<byte> hash = stackalloc byte[64];
        foreach (var (input, signature, _) in _checks.AsSpan(first, times))
        {
            var length = CryptographicOperations.HashData(algorithm.Hash, input, hash);
            MustHold(ecdsa is not null
                ? ecdsa.VerifyHash(hash[..length], signature)
                : rsa!.VerifyHash(hash[..length], signature, algorithm.Hash, algorithm.Padding!));
        }
    }

    private void VerifyData(int times)
    {
        var (ecdsa, rsa, algorithm) = (_issuer.Ecdsa, _issuer.Rsa, _issuer.Algorithm);
        foreach (var (input, signature, _) in _checks.AsSpan(0, times))
        {
            MustHold(ecdsa is not null
                ? ecdsa.VerifyData(input, signature, algorithm.Hash)
                : rsa!.VerifyData(input, signature, algorithm.Hash, algorithm.Padding!));
        }
    }

    private void VerifyDer(int times)
    {
        Span<byte> hash = stackalloc byte[64];
        foreach (var (input, _, der) in _checks.AsSpan(0, times))
        {
            var length = CryptographicOperations.HashData(_issuer.Algorithm.Hash, input, hash);
            MustHold(_issuer.Ecdsa!.VerifyHash(hash[..length], der, DSASignatureFormat.Rfc3279DerSequence));
        }
    }

    private static byte[] Der(byte[] signature)
    {
        var writer = new System.Formats.Asn1.AsnWriter(System.Formats.Asn1.AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(new System.Numerics.BigInteger(signature.AsSpan(..(signature.Length / 2)), isUnsigned: true, isBigEndian: true));
            writer.WriteInteger(new System.Numerics.BigInteger(signature.AsSpan((signature.Length / 2)..), isUnsigned: true, isBigEndian: true));
        }

        return writer.Encode();
    }

    private static void MustHold(bool isGood)
    {
        if (!isGood)
        {
            throw new InvalidOperationException("A good signature was refused.");
        }
    }
}
