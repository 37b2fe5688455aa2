using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Tests.Issuing;

public sealed class AudienceTests
{
    [Fact]
    public async Task Every_audience_gets_its_algorithm_and_type_each_with_a_standby_and_the_validator_accepts()
    {
        await using var issuer = new IssuerUnderTest(
            options => options.Audiences =
            [
                new() { Uri = "https://edge.example", Algorithm = "RS256", Type = "JWT" },
                new() { Uri = "https://ps.example", Algorithm = "PS256" },
                new() { Uri = "https://es384.example", Algorithm = "ES384" },
            ],
            [.. SignatureAlgorithm.All]);

        foreach (var standby in new[] { false, true })
        {
            foreach (var (audience, type, algorithm) in new[]
            {
                (IssuerUnderTest.Audience, "at+jwt", "ES256"),
                (IssuerUnderTest.Issuer, "at+jwt", "ES256"),
                ("https://edge.example", "JWT", "RS256"),
                ("https://ps.example", "at+jwt", "PS256"),
                ("https://es384.example", "at+jwt", "ES384"),
            })
            {
                var tokens = await issuer.StartAsync(audience: audience);
                var header = IssuerUnderTest.ReadSegment(tokens.AccessToken, 0);

                Assert.Equal((algorithm, type), ((string)header["alg"]!, (string)header["typ"]!));
                Assert.Equal("Accepted", await issuer.ValidateAsync(tokens, audience, type));
                Assert.Equal("AudienceMismatch", await issuer.ValidateAsync(tokens, "https://other.example", type));
            }

            if (!standby)
            {
                // Each algorithm has a line of keys of its own: the first of each is the one in use.
                foreach (var key in issuer.Ring.Of("sign").DistinctBy(key => (string)key["alg"]!))
                {
                    await issuer.RevokeAsync(RuleKind.Key, (string)key["kid"]!);
                }
            }
        }
    }

    [Fact]
    public async Task An_audience_whose_algorithm_has_no_key_stops_the_start()
    {
        await using var issuer = new IssuerUnderTest();
        var options = issuer.Options with { Audiences = [new() { Uri = "https://edge.example", Algorithm = "RS256" }] };

        var problem = Assert.Throws<ArgumentException>(() => issuer.NewIssuer(options)).Message;

        Assert.Contains("RS256", problem);
        Assert.Contains("https://edge.example", problem);
    }
}
