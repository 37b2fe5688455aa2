using TokenSessions.Validation;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Validation;

/// <summary>One rule of the denylist, by its names.</summary>
internal sealed record ReferenceRule(RuleKind Kind, string Value, long Watermark = 0, int Region = 0, string Issuer = TestToken.Issuer);

/// <summary>What was read of the denylist, and when on both clocks.</summary>
internal sealed record ReferenceSnapshot(
    IReadOnlyList<ReferenceRule> Rules, int Regions, TimeSpan LongestLifetime, DateTimeOffset ReadAt, TimeSpan ReadAtElapsed);

/// <summary>Everything outside a token that a verdict depends on, at one moment.</summary>
internal sealed record ReferenceState
{
    public required TokenValidationOptions Options { get; init; }

    /// <summary>By the wall clock.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>By the clock that nobody sets.</summary>
    public required TimeSpan Elapsed { get; init; }

    public required IReadOnlyList<ReferenceKey> Keys { get; init; }

    /// <summary>True if the last fetch of the key set failed.</summary>
    public required bool AreKeysDown { get; init; }

    /// <summary>True if the last good key set is older than 24 hours.</summary>
    public required bool AreKeysTooOld { get; init; }

    /// <summary>False for an API that wants no denylist at all.</summary>
    public required bool HasDenylist { get; init; }

    /// <summary>Null before the first complete sync.</summary>
    public required ReferenceSnapshot? Snapshot { get; init; }
}
