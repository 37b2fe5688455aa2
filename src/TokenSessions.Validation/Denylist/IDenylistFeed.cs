namespace TokenSessions.Validation.Denylist;

/// <summary>Where a validator reads the denylist: DynamoDB, a service's signed feed, or the journal in the same process.</summary>
public interface IDenylistFeed
{
    /// <summary>Reads rules, completely: every page is followed to its end before this answers. Called at the same time by several.</summary>
    /// <remarks>It must not block: a deadline ends only what it awaits.</remarks>
    /// <param name="since">
    /// Rules stamped at this time or later, in the clock of earlier answers' <see cref="DenylistChanges.AsOf"/>.
    /// Null reads the whole window. Standing rules are part of every answer.
    /// </param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>At least what was asked for; more does no harm.</returns>
    /// <exception cref="DenylistUnavailableException">Nothing, or not everything, could be read.</exception>
    Task<DenylistChanges> ReadAsync(DateTimeOffset? since, CancellationToken cancellationToken);
}

/// <summary>What a feed answered.</summary>
/// <param name="AsOf">Every rule acknowledged before this moment is known: when the first request behind this answer was <em>sent</em>.</param>
/// <param name="Head">The head, read with the rules.</param>
/// <param name="Rules">The rules, in any order; the same rule may stand here more than once.</param>
/// <param name="IsWholeWindow">True if this is the whole window, whatever was asked for.</param>
public sealed record DenylistChanges(
    DateTimeOffset AsOf, DenylistHead Head, IReadOnlyList<DenylistRule> Rules, bool IsWholeWindow)
{
    /// <summary>
    /// True if somebody else made this answer and dated it by their clock, so that it may be a frozen or rolled-back copy: one
    /// that is not newer than the last adds its rules, but makes nothing fresh. Default false: <see cref="AsOf"/> is our own clock.
    /// </summary>
    public bool IsCopy { get; init; }

    /// <summary>Why this cannot be used; null if it can.</summary>
    internal string? FindProblem(bool isWholeAsked) =>
        isWholeAsked && !IsWholeWindow ? "The feed was asked for the whole window and answered with a part of it."
        : Head.FindProblem() is { } problem ? $"The head of the denylist {problem}."
        : Head.Window == TimeSpan.Zero || Head.Window < Head.LongestAccessTokenLifetime
            ? "The head of the denylist keeps rules for less time than tokens live: its issuer has not written it yet."
        : null;
}

/// <summary>The denylist feed could not be read, or what it gave could not be believed.</summary>
/// <param name="message">What failed and where; no token, no secret.</param>
/// <param name="innerException">Why.</param>
public sealed class DenylistUnavailableException(string message, Exception? innerException = null)
    : Exception(message, innerException);
