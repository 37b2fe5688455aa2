namespace TokenSessions.Issuing.Keys;

/// <summary>Where a key stands in its life. It follows from the ring file, the clock and the <c>key</c> rules alone.</summary>
public enum KeyState
{
    /// <summary>No state: the value of a <c>default</c>.</summary>
    None = 0,

    /// <summary>Published, not used yet. It takes over at its start, or at once when the key in use is revoked.</summary>
    Standby,

    /// <summary>The newest key of its purpose and algorithm whose start has come.</summary>
    InUse,

    /// <summary>Superseded, for ever. Still published, or still opening, until the last token under it has expired.</summary>
    PreviouslyUsed,

    /// <summary>Killed by a <c>key</c> rule: neither used nor published.</summary>
    Revoked,
}
