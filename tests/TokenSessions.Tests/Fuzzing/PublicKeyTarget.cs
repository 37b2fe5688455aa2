using System.Security.Cryptography;
using TokenSessions.Aws.Keys;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Tests.Fuzzing;

/// <summary>A public key in DER (RFC 5280 §4.1), as KMS answers it.</summary>
internal sealed class PublicKeyTarget : IFuzzTarget
{
    private readonly byte[][] _keys;

    public PublicKeyTarget()
    {
        using var p256 = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var p521 = ECDsa.Create(ECCurve.NamedCurves.nistP521);
        using var rsa = RSA.Create(2048);
        using var described = ECDsa.Create(p256.ExportExplicitParameters(includePrivateParameters: false));
        _keys =
        [
            p256.ExportSubjectPublicKeyInfo(), p384.ExportSubjectPublicKeyInfo(), rsa.ExportSubjectPublicKeyInfo(),
            p521.ExportSubjectPublicKeyInfo(), described.ExportSubjectPublicKeyInfo(),
        ];
    }

    public FuzzInput Next(Random random)
    {
        var key = _keys[random.Next(3 + (2 * random.Next(2)))];
        return FuzzInput.Of(random.Next(20) == 0 ? key : ByteMutator.Mutate(random, key, _keys));
    }

    public Task<bool> RunAsync(FuzzInput input)
    {
        var taken = SignatureAlgorithm.All.Count(algorithm => IsRead(input.Bytes, algorithm));
        FuzzFindingException.ThrowUnless(taken <= 2, "It is a key for curves and RSA alike."); // One RSA key is good for two algorithms.
        return Task.FromResult(taken > 0);
    }

    public ValueTask DisposeAsync() => default;

    private static bool IsRead(byte[] bytes, SignatureAlgorithm algorithm)
    {
        if (PublishedHalf.Read(bytes, algorithm, out var problem) is not { } key)
        {
            FuzzFindingException.ThrowUnless(problem.Length > 0, "It was refused without a reason.");
            return false;
        }

        FuzzFindingException.ThrowUnless(key.Algorithm == algorithm && key.KeyId == key.Thumbprint(), "It is another key than was asked for.");
        return true;
    }
}
