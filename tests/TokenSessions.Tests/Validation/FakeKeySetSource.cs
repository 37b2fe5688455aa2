using TokenSessions.Validation.Keys;

namespace TokenSessions.Tests.Validation;

/// <summary>A key set source that answers what the test says, or is down, and counts the fetches.</summary>
internal sealed class FakeKeySetSource(params VerificationKey[] keys) : IKeySetSource
{
    public KeySet Keys { get; set; } = new(keys);

    public bool IsDown { get; set; }

    public int Fetches { get; private set; }

    public Task<KeySet> FetchAsync(CancellationToken cancellationToken)
    {
        Fetches++;
        return IsDown ? throw new KeySetUnavailableException("The key set is down.") : Task.FromResult(Keys);
    }
}
