using System.Security.Cryptography;
using TokenSessions.Aws.Keys;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Tests.Fuzzing;

/// <summary>Public keys that were once read otherwise than they should be.</summary>
public sealed class PublishedHalfTests
{
    [Fact]
    public void Refuses_a_key_on_a_curve_that_the_platform_does_not_know()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var der = key.ExportSubjectPublicKeyInfo();
        der[der.AsSpan().IndexOf(Convert.FromHexString("2A8648CE3D030107")) + 3] ^= 0x08; // The name of P-256 (RFC 5480 §2.1.1.1).

        Assert.Null(PublishedHalf.Read(der, SignatureAlgorithm.ES256, out var problem));
        Assert.Contains("canonical P-256 key", problem, StringComparison.Ordinal);
    }
}
