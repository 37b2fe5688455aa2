using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using TokenSessions.Issuing.Keys;
using TokenSessions.Validation.Jose;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Tests.Denylist;

/// <summary>An ES256 key in memory that signs what the test says, well or badly.</summary>
internal sealed class FeedKey : ISigningKey
{
    private readonly ECDsa _key;

    public FeedKey(SignatureAlgorithm? algorithm = null)
    {
        algorithm ??= SignatureAlgorithm.ES256;
        _key = ECDsa.Create(algorithm == SignatureAlgorithm.ES256 ? ECCurve.NamedCurves.nistP256 : ECCurve.NamedCurves.nistP384);
        VerificationKey = VerificationKey.From(_key, algorithm);
    }

    public VerificationKey VerificationKey { get; }

    public string KeyId => VerificationKey.KeyId;

    /// <summary>How often it has signed.</summary>
    public int Signatures { get; private set; }

    public bool IsDown { get; set; }

    /// <summary>If set, signatures come only when this completes, or never for who gives up before.</summary>
    public TaskCompletionSource? Hold { get; set; }

    /// <summary>False if what it holds goes on even for who has given up.</summary>
    public bool Listens { get; set; } = true;

    /// <summary>Completes when a signature has been asked for.</summary>
    public TaskCompletionSource Asked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public async ValueTask<byte[]> SignAsync(ReadOnlyMemory<byte> signingInput, CancellationToken cancellationToken)
    {
        Signatures++;
        Asked.TrySetResult();
        if (Hold is { } hold)
        {
            await hold.Task.WaitAsync(Listens ? cancellationToken : CancellationToken.None);
        }

        return IsDown ? throw new SigningKeyUnavailableException("The feed key is down.") : Sign(signingInput.Span);
    }

    /// <summary>A compact JWS of exactly this header and payload.</summary>
    public byte[] Document(JsonObject header, string payload)
    {
        var input = $"{Encode(header.ToJsonString())}.{Encode(payload)}";
        return Encoding.ASCII.GetBytes($"{input}.{StrictBase64Url.Encode(Sign(Encoding.ASCII.GetBytes(input)))}");
    }

    /// <summary>A compact JWS as it should be.</summary>
    public byte[] Document(JsonObject payload) => Document(Header(), payload.ToJsonString());

    public JsonObject Header() => new() { ["alg"] = "ES256", ["kid"] = KeyId, ["typ"] = "denylist+jwt" };

    private static string Encode(string text) => StrictBase64Url.Encode(Encoding.UTF8.GetBytes(text));

    private byte[] Sign(ReadOnlySpan<byte> input) =>
        _key.SignData(input, VerificationKey.Algorithm.Hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
}
