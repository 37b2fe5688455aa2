using System.Diagnostics.CodeAnalysis;
using TokenSessions.Service.Settings;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Service.Denylist;

/// <summary>The service's own snapshot of the denylist, read from the store in the same process. The bearer scheme keeps it in step.</summary>
internal sealed class LocalDenylist(ServiceSettings settings, DenylistSync sync, TimeProvider time, Log log)
{
    /// <summary>The first may join a poll that began before the write; the second cannot.</summary>
    private const int SyncsAfterWrite = 2;

    /// <summary>The last snapshot and its age; false before the first complete sync.</summary>
    public bool TryGetSnapshot([NotNullWhen(true)] out DenylistSnapshot? snapshot, out TimeSpan age) =>
        sync.TryGetSnapshot(out snapshot, out age);

    /// <summary>Whether a <c>key</c> rule stands against this <c>kid</c>, as far as we know.</summary>
    public bool IsKeyRevoked(string keyId) => Denies(RuleKind.Key, keyId);

    /// <summary>Whether a rule of a kind that denies outright stands, as far as we know.</summary>
    public bool Denies(RuleKind kind, string value) =>
        sync.TryGetSnapshot(out var snapshot, out _) && snapshot.Denies(RuleKey.For(settings.Issuer, kind, value));

    /// <summary>
    /// Makes a rule that was just written count here at once, or else with a later poll: its caller waits for 5 seconds at most. Its write
    /// stands whatever comes of this.
    /// </summary>
    public async Task SyncAfterWriteAsync()
    {
        using var deadline = new CancellationTokenSource(DenylistSync.RevocationBound, time);
        try
        {
            for (var i = 0; i < SyncsAfterWrite; i++)
            {
                if (await sync.SyncAsync(deadline.Token) is { IsComplete: false } outcome)
                {
                    log.DenylistSyncFailed(outcome.Problem); // The rule may be here all the same.
                }
            }
        }
        catch (OperationCanceledException)
        {
            log.DenylistSyncFailed($"It took longer than {DenylistSync.RevocationBound.TotalSeconds} s.");
        }
    }
}
