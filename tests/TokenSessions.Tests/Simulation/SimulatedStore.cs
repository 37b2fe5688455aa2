using TokenSessions.Issuing;
using TokenSessions.Issuing.Stores;
using TokenSessions.Tests.Stores;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Simulation;

/// <summary>The store as one node calls it: the table of its region, over a network that may lose everything.</summary>
internal sealed class SimulatedStore(World world, NodeClock clock, int region) : ISessionStore
{
    private ReplicatedStore Table => world.Table.Regions[region];

    public Task<IReadOnlyDictionary<AuthorityKey, AuthorityItem>> ReadAsync(
        IReadOnlyCollection<AuthorityKey> keys, CancellationToken cancellationToken) =>
        CallAsync(CallKind.Read, "read", () => Table.ReadAsync(keys, CancellationToken.None), cancellationToken);

    public Task<AuthorityItem> DenyAsync(Denial denial, CancellationToken cancellationToken)
    {
        var request = Request.Current;
        return CallAsync(
            CallKind.Write, $"deny {denial.Key.Kind}", () => Table.DenyAsync(denial, CancellationToken.None), cancellationToken,
            () => NoFalseTheft.CheckDenied(request!, denial));
    }

    public Task WriteFeedAsync(DenylistRule rule, DateTimeOffset? expiresAt, CancellationToken cancellationToken) => CallAsync(
        CallKind.Write, "write feed", () => DoneAsync(Table.WriteFeedAsync(rule, expiresAt, CancellationToken.None)), cancellationToken);

    public Task MarkFedAsync(AuthorityKey key, long watermark, CancellationToken cancellationToken) =>
        CallAsync(CallKind.Write, "mark fed", () => DoneAsync(Table.MarkFedAsync(key, watermark, CancellationToken.None)), cancellationToken);

    public Task<SessionAdvanced> AdvanceAsync(SessionAdvance advance, CancellationToken cancellationToken)
    {
        var request = Request.Current;
        return CallAsync(
            CallKind.Write,
            "advance",
            async () =>
            {
                var advanced = await Table.AdvanceAsync(advance, CancellationToken.None).ConfigureAwait(false);
                if (advanced.IsAdvanced)
                {
                    History.Advanced(request!, advance);
                }

                return advanced;
            },
            cancellationToken);
    }

    public Task<bool> NoteGraceAsync(AuthorityKey key, int generation, CancellationToken cancellationToken) =>
        CallAsync(CallKind.Write, "note grace", () => Table.NoteGraceAsync(key, generation, CancellationToken.None), cancellationToken);

    public Task<RulePage> ListAsync(string issuer, string? continuation, int limit, CancellationToken cancellationToken) =>
        CallAsync(CallKind.Read, "list", () => Table.ListAsync(issuer, continuation, limit, CancellationToken.None), cancellationToken);

    public Task<StoredHead?> ReadHeadAsync(CancellationToken cancellationToken) =>
        CallAsync(CallKind.Head, "read head", () => Table.ReadHeadAsync(CancellationToken.None), cancellationToken);

    public Task<StoredHead> RaiseHeadAsync(DenylistHead atLeast, DateTimeOffset at, CancellationToken cancellationToken) =>
        CallAsync(CallKind.Head, "raise head", () => Table.RaiseHeadAsync(atLeast, at, CancellationToken.None), cancellationToken);

    private static async Task<bool> DoneAsync(Task task)
    {
        await task.ConfigureAwait(false);
        return true;
    }

    /// <summary>The table answers at once; only its network takes time.</summary>
    private Task<T> CallAsync<T>(CallKind kind, string name, Func<Task<T>> work, CancellationToken cancellationToken, Action? sent = null)
    {
        var answers = new AnswerDates(world, clock);
        return World.CallAsync(
            kind,
            name,
            _ =>
            {
                answers.Made();
                return work().GetAwaiter().GetResult();
            },
            answer => answers.FindProblem() is { } problem ? throw new SessionStoreUnavailableException(problem) : answer,
            problem => new SessionStoreUnavailableException(problem),
            cancellationToken,
            sent);
    }
}

/// <summary>
/// Compares the clock of a node with the dates of the store's answers, as every client of a store on a network has to: the
/// product's own for DynamoDB does the same.
/// </summary>
internal sealed class AnswerDates(World world, NodeClock clock)
{
    public static readonly TimeSpan MaxDifference = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan DateResolution = TimeSpan.FromSeconds(1);

    private readonly DateTimeOffset _sentAt = clock.GetUtcNow();
    private DateTimeOffset _date;

    /// <summary>The store makes its answer.</summary>
    public void Made() => _date = DateTimeOffset.FromUnixTimeSeconds(world.Time.GetUtcNow().ToUnixTimeSeconds());

    /// <summary>What is wrong with the node's clock now that the answer is here; null if nothing can be told.</summary>
    public string? FindProblem() =>
        _sentAt - (_date + DateResolution) >= MaxDifference || _date - clock.GetUtcNow() > MaxDifference ? "This clock is wrong." : null;
}

/// <summary>The directory of subjects, at hand in each node.</summary>
internal sealed class SimulatedSubjects(World world) : ISubjectDirectory
{
    public ValueTask<SubjectRecord?> FindAsync(string subject, CancellationToken cancellationToken) => world.Faults.IsDirectoryDown
        ? throw new SubjectDirectoryUnavailableException("The directory is down.")
        : new(new SubjectRecord { IsEnabled = !world.History.DisabledSubjects.Contains(subject), Scopes = ["reports.read"] });
}
