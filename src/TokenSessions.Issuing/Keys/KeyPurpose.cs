namespace TokenSessions.Issuing.Keys;

/// <summary>What a key of the ring is for. A key has one purpose only, so that none can stand in for another.</summary>
public enum KeyPurpose
{
    /// <summary>No purpose: the value of a <c>default</c>.</summary>
    None = 0,

    /// <summary>Signs access tokens; its public half stands in the key set.</summary>
    Sign,

    /// <summary>Signs the denylist feed; its public half stands in a key set of its own. ES256 only.</summary>
    Feed,

    /// <summary>Seals refresh tokens (A256GCM). It has no public half.</summary>
    Seal,
}
