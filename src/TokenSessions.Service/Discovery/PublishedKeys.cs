using TokenSessions.Issuing.Keys;
using TokenSessions.Service.Denylist;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Service.Discovery;

/// <summary>The published halves of the ring's keys as they are now, without those that a rule has revoked.</summary>
internal sealed class PublishedKeys(KeyRingFile ring, LocalDenylist denylist, TimeProvider time) : IKeySetSource
{
    /// <summary>The keys of access tokens.</summary>
    public KeySet ForTokens() => ring.Current.PublishedKeys(time.GetUtcNow(), denylist.IsKeyRevoked);

    /// <summary>The keys of the signed denylist feed: a set of their own, so that no verifier takes one for a token key.</summary>
    public KeySet ForFeed() => ring.Current.PublishedFeedKeys(time.GetUtcNow(), denylist.IsKeyRevoked);

    /// <summary>The service checks tokens with the keys it publishes itself.</summary>
    public Task<KeySet> FetchAsync(CancellationToken cancellationToken) => Task.FromResult(ForTokens());
}
