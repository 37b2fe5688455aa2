using BenchmarkDotNet.Attributes;
using TokenSessions.Benchmarks.Validation;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Benchmarks.Library;

/// <summary>Tokens that no validator has seen: each iteration begins with one that has seen nothing.</summary>
public class FirstSeen
{
    /// <summary>As many as are checked in an iteration.</summary>
    internal const int Tokens = 512;

    private readonly Issued _es256 = new(SignatureAlgorithm.ES256);
    private readonly Issued _rs256 = new(SignatureAlgorithm.RS256);
    private int _next;

    [IterationSetup]
    public void Forget()
    {
        _es256.Api.Forget();
        _rs256.Api.Forget();
        _next = 0;
    }

    [Benchmark(Description = "ES256, first time")]
    public void EllipticCurve() => _es256.Api.Accept(_es256.Tokens[Next()]);

    [Benchmark(Description = "ES256, the bare check")]
    public void BareEllipticCurve() => _es256.Bare.VerifyHash(Next(), 1);

    [Benchmark(Description = "RS256, first time")]
    public void Rsa() => _rs256.Api.Accept(_rs256.Tokens[Next()]);

    [Benchmark(Description = "RS256, the bare check")]
    public void BareRsa() => _rs256.Bare.VerifyHash(Next(), 1);

    private int Next() => _next++ % Tokens;

    private sealed class Issued
    {
        public Issued(SignatureAlgorithm algorithm)
        {
            var issuer = new SignedTokens(algorithm);
            Tokens = issuer.Sign(FirstSeen.Tokens);
            Api = new([issuer.Key], remembered: FirstSeen.Tokens);
            Bare = new(issuer, Tokens);
        }

        public string[] Tokens { get; }

        public Api Api { get; }

        public BareCheck Bare { get; }
    }
}
