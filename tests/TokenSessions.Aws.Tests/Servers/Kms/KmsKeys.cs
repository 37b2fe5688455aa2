using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace TokenSessions.Aws.Tests.Servers.Kms;

/// <summary>The keys of one stand-in, in all its regions.</summary>
internal sealed class KmsKeys
{
    public const string Account = "111122223333";

    // RSA keys take up to seconds to make, so stand-ins share them: the n-th key of a size is the same in each.
    private static readonly ConcurrentDictionary<(int Bits, int Index), Lazy<RSA>> RsaKeys = new();

    private readonly ConcurrentDictionary<string, KmsKey> _keys = new();
    private readonly ConcurrentDictionary<int, int> _rsaCounts = new();

    public KmsKey Create(string region, string spec, string usage, bool isMultiRegion, string description)
    {
        var isCurve = spec.StartsWith("ECC_", StringComparison.Ordinal);
        var isSymmetric = spec == "SYMMETRIC_DEFAULT";
        if (usage is not ("SIGN_VERIFY" or "ENCRYPT_DECRYPT") || usage == (isCurve ? "ENCRYPT_DECRYPT" : isSymmetric ? "SIGN_VERIFY" : ""))
        {
            throw KmsException.Invalid($"KeyUsage {usage} is not compatible with KeySpec {spec}");
        }

        var key = new KmsKey
        {
            Id = isMultiRegion ? $"mrk-{Guid.NewGuid():N}" : Guid.NewGuid().ToString(),
            Region = region,
            Spec = spec,
            Usage = usage,
            Description = description,
            IsMultiRegion = isMultiRegion,
            Pair = isSymmetric ? null : NewPair(spec),
            Secret = isSymmetric ? RandomNumberGenerator.GetBytes(32) : null,
        };
        _keys[key.Id] = key;
        return key;
    }

    /// <summary>A key by its id or ARN, as a region knows it.</summary>
    public KmsKey Get(string region, string idOrArn)
    {
        var id = idOrArn;
        if (idOrArn.StartsWith("arn:", StringComparison.Ordinal))
        {
            id = idOrArn[(idOrArn.LastIndexOf('/') + 1)..];
            if (idOrArn != KmsKey.ArnOf(region, id))
            {
                throw new KmsException("NotFoundException", $"Invalid arn {idOrArn}");
            }
        }

        return _keys.TryGetValue(id, out var key) && (key.IsMultiRegion || key.Region == region)
            ? key
            : throw new KmsException("NotFoundException", $"Key '{KmsKey.ArnOf(region, id)}' does not exist");
    }

    /// <summary>A key that may be used now, for this.</summary>
    public KmsKey GetUsable(string region, string idOrArn, string usage)
    {
        var key = Get(region, idOrArn);
        return key.State(region) switch
        {
            "Disabled" => throw new KmsException("DisabledException", $"{key.Arn(region)} is disabled."),
            "PendingDeletion" => throw new KmsException("KMSInvalidStateException", $"{key.Arn(region)} is pending deletion."),
            _ when key.Usage != usage => throw new KmsException(
                "InvalidKeyUsageException", $"{key.Arn(region)} key usage is {key.Usage} which is not valid for this operation."),
            _ => key,
        };
    }

    /// <summary>A key pair that belongs to nobody yet.</summary>
    public AsymmetricAlgorithm NewPair(string spec) => spec switch
    {
        "ECC_NIST_P256" => ECDsa.Create(ECCurve.NamedCurves.nistP256),
        "ECC_NIST_P384" => ECDsa.Create(ECCurve.NamedCurves.nistP384),
        "RSA_2048" => NextRsa(2048),
        "RSA_3072" => NextRsa(3072),
        "RSA_4096" => NextRsa(4096),
        _ => throw new KmsException("UnsupportedOperationException", $"{spec} is not supported by the stand-in."),
    };

    private RSA NextRsa(int bits)
    {
        var index = _rsaCounts.AddOrUpdate(bits, 0, (_, last) => last + 1);
        return RsaKeys.GetOrAdd((bits, index), of => new(() => RSA.Create(of.Bits))).Value;
    }
}
