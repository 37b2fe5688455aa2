namespace TokenSessions.Aws.Keys;

/// <summary>What the error codes of KMS ask for.</summary>
internal static class KmsRemedy
{
    public static string? Find(string code) => code switch
    {
        "DisabledException" => "the key is disabled: enable it, or revoke its kid, so that the standby takes over",
        "KMSInvalidStateException" =>
            "the key cannot be used in its state: cancel its deletion if that is pending, or revoke its kid, so that the standby takes over",
        "NotFoundException" => "there is no such key in this account and region: check kms_key, regions and the credentials' account",
        "InvalidKeyUsageException" =>
            "the key is of another kind: its usage or key spec does not allow this operation with the entry's alg",
        "InvalidCiphertextException" =>
            "the ciphertext does not open with this issuer and kid: it was wrapped for another one or under another key, or is damaged",
        "IncorrectKeyException" => "the ciphertext was made under another KMS key",
        "UnsupportedOperationException" => "KMS does not support this operation for the key",
        _ => null,
    };
}
