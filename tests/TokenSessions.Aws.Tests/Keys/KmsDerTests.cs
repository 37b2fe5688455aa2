using System.Security.Cryptography;
using Amazon.KeyManagementService;
using TokenSessions.Aws.Keys;
using TokenSessions.Issuing.Keys;
using TokenSessions.Validation.Jose;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Aws.Tests.Keys;

/// <summary>The DER that KMS answers with (X.690 §8.3, §10.1) has one spelling for each signature.</summary>
/// <remarks>Whether the spelling or only the signature is refused is told by the message: what reads well is then found not to verify.</remarks>
public sealed class KmsDerTests : IDisposable
{
    private const string KeyArn = "arn:aws:kms:eu-central-1:111122223333:key/1234";

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly KmsClients _clients;
    private byte[] _answer = [];
    private SigningAlgorithmSpec _spec = SigningAlgorithmSpec.ECDSA_SHA_256;

    public KmsDerTests() => _clients = new(new(), TimeProvider.System, _ => new ScriptedKms
    {
        Sign = _ => new() { KeyId = KeyArn, SigningAlgorithm = _spec, Signature = new(_answer) },
    });

    public void Dispose()
    {
        _clients.Dispose();
        _key.Dispose();
    }

    [Fact]
    public async Task A_signature_cut_off_at_any_byte_or_followed_by_any_byte_is_refused()
    {
        var whole = _key.SignData("header.payload"u8, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        for (var length = 0; length < whole.Length; length++)
        {
            await AssertIsNoDerAsync(whole[..length]);
        }

        foreach (var trailing in new byte[] { 0x00, 0x02, 0x30, 0xFF })
        {
            await AssertIsNoDerAsync([.. whole, trailing]);
        }

        _answer = whole;
        var signature = await Key().SignedAsync();
        Assert.True(_key.VerifyData("header.payload"u8, signature, HashAlgorithmName.SHA256));
    }

    [Fact]
    public async Task Any_single_changed_byte_of_structure_is_refused()
    {
        var whole = _key.SignData("header.payload"u8, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        var tagOfS = 4 + whole[3];
        foreach (var position in new[] { 0, 1, 2, 3, tagOfS, tagOfS + 1 })
        {
            for (var change = 1; change < 256; change++)
            {
                var changed = (byte[])whole.Clone();
                changed[position] ^= (byte)change;
                _answer = changed;
                await Assert.ThrowsAsync<SigningKeyUnavailableException>(() => Key().SignedAsync());
            }
        }
    }

    [Theory]
    [InlineData("3006020101020101")]         // The smallest r and s ...
    [InlineData("3008020200FF020200FF")]     // ... and a zero in front that keeps them positive.
    public async Task Short_numbers_are_read(string der) => await AssertIsReadAsync(Convert.FromHexString(der));

    [Theory]
    [InlineData("3006020100020101")]         // r = 0.
    [InlineData("3006020101020100")]         // s = 0.
    [InlineData("3006020181020101")]         // r negative.
    [InlineData("3006020101020181")]         // s negative.
    [InlineData("300702020001020101")]       // A needless zero in front of r ...
    [InlineData("300702010102020001")]       // ... and of s.
    [InlineData("300802020000020200FF")]     // Zero, spelt in two bytes.
    [InlineData("30050200020101")]           // r of no bytes.
    [InlineData("30050201010200")]           // s of no bytes.
    [InlineData("3003020101")]               // No s.
    [InlineData("3009020101020101020101")]   // A third number.
    [InlineData("3080020101020101")]         // An indefinite length ...
    [InlineData("30800201010201010000")]     // ... with its end: BER.
    [InlineData("308106020101020101")]       // A length in the long form where the short one would do ...
    [InlineData("30820006020101020101")]
    [InlineData("300702810101020101")]       // ... of r.
    [InlineData("3007020101020101")]         // More length than bytes ...
    [InlineData("3005020101020101")]         // ... and less.
    [InlineData("3006020201020101")]         // r reaches into s.
    [InlineData("3106020101020101")]         // A SET.
    [InlineData("1006020101020101")]         // A primitive SEQUENCE.
    [InlineData("3006030101020101")]         // A BIT STRING for r.
    [InlineData("30FF")]
    [InlineData("3000")]
    [InlineData("30")]
    [InlineData("")]
    public async Task Another_spelling_is_refused(string der) => await AssertIsNoDerAsync(Convert.FromHexString(der));

    [Theory]
    [InlineData("ES256", 32)]
    [InlineData("ES384", 48)]
    public async Task A_number_has_at_most_the_bytes_of_a_coordinate(string alg, int length)
    {
        using var p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        var algorithm = SignatureAlgorithm.Find(alg)!;
        var key = Key(VerificationKey.From(algorithm == SignatureAlgorithm.ES256 ? _key : p384, algorithm));
        _spec = algorithm == SignatureAlgorithm.ES256 ? SigningAlgorithmSpec.ECDSA_SHA_256 : SigningAlgorithmSpec.ECDSA_SHA_384;

        foreach (var first in new byte[] { 0x01, 0x7F, 0x80, 0xFF })
        {
            var most = Number(first, length);
            await AssertIsReadAsync(Sequence(most, most), key);
            await AssertIsNoDerAsync(Sequence(Number(first, length + 1), most), key);
            await AssertIsNoDerAsync(Sequence(most, Number(first, length + 1)), key);
        }
    }

    private KmsSigningKey Key(VerificationKey? verificationKey = null) =>
        new(verificationKey ?? VerificationKey.From(_key, SignatureAlgorithm.ES256), KeyArn, null, _clients);

    private Task AssertIsReadAsync(byte[] der, KmsSigningKey? key = null) => AssertSaysAsync("does not belong to the published half", der, key);

    private Task AssertIsNoDerAsync(byte[] der, KmsSigningKey? key = null) => AssertSaysAsync("strict DER", der, key);

    private async Task AssertSaysAsync(string said, byte[] der, KmsSigningKey? key)
    {
        _answer = der;
        var failed = await (key ?? Key()).FailsAsync();
        Assert.Contains(said, failed.Message, StringComparison.Ordinal);
    }

    private static byte[] Sequence(byte[] r, byte[] s) => [0x30, (byte)(r.Length + s.Length), .. r, .. s];

    /// <summary>An INTEGER of so many bytes beside the zero that keeps it positive.</summary>
    private static byte[] Number(byte first, int length)
    {
        byte[] value = first >= 0x80 ? [0, first, .. new byte[length - 1]] : [first, .. new byte[length - 1]];
        return [0x02, (byte)value.Length, .. value];
    }
}
