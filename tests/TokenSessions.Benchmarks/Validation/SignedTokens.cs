using System.Security.Cryptography;
using System.Text;
using TokenSessions.Validation.Jose;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Benchmarks.Validation;

/// <summary>An issuer's key and tokens under it, of the size and with the claims that real ones have.</summary>
internal sealed class SignedTokens : IDisposable
{
    public const string Issuer = "https://id.example.com";
    public const string Audience = "https://api.example.com";
    public const string Type = "at+jwt";

    private const int RsaBits = 2048; // The shortest allowed: the check is cheapest, so what we add to it weighs most.

    private readonly string _header;

    public SignedTokens(SignatureAlgorithm algorithm)
    {
        Algorithm = algorithm;
        Ecdsa = algorithm.IsEllipticCurve ? ECDsa.Create(algorithm.Curve) : null;
        Rsa = algorithm.IsEllipticCurve ? null : RSA.Create(RsaBits);
        Key = Ecdsa is not null ? VerificationKey.From(Ecdsa, algorithm) : VerificationKey.From(Rsa!, algorithm);
        _header = Encode($$"""{"alg":"{{algorithm}}","kid":"{{Key.KeyId}}","typ":"{{Type}}"}""");
    }

    public SignatureAlgorithm Algorithm { get; }

    /// <summary>For a row.</summary>
    public string Name => Rsa is null ? Algorithm.Name : $"{Algorithm} ({RsaBits:N0} bits)";

    public VerificationKey Key { get; }

    public ECDsa? Ecdsa { get; }

    public RSA? Rsa { get; }

    /// <summary>So many different tokens, good for an hour. Made on every core.</summary>
    public string[] Sign(int count)
    {
        var tokens = new string[count];
        Parallel.For(0, count, i => tokens[i] = Sign($"user-{i:000000}"));
        return tokens;
    }

    public string Sign(string subject) => Sign(_header, Claims(subject));

    /// <summary>Any header, signed or not as it may be: with a signature of this key.</summary>
    public string Sign(string encodedHeader, string claims)
    {
        var input = $"{encodedHeader}.{Encode(claims)}";
        return $"{input}.{StrictBase64Url.Encode(Sign(Encoding.ASCII.GetBytes(input)))}";
    }

    public byte[] Sign(byte[] input) => Ecdsa is not null
        ? Ecdsa.SignData(input, Algorithm.Hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation)
        : Rsa!.SignData(input, Algorithm.Hash, Algorithm.Padding!);

    public static string Claims(string subject)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        return $$"""
            {"iss":"{{Issuer}}","sub":"{{subject}}","aud":"{{Audience}}","client_id":"default","iat":{{now}},"exp":{{now + 3600}},"jti":"{{NewId()}}","sid":"{{NewId()}}","auth_time":{{now}},"scope":"reports.read reports.write","roles":["clerk"],"amr":["pwd"]}
            """;
    }

    public static string Encode(string text) => StrictBase64Url.Encode(Encoding.UTF8.GetBytes(text));

    public void Dispose()
    {
        Ecdsa?.Dispose();
        Rsa?.Dispose();
    }

    private static string NewId() => StrictBase64Url.Encode(RandomNumberGenerator.GetBytes(16));
}
