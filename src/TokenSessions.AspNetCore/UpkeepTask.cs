using Microsoft.Extensions.Logging;

namespace TokenSessions.AspNetCore;

/// <summary>One thing to be read again and again, and what the log has been told about it.</summary>
/// <param name="what">Its name in the log.</param>
/// <param name="wait">How long to wait for the next reading, after one that went well or not.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Hears of changes at once, and of what stays broken every 5 minutes.</param>
/// <param name="read">One reading: whether it went well, and what is wrong.</param>
internal sealed class UpkeepTask(
    string what, Func<bool, TimeSpan> wait, TimeProvider time, ILogger logger,
    Func<CancellationToken, Task<(bool IsRead, string Problem)>> read)
{
    private static readonly TimeSpan ReminderInterval = TimeSpan.FromMinutes(5);

    private bool _hasBeenRead;
    private long _failures;
    private long _loggedAt;
    private string _lastPartialProblem = "";

    /// <summary>How long to wait before the next reading.</summary>
    public TimeSpan Wait => wait(_failures == 0);

    /// <summary>Reads once and tells the log what is new. Throws only when cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            var (isRead, problem) = await read(cancellationToken).ConfigureAwait(false);
            if (isRead)
            {
                Succeeded(problem);
            }
            else
            {
                Failed(problem);
            }
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            // The end of the line: a loop that died of somebody's mistake would leave every token unknown until a restart.
            _failures++;
            Log.Unforeseen(logger, e, what);
        }
    }

    private void Succeeded(string problem)
    {
        if (_failures > 0)
        {
            Log.Regained(logger, what, _failures);
        }
        else if (!_hasBeenRead)
        {
            Log.Ready(logger, what);
        }

        if (problem.Length > 0 && problem != _lastPartialProblem)
        {
            Log.PartlyUsable(logger, what, problem);
        }

        (_hasBeenRead, _failures, _lastPartialProblem) = (true, 0, problem);
    }

    private void Failed(string problem)
    {
        _failures++;
        if (_failures == 1)
        {
            Log.Lost(logger, what, problem);
            _loggedAt = time.GetTimestamp();
        }
        else if (time.GetElapsedTime(_loggedAt) >= ReminderInterval)
        {
            Log.StillLost(logger, what, _failures, problem);
            _loggedAt = time.GetTimestamp();
        }
    }
}
