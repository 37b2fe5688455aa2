namespace TokenSessions.Service.Sessions;

/// <summary>Warnings that a flood of logins would otherwise repeat with every one of them.</summary>
internal sealed class LoginWarnings(IConfiguration configuration, TimeProvider time, Log log)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    // ASPNETCORE_FORWARDEDHEADERS_ENABLED, by the name under which the host reads it.
    private readonly bool _isForwarding =
        string.Equals(configuration["FORWARDEDHEADERS_ENABLED"], "true", StringComparison.OrdinalIgnoreCase);

    private readonly Lock _gate = new();
    private bool _saidForwardingIsOff;
    private long? _saidQueueIsFullAt;
    private long _refused;

    /// <summary>Says once if somebody believes that the address of the caller is forwarded, and it is not.</summary>
    public void LookAt(IHeaderDictionary headers)
    {
        if (!_isForwarding && headers.ContainsKey("X-Forwarded-For") && !Interlocked.Exchange(ref _saidForwardingIsOff, true))
        {
            log.ForwardingOff();
        }
    }

    /// <summary>Says at most once a minute how many logins found the queue full.</summary>
    public void QueueFull()
    {
        long refused;
        lock (_gate)
        {
            _refused++;
            if (_saidQueueIsFullAt is { } saidAt && time.GetElapsedTime(saidAt) < Interval)
            {
                return;
            }

            (refused, _refused, _saidQueueIsFullAt) = (_refused, 0, time.GetTimestamp());
        }

        log.LoginQueueFull(refused);
    }
}
