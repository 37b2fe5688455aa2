using System.Text.Json;

namespace TokenSessions.Aws.Tests.Servers.Kms;

/// <summary>What KMS does with keys: makes, describes, disables and deletes them.</summary>
internal sealed class KmsKeyOperations(KmsKeys keys)
{
    public void Do(string operation, KmsRequest request, Utf8JsonWriter json)
    {
        switch (operation)
        {
            case "CreateKey":
                WriteMetadata("KeyMetadata", Create(request), request.Region, json);
                break;
            case "DescribeKey":
                WriteMetadata("KeyMetadata", keys.Get(request.Region, request.Text("KeyId")), request.Region, json);
                break;
            case "ReplicateKey":
                Replicate(request, json);
                break;
            case "GetPublicKey":
                GetPublicKey(request, json);
                break;
            case "EnableKey":
                SetState(request, "Enabled");
                break;
            case "DisableKey":
                SetState(request, "Disabled");
                break;
            case "CancelKeyDeletion":
                keys.Get(request.Region, request.Text("KeyId")).SetState(request.Region, "Disabled"); // As KMS leaves it.
                break;
            case "ScheduleKeyDeletion":
                ScheduleDeletion(request, json);
                break;
            default:
                throw new KmsException("UnsupportedOperationException", $"The stand-in has no {operation}.");
        }
    }

    private KmsKey Create(KmsRequest request) => keys.Create(
        request.Region,
        request.FindText("KeySpec") ?? "SYMMETRIC_DEFAULT",
        request.FindText("KeyUsage") ?? "ENCRYPT_DECRYPT",
        request.Flag("MultiRegion"),
        request.FindText("Description") ?? "");

    // A multi-Region key of the stand-in is in every region from the start: replicating only tells so.
    private void Replicate(KmsRequest request, Utf8JsonWriter json)
    {
        var key = keys.Get(request.Region, request.Text("KeyId"));
        if (!key.IsMultiRegion)
        {
            throw new KmsException("UnsupportedOperationException", $"{key.Arn(request.Region)} is not a multi-Region key.");
        }

        WriteMetadata("ReplicaKeyMetadata", key, request.Text("ReplicaRegion"), json);
    }

    private void GetPublicKey(KmsRequest request, Utf8JsonWriter json)
    {
        var key = keys.Get(request.Region, request.Text("KeyId"));
        if (key.Pair is null)
        {
            throw new KmsException("UnsupportedOperationException", $"{key.Arn(request.Region)} has no public key.");
        }

        keys.GetUsable(request.Region, key.Id, key.Usage);
        json.WriteString("KeyId", key.Arn(request.Region));
        json.WriteBase64String("PublicKey", key.Pair.ExportSubjectPublicKeyInfo());
        WriteKind(key, json);
    }

    private void SetState(KmsRequest request, string state)
    {
        var key = keys.Get(request.Region, request.Text("KeyId"));
        if (key.State(request.Region) == "PendingDeletion")
        {
            throw new KmsException("KMSInvalidStateException", $"{key.Arn(request.Region)} is pending deletion.");
        }

        key.SetState(request.Region, state);
    }

    private void ScheduleDeletion(KmsRequest request, Utf8JsonWriter json)
    {
        var key = keys.Get(request.Region, request.Text("KeyId"));
        var days = request.Number("PendingWindowInDays", 30);
        if (days is < 7 or > 30)
        {
            throw KmsException.Invalid("PendingWindowInDays must be from 7 to 30");
        }

        key.SetState(request.Region, "PendingDeletion");
        json.WriteString("KeyId", key.Arn(request.Region));
        json.WriteString("KeyState", "PendingDeletion");
        json.WriteNumber("PendingWindowInDays", days);
        json.WriteNumber("DeletionDate", DateTimeOffset.UtcNow.AddDays(days).ToUnixTimeSeconds());
    }

    private static void WriteMetadata(string member, KmsKey key, string region, Utf8JsonWriter json)
    {
        json.WriteStartObject(member);
        json.WriteString("AWSAccountId", KmsKeys.Account);
        json.WriteString("Arn", key.Arn(region));
        json.WriteString("KeyId", key.Id);
        json.WriteNumber("CreationDate", key.CreatedAt.ToUnixTimeMilliseconds() / 1000m);
        json.WriteString("Description", key.Description);
        json.WriteString("KeyState", key.State(region));
        json.WriteBoolean("Enabled", key.State(region) == "Enabled");
        json.WriteString("Origin", "AWS_KMS");
        json.WriteString("KeyManager", "CUSTOMER");
        json.WriteBoolean("MultiRegion", key.IsMultiRegion);
        if (key.IsMultiRegion)
        {
            json.WriteStartObject("MultiRegionConfiguration");
            json.WriteString("MultiRegionKeyType", region == key.Region ? "PRIMARY" : "REPLICA");
            json.WriteStartObject("PrimaryKey");
            json.WriteString("Arn", key.Arn(key.Region));
            json.WriteString("Region", key.Region);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        WriteKind(key, json);
        json.WriteEndObject();
    }

    private static void WriteKind(KmsKey key, Utf8JsonWriter json)
    {
        json.WriteString("KeySpec", key.Spec);
        json.WriteString("CustomerMasterKeySpec", key.Spec);
        json.WriteString("KeyUsage", key.Usage);
        json.WriteStartArray(key.Usage == "SIGN_VERIFY" ? "SigningAlgorithms" : "EncryptionAlgorithms");
        foreach (var algorithm in key.Algorithms)
        {
            json.WriteStringValue(algorithm);
        }

        json.WriteEndArray();
    }
}
