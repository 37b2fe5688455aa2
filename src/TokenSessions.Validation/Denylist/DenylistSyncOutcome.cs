namespace TokenSessions.Validation.Denylist;

/// <summary>What one step of the sync did.</summary>
/// <param name="IsComplete">True if the snapshot is as of this step.</param>
/// <param name="Problem">What failed; empty if nothing did. A complete step tells of a re-read of the whole window that failed beside it.</param>
public sealed record DenylistSyncOutcome(bool IsComplete, string Problem);
