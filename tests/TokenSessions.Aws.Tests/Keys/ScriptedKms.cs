using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;

namespace TokenSessions.Aws.Tests.Keys;

/// <summary>The client of the real SDK, with answers of ours for what no server of ours would say, or with a look at what it was told.</summary>
internal sealed class ScriptedKms(AmazonKeyManagementServiceConfig? config = null)
    : AmazonKeyManagementServiceClient(Servers.TestCredentials.Value, config ?? new() { ServiceURL = "http://127.0.0.1:1", MaxErrorRetry = 0 })
{
    public Func<SignRequest, SignResponse>? Sign { get; init; }

    public Func<GetPublicKeyRequest, GetPublicKeyResponse>? GetPublicKey { get; init; }

    public Action<DecryptResponse>? Decrypted { get; init; }

    public override Task<SignResponse> SignAsync(SignRequest request, CancellationToken cancellationToken = default) =>
        Sign is null ? base.SignAsync(request, cancellationToken) : Task.FromResult(Sign(request));

    public override Task<GetPublicKeyResponse> GetPublicKeyAsync(GetPublicKeyRequest request, CancellationToken cancellationToken = default) =>
        GetPublicKey is null ? base.GetPublicKeyAsync(request, cancellationToken) : Task.FromResult(GetPublicKey(request));

    public override async Task<DecryptResponse> DecryptAsync(DecryptRequest request, CancellationToken cancellationToken = default)
    {
        var answer = await base.DecryptAsync(request, cancellationToken);
        Decrypted?.Invoke(answer);
        return answer;
    }
}
