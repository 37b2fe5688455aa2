namespace TokenSessions.Aws.Keys;

/// <summary>How long, how often and where KMS is called. Checked when the <see cref="KmsClients"/> are made.</summary>
public sealed record KmsOptions
{
    private const int ConcurrencyLimit = 10_000;

    private static readonly TimeSpan MaxTimeout = TimeSpan.FromSeconds(60);

    /// <summary>
    /// The region of keys that are named by their id alone. Null, the default: the region of the AWS settings (<c>AWS_REGION</c>,
    /// the profile, the instance).
    /// </summary>
    public string? Region { get; set; }

    /// <summary>For how long one signature may be waited for, everything included. Default 3 seconds, above 0, at most 60.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>For how long one request to KMS may take. Default 1 second, above 0 and less than <see cref="Timeout"/>.</summary>
    public TimeSpan AttemptTimeout { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The most calls in flight. As many again may wait for their turn, and their waiting counts against <see cref="Timeout"/>;
    /// all others fail at once. Default 1,000, from 1 to 10,000.
    /// </summary>
    public int MaxConcurrency { get; set; } = 1_000;

    /// <summary>Everything wrong with these options; empty when they can be used.</summary>
    public IEnumerable<string> Problems()
    {
        if (Region is not null && !KmsKeyName.IsRegion(Region))
        {
            yield return $"{nameof(Region)} must be the name of an AWS region, such as eu-west-1.";
        }

        if (Timeout <= TimeSpan.Zero || Timeout > MaxTimeout)
        {
            yield return $"{nameof(Timeout)} must be above 0 and at most {MaxTimeout}, but is {Timeout}.";
        }

        if (AttemptTimeout <= TimeSpan.Zero || AttemptTimeout >= Timeout)
        {
            yield return $"{nameof(AttemptTimeout)} must be above 0 and less than {nameof(Timeout)}, but is {AttemptTimeout}.";
        }

        if (MaxConcurrency is < 1 or > ConcurrencyLimit)
        {
            yield return $"{nameof(MaxConcurrency)} must be from 1 to {ConcurrencyLimit}, but is {MaxConcurrency}.";
        }
    }
}
