namespace TokenSessions.Validation.Denylist;

/// <summary>A read of the whole window beside the polls: of a million rules it takes longer than a poll may.</summary>
/// <param name="sentAt">When it began.</param>
/// <param name="time">The clock.</param>
/// <param name="bound">The longest it may take.</param>
internal sealed class WholeRead(Moment sentAt, TimeProvider time, TimeSpan bound)
{
    private volatile Task<DenylistChanges>? _changes;

    public Moment SentAt => sentAt;

    /// <summary>True once there is an answer, or none within the bound: a feed need not heed its deadline.</summary>
    public bool IsOver => _changes is { IsCompleted: true } || sentAt.Age(time) > bound;

    private string Late => $"The whole window was not read again within {bound.TotalSeconds} s.";

    public void Send(IDenylistFeed feed)
    {
        var deadline = new CancellationTokenSource(bound, time);
        try
        {
            _changes = feed.ReadAsync(null, deadline.Token);
        }
        catch (Exception e)
        {
            _changes = Task.FromException<DenylistChanges>(e);
        }

        _changes.ContinueWith(
            _ => deadline.Dispose(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    /// <summary>What came of it, once it is over: the window, or why it is not there. Never throws: the poll that asks was well.</summary>
    public (DenylistChanges? Changes, string Problem) Outcome()
    {
        try
        {
            if (_changes is not { IsCompleted: true } read)
            {
                return (null, Late);
            }

            var changes = read.GetAwaiter().GetResult();
            return changes.FindProblem(isWholeAsked: true) is { } problem ? (null, problem) : (changes, "");
        }
        catch (OperationCanceledException)
        {
            return (null, Late);
        }
        catch (Exception e)
        {
            return (null, $"The whole window was not read again. {e.Message}");
        }
    }
}
