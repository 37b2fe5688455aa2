using TokenSessions.Validation.Keys;

namespace TokenSessions.Issuing.Keys;

/// <summary>The private half of a signing key: in a file, in memory, or in a KMS that answers over the network.</summary>
public interface ISigningKey
{
    /// <summary>The published half.</summary>
    VerificationKey VerificationKey { get; }

    /// <summary>Signs, with this key's one algorithm.</summary>
    /// <param name="signingInput">The first two segments of the token with their dot, as ASCII (RFC 7515 §5.1).</param>
    /// <param name="cancellationToken">The request's deadline.</param>
    /// <returns>The signature as JWS wants it: for ECDSA r‖s of fixed length (RFC 7518 §3.4). It fits the published half.</returns>
    /// <exception cref="SigningKeyUnavailableException">No signature can be had now.</exception>
    ValueTask<byte[]> SignAsync(ReadOnlyMemory<byte> signingInput, CancellationToken cancellationToken);
}

/// <summary>A signing or sealing key cannot be used now: answer 503 with <c>Retry-After</c>.</summary>
/// <param name="message">Which key, and what failed; no key material.</param>
/// <param name="innerException">Why.</param>
public sealed class SigningKeyUnavailableException(string message, Exception? innerException = null)
    : Exception(message, innerException);
