using TokenSessions.Issuing;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Issuing;

/// <summary>Whoever reads the store, or a copy of it, finds nothing to log in with.</summary>
public sealed class StoredSecretsTests : IAsyncDisposable
{
    private readonly IssuerUnderTest _issuer = new();

    public ValueTask DisposeAsync() => _issuer.DisposeAsync();

    [Fact]
    public async Task No_part_of_a_token_that_makes_it_one_is_stored()
    {
        var first = await _issuer.StartAsync();
        var second = await _issuer.RefreshedAsync(first);
        var third = await _issuer.RefreshedAsync(second);
        Assert.Equal(SessionRejection.RefreshTokenReused, (await _issuer.RefreshAsync(first)).Rejection);
        var other = await _issuer.StartAsync();
        await _issuer.RevokeAsync(RuleKind.Token, (string)IssuerUnderTest.Claims(other)["jti"]!);
        await _issuer.RevokeAsync(RuleKind.Subject, IssuerUnderTest.Subject);

        var stored = _issuer.Stored();

        Assert.Contains(first.SessionId, stored, StringComparison.Ordinal); // So it is what was written.
        foreach (var tokens in new[] { first, second, third, other })
        {
            Assert.DoesNotContain(tokens.AccessToken.Split('.')[2], stored, StringComparison.Ordinal); // The signature.
            Assert.DoesNotContain(tokens.RefreshToken.Split('.')[3], stored, StringComparison.Ordinal); // The sealed part.
        }
    }
}
