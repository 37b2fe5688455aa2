using Microsoft.Extensions.Logging;
using TokenSessions.Validation;

namespace TokenSessions.AspNetCore;

/// <summary>Every log line of this package. Event ids 1000 to 1099; never reuse one. Never a token.</summary>
internal static partial class Log
{
    [LoggerMessage(1000, LogLevel.Information, "The {What} is read and kept up to date.")]
    public static partial void Ready(ILogger logger, string what);

    [LoggerMessage(1001, LogLevel.Error, "The {What} cannot be read: {Problem}")]
    public static partial void Lost(ILogger logger, string what, string problem);

    [LoggerMessage(1002, LogLevel.Error, "The {What} still cannot be read, after {Failures} attempts: {Problem}")]
    public static partial void StillLost(ILogger logger, string what, long failures, string problem);

    [LoggerMessage(1003, LogLevel.Information, "The {What} can be read again, after {Failures} failed attempts.")]
    public static partial void Regained(ILogger logger, string what, long failures);

    [LoggerMessage(1004, LogLevel.Warning, "The {What} is read, but not all of it can be used: {Problem}")]
    public static partial void PartlyUsable(ILogger logger, string what, string problem);

    [LoggerMessage(1005, LogLevel.Error, "Reading the {What} failed in a way nobody foresaw; it is tried again.")]
    public static partial void Unforeseen(ILogger logger, Exception exception, string what);

    [LoggerMessage(1006, LogLevel.Warning,
        "{Accepted} tokens accepted on a stale denylist since the last such line: revocations of the last minutes are not seen.")]
    public static partial void AcceptedOnStaleDenylist(ILogger logger, long accepted);

    /// <summary>Debug: whoever sends garbage must not be able to fill the log. The counter tells how many and why.</summary>
    [LoggerMessage(1007, LogLevel.Debug, "The access token was rejected: {Rejection}.")]
    public static partial void Rejected(ILogger logger, TokenRejection rejection);
}
