namespace TokenSessions.Issuing.Keys;

/// <summary>Keeps a ring's private halves alive until it is disposed, even if the ring has been replaced meanwhile.</summary>
internal sealed class KeyRingLease(KeyRing ring) : IDisposable
{
    private KeyRing? _ring = ring;

    public KeyRing Ring { get; } = ring;

    public void Dispose() => Interlocked.Exchange(ref _ring, null)?.Leave();
}
