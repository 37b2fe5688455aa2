namespace TokenSessions.Aws.Keys;

/// <summary>Stops calls to a region of KMS that does not answer, so that logins fail at once instead of after the time-out.</summary>
/// <remarks>Closed; open after 5 failures in a row; after 5 seconds one call may probe. Any answer closes it, an unkind one too.</remarks>
internal sealed class KmsBreaker(TimeProvider time)
{
    /// <summary>How many failures in a row open it.</summary>
    public const int MaxFailures = 5;

    /// <summary>For how long no call is made.</summary>
    public static readonly TimeSpan OpenFor = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private int _failures;
    private long _openedAt;
    private bool _isProbing;

    /// <summary>How a call may go ahead. Every pass but <see cref="KmsPass.None"/> is handed back, once, with what came of it.</summary>
    public KmsPass Enter()
    {
        lock (_gate)
        {
            if (_failures < MaxFailures)
            {
                return KmsPass.Free;
            }

            if (_isProbing || time.GetElapsedTime(_openedAt) < OpenFor)
            {
                return KmsPass.None;
            }

            _isProbing = true;
            return KmsPass.Probe;
        }
    }

    /// <summary>KMS answered.</summary>
    public void Answered(KmsPass pass)
    {
        lock (_gate)
        {
            _failures = 0;
            _isProbing &= pass != KmsPass.Probe;
        }
    }

    /// <summary>KMS did not answer, or with 5xx.</summary>
    public void Failed(KmsPass pass)
    {
        lock (_gate)
        {
            if (pass == KmsPass.Probe)
            {
                (_isProbing, _openedAt) = (false, time.GetTimestamp());
            }
            else if (_failures < MaxFailures && ++_failures == MaxFailures)
            {
                _openedAt = time.GetTimestamp(); // Calls that were under way then and fail later do not keep it open longer.
            }
        }
    }

    /// <summary>The caller gave up: that says nothing about KMS. The next call probes.</summary>
    public void Abandoned(KmsPass pass)
    {
        lock (_gate)
        {
            _isProbing &= pass != KmsPass.Probe;
        }
    }
}

/// <summary>How a call may go ahead.</summary>
internal enum KmsPass
{
    /// <summary>Not at all.</summary>
    None = 0,

    /// <summary>As any other.</summary>
    Free,

    /// <summary>As the one that finds out whether KMS is back.</summary>
    Probe,
}
