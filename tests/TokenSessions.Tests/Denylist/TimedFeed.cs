using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Denylist;

/// <summary>A feed of items with stamps of the test's choice; it answers exactly what is asked for.</summary>
internal sealed class TimedFeed(TimeProvider time) : IDenylistFeed
{
    public const string Issuer = "https://issuer.example";

    private readonly List<DenylistRule> _items = [];

    public DenylistHead Head { get; set; } = new()
    {
        Window = TimeSpan.FromMinutes(16),
        LongestAccessTokenLifetime = TimeSpan.FromMinutes(10),
        LongestRefreshLife = TimeSpan.FromDays(30),
    };

    /// <summary>What was asked for, oldest first; null where the whole window was.</summary>
    public List<DateTimeOffset?> Asked { get; } = [];

    public bool IsDown { get; set; }

    /// <summary>Reads that go further back than this fail.</summary>
    public TimeSpan FurthestBack { get; set; } = TimeSpan.MaxValue;

    /// <summary>If set, answers are copies as of this time.</summary>
    public DateTimeOffset? CopyAsOf { get; set; }

    /// <summary>If set, the next reads answer only when this completes.</summary>
    public TaskCompletionSource? Hold { get; set; }

    /// <summary>Completes when a read has begun to be held.</summary>
    public TaskCompletionSource Held { get; private set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>If set, reads of the whole window answer only when this completes.</summary>
    public TaskCompletionSource? HoldWhole { get; set; }

    /// <summary>What was asked last, whether it has been answered or not.</summary>
    public Task<DenylistChanges> LastRead { get; private set; } = null!;

    /// <summary>If true, even the whole window is answered with a part.</summary>
    public bool AnswersPartsOnly { get; set; }

    /// <summary>If true, every answer is the whole window.</summary>
    public bool AnswersWholeAlways { get; set; }

    public static RuleKey Key(string session) => RuleKey.For(Issuer, RuleKind.Session, session);

    public void Add(string session, DateTimeOffset? stampedAt = null, long watermark = 0, bool isStanding = false)
    {
        var stamp = stampedAt ?? time.GetUtcNow();
        _items.Add(new(Key(session), stamp.ToUnixTimeMilliseconds(), watermark, isStanding));
    }

    public void AddRule(RuleKey key, bool isStanding) =>
        _items.Add(new(key, time.GetUtcNow().ToUnixTimeMilliseconds(), 0, isStanding));

    public void Clear() => _items.Clear();

    public Task<DenylistChanges> ReadAsync(DateTimeOffset? since, CancellationToken cancellationToken) => LastRead = ReadAsync(since);

    private async Task<DenylistChanges> ReadAsync(DateTimeOffset? since)
    {
        Asked.Add(since);
        if (IsDown || (FurthestBack < TimeSpan.MaxValue && !(time.GetUtcNow() - since <= FurthestBack)))
        {
            throw new DenylistUnavailableException("The feed is down.");
        }

        var asOf = CopyAsOf ?? time.GetUtcNow();
        var isWhole = (since is null || AnswersWholeAlways) && !AnswersPartsOnly;
        var from = isWhole ? 0 : since?.ToUnixTimeMilliseconds() ?? 0;
        DenylistRule[] rules = [.. _items.Where(rule => rule.IsStanding || rule.StampedAt >= from)];
        var changes = new DenylistChanges(asOf, Head, rules, isWhole) { IsCopy = CopyAsOf is not null };
        if (since is null && HoldWhole is { } holdWhole)
        {
            await holdWhole.Task;
        }

        if (Hold is { } hold)
        {
            Held.SetResult();
            await hold.Task; // Not the cancellation token: a feed that is stuck does not listen.
        }

        return changes;
    }

    /// <summary>From now on reads are held until <see cref="Release"/>.</summary>
    public void HoldReads() => (Hold, Held) = (Pending(), Pending());

    /// <summary>Held reads answer, and later ones are not held.</summary>
    public void Release()
    {
        var hold = Hold;
        Hold = null;
        hold?.SetResult();
    }

    private static TaskCompletionSource Pending() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
