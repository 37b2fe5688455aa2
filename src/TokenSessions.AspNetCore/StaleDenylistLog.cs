using Microsoft.Extensions.Logging;

namespace TokenSessions.AspNetCore;

/// <summary>Says at most once a minute how many tokens were accepted on a stale denylist.</summary>
internal sealed class StaleDenylistLog(TimeProvider time, ILogger<BearerAuthentication> logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private long? _loggedAt;
    private long _accepted;

    public void Accepted()
    {
        long accepted;
        lock (_gate)
        {
            _accepted++;
            if (_loggedAt is { } loggedAt && time.GetElapsedTime(loggedAt) < Interval)
            {
                return;
            }

            (accepted, _accepted, _loggedAt) = (_accepted, 0, time.GetTimestamp());
        }

        Log.AcceptedOnStaleDenylist(logger, accepted);
    }
}
