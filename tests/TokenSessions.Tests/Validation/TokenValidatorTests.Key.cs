using System.Security.Cryptography;
using TokenSessions.Validation;
using TokenSessions.Validation.Jose;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Tests.Validation;

/// <summary>Steps 3 and 4: the key, and the signature.</summary>
public sealed partial class TokenValidatorTests
{
    [Theory]
    [InlineData(0, TokenRejection.KeyIdMissing)]
    [InlineData(1, TokenRejection.KeyUnknown)]
    [InlineData(128, TokenRejection.KeyUnknown)]
    [InlineData(129, TokenRejection.KeyIdMissing)]
    public async Task Looks_up_key_ids_of_1_to_128_characters(int length, TokenRejection expected) =>
        await AssertRejectedAsync(expected, Token.WithHeader("kid", new string('k', length)).Sign());

    [Fact]
    public async Task Requires_a_key_id() =>
        await AssertRejectedAsync(TokenRejection.KeyIdMissing, Token.WithoutHeader("kid").Sign());

    [Fact]
    public async Task Cannot_tell_while_the_key_set_is_down()
    {
        _keys.IsDown = true;

        await AssertRejectedAsync(TokenRejection.KeysUnavailable, Token.Sign());
    }

    [Fact]
    public async Task Goes_on_with_known_keys_while_the_key_set_is_down()
    {
        var validator = await BuildAsync();
        Assert.True((await validator.ValidateAsync(Token.Sign(), TestContext.Current.CancellationToken)).IsValid);
        _keys.IsDown = true;

        Assert.True((await validator.ValidateAsync(Token.Sign(), TestContext.Current.CancellationToken)).IsValid);
    }

    [Fact]
    public async Task Refuses_any_change_of_a_signed_token()
    {
        var token = Token.Sign();
        var validator = await BuildAsync();
        for (var i = 0; i < token.Length; i++)
        {
            var changed = token[..i] + (token[i] == 'A' ? 'B' : 'A') + token[(i + 1)..];

            Assert.False((await validator.ValidateAsync(changed, TestContext.Current.CancellationToken)).IsValid, $"Changed at {i}.");
        }
    }

    [Theory]
    [InlineData(63)]
    [InlineData(65)]
    [InlineData(1)]
    [InlineData(1025)]
    public async Task Refuses_signatures_of_another_length(int length) =>
        await AssertRejectedAsync(TokenRejection.SignatureInvalid, Token.SignWith(_ => new byte[length]));

    [Fact]
    public async Task Refuses_a_signature_of_zeros() => // CVE-2022-21449
        await AssertRejectedAsync(TokenRejection.SignatureInvalid, Token.SignWith(_ => new byte[64]));

    [Theory]
    [InlineData("ES256")]
    [InlineData("ES384")]
    [InlineData("RS256")]
    [InlineData("PS256")]
    public async Task Verifies_every_algorithm_of_the_table(string name)
    {
        var algorithm = SignatureAlgorithm.Find(name)!;
        using var ecdsa = ECDsa.Create(name == "ES384" ? ECCurve.NamedCurves.nistP384 : ECCurve.NamedCurves.nistP256);
        using var rsa = RSA.Create(2048);
        var padding = name == "PS256" ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1;
        var key = algorithm.IsEllipticCurve ? VerificationKey.From(ecdsa, algorithm) : VerificationKey.From(rsa, algorithm);
        _keys.Keys = new([key]);
        var token = Token.WithHeader("alg", name).WithHeader("kid", key.KeyId);

        await AssertAcceptedAsync(token.SignWith(input => algorithm.IsEllipticCurve
            ? ecdsa.SignData(input, algorithm.Hash)
            : rsa.SignData(input, algorithm.Hash, padding)));
        await AssertRejectedAsync(TokenRejection.SignatureInvalid, token.SignWith(_ => new byte[algorithm.IsEllipticCurve ? algorithm.CoordinateLength * 2 : 256]));
    }
}
