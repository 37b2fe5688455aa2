using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;
using TokenSessions.Issuing.Keys;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Aws.Keys;

/// <summary>A signing key whose private half never leaves KMS: every signature is one asynchronous <c>Sign</c> of a digest.</summary>
/// <remarks>
/// What KMS answers is believed only after it has been verified against the published half. So that half may be pinned, and no
/// <c>GetPublicKey</c> is needed at a start: the first signature proves it. One instance serves all threads.
/// </remarks>
public sealed class KmsSigningKey : ISigningKey
{
    private const string Action = "kms:Sign";

    private readonly KmsKeyName _name;
    private readonly KmsClients _clients;

    /// <summary>A key of KMS. Nothing is called yet.</summary>
    /// <param name="verificationKey">The published half.</param>
    /// <param name="kmsKey">The key id or key ARN; no alias.</param>
    /// <param name="regions">
    /// The regions where it is asked, in this order; more than one for a multi-Region key (<c>mrk-…</c>), at most 8. Null or
    /// empty for the region of the ARN, or the default one.
    /// </param>
    /// <param name="clients">Calls KMS. Not owned.</param>
    /// <exception cref="ArgumentException">The names cannot be used.</exception>
    public KmsSigningKey(VerificationKey verificationKey, string kmsKey, IReadOnlyList<string>? regions, KmsClients clients)
    {
        ArgumentNullException.ThrowIfNull(verificationKey);
        ArgumentNullException.ThrowIfNull(kmsKey);
        ArgumentNullException.ThrowIfNull(clients);
        (VerificationKey, _clients) = (verificationKey, clients);
        _name = KmsKeyName.TryParse(kmsKey, regions, clients.FindDefaultRegion, out var name, out var problem)
            ? name
            : throw new ArgumentException(problem, nameof(kmsKey));
    }

    internal KmsSigningKey(VerificationKey verificationKey, KmsKeyName name, KmsClients clients) =>
        (VerificationKey, _name, _clients) = (verificationKey, name, clients);

    /// <inheritdoc/>
    public VerificationKey VerificationKey { get; }

    /// <inheritdoc/>
    public async ValueTask<byte[]> SignAsync(ReadOnlyMemory<byte> signingInput, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var digest = KmsAlgorithm.Digest(VerificationKey.Algorithm, signingInput.Span);
        SignResponse answer;
        try
        {
            answer = await _clients.Calls.SendAsync(_clients.Calls.ForSignatures, _name, Action,
                (client, keyId, token) => client.SignAsync(Request(keyId, digest), token), cancellationToken).ConfigureAwait(false);
        }
        catch (KmsException e)
        {
            throw new SigningKeyUnavailableException($"The signing key {VerificationKey.KeyId} did not sign. {e.Message}");
        }

        return Check(answer, signingInput.Span, out var problem)
            ?? throw new SigningKeyUnavailableException($"The signing key {VerificationKey.KeyId} did not sign. {_name}: {problem}"
                + " The signature was thrown away.");
    }

    private SignRequest Request(string keyId, byte[] digest) => new()
    {
        KeyId = keyId,
        Message = new MemoryStream(digest, writable: false),
        MessageType = MessageType.DIGEST,
        SigningAlgorithm = KmsAlgorithm.SigningSpec(VerificationKey.Algorithm),
    };

    /// <summary>The signature as JWS wants it; null if anything about the answer is wrong.</summary>
    private byte[]? Check(SignResponse answer, ReadOnlySpan<byte> signingInput, out string problem)
    {
        var algorithm = VerificationKey.Algorithm;
        if (!_name.IsAnsweredBy(answer.KeyId))
        {
            problem = "KMS answered for another key.";
            return null;
        }

        if (answer.SigningAlgorithm != KmsAlgorithm.SigningSpec(algorithm))
        {
            problem = $"KMS answered with another algorithm than {KmsAlgorithm.SigningSpec(algorithm)}.";
            return null;
        }

        var signature = answer.Signature?.ToArray() ?? [];
        if (algorithm.IsEllipticCurve && !EcdsaSignature.TryConvert(signature, algorithm.CoordinateLength, out signature))
        {
            problem = "KMS answered with what is not the strict DER of an ECDSA signature.";
            return null;
        }

        problem = $"the signature does not belong to the published half, {algorithm} and this token: check that public is the key's own.";
        return VerificationKey.Verify(signingInput, signature) ? signature : null;
    }
}
