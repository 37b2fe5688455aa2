using BenchmarkDotNet.Attributes;
using TokenSessions.Benchmarks.Peers;
using TokenSessions.Benchmarks.Validation;
using TokenSessions.Validation;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Benchmarks.Library;

/// <summary>One token that was seen before, and one text that is no token.</summary>
public class SeenAndRefused : IDisposable
{
    private const string NoToken = "The quick brown fox jumps over the lazy dog";

    private readonly SignedTokens _issuer = new(SignatureAlgorithm.ES256);
    private readonly Api _api;
    private readonly Func<string, bool> _microsoft;
    private readonly string _token;

    /// <summary>Signs the token, and lets it be seen.</summary>
    public SeenAndRefused()
    {
        _api = new([_issuer.Key]);
        _microsoft = IdentityModel.Newest.JsonWebTokenHandler(_issuer);
        _token = _issuer.Sign("ada");
        _api.Accept(new string(_token.AsSpan()));
    }

    [Benchmark(Description = "a token seen before")]
    public void Seen() => _api.Accept(_token);

    [Benchmark(Description = "the same, JsonWebTokenHandler")]
    public bool Microsoft() => _microsoft(_token);

    [Benchmark(Description = "a text that is no token")]
    public void Refused() => _api.Refuse(NoToken, TokenRejection.Malformed);

    [Benchmark(Description = "the same, JsonWebTokenHandler (refused)")]
    public bool RefusedByMicrosoft() => _microsoft(NoToken);

    [GlobalCleanup]
    public void Dispose()
    {
        _issuer.Dispose();
        GC.SuppressFinalize(this);
    }
}
