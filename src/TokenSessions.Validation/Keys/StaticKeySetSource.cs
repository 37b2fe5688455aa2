namespace TokenSessions.Validation.Keys;

/// <summary>A key set that is already in memory and never changes: for tests, and for keys known at build time.</summary>
/// <param name="keys">The set.</param>
public sealed class StaticKeySetSource(KeySet keys) : IKeySetSource
{
    /// <inheritdoc/>
    public Task<KeySet> FetchAsync(CancellationToken cancellationToken) => Task.FromResult(keys);
}
