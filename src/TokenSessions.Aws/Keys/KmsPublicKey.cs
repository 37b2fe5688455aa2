using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;
using TokenSessions.Validation.Jose;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Aws.Keys;

/// <summary>Asks KMS for the published half of a signing key.</summary>
internal static class KmsPublicKey
{
    /// <exception cref="KmsException">There is no answer, or the key is not one for this algorithm.</exception>
    public static async Task<(string Arn, VerificationKey Key)> GetAsync(
        KmsClients clients, KmsKeyName name, SignatureAlgorithm algorithm, CancellationToken cancellationToken)
    {
        var answer = await clients.Calls.SendAsync(KmsCalls.Unhurried, name, "kms:GetPublicKey",
            (client, keyId, token) => client.GetPublicKeyAsync(new GetPublicKeyRequest { KeyId = keyId }, token),
            cancellationToken).ConfigureAwait(false);
        if (!name.IsAnsweredBy(answer.KeyId))
        {
            throw new KmsException($"{name}: KMS answered for another key.");
        }

        if (answer.KeyUsage != KeyUsageType.SIGN_VERIFY)
        {
            throw new KmsException($"{name}: its usage is {Known(answer.KeyUsage)} and must be {KeyUsageType.SIGN_VERIFY}."
                + " Usages cannot be changed: make another key.");
        }

        if (answer.SigningAlgorithms?.Contains(KmsAlgorithm.SigningSpec(algorithm).Value) != true)
        {
            throw new KmsException($"{name}: a key of spec {Known(answer.KeySpec)} does not sign with {algorithm}: change alg, or make a key of"
                + $" spec {KmsAlgorithm.KeySpec(algorithm)}.");
        }

        return PublishedHalf.Read(answer.PublicKey?.ToArray() ?? [], algorithm, out var problem) is { } key
            ? (answer.KeyId, key)
            : throw new KmsException($"{name}: {problem}.");
    }

    /// <summary>A value of an enumeration of KMS, if it looks like one.</summary>
    private static string Known(Amazon.Runtime.ConstantClass? value) =>
        value?.Value is { Length: > 0 and <= 40 } text && text.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') ? text : "unknown";
}
