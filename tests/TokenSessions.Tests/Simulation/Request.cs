using TokenSessions.Issuing.Stores;

namespace TokenSessions.Tests.Simulation;

/// <summary>Where a request waits, if it cannot go on by itself: requests of one part share what it reads.</summary>
internal enum Part
{
    /// <summary>The session issuer of a node, with its own copy of the head.</summary>
    Sessions,

    /// <summary>The revoker of a node, with its own copy of the head.</summary>
    Revoker,

    /// <summary>A validator and its key set.</summary>
    Validator,

    /// <summary>The sync of a validator.</summary>
    Sync,

    /// <summary>What a sync reads beside its polls.</summary>
    Reread,
}

/// <summary>One thing asked of a node, from its beginning to its end. It has at most one call to the outside world under way.</summary>
internal sealed class Request(World world, int number, object node, Part part, string name)
{
    private static readonly AsyncLocal<Request?> Flowing = new();

    private volatile OutsideCall? _call;

    /// <summary>The request on whose behalf the code at hand runs, whichever thread runs it.</summary>
    public static Request? Current => Flowing.Value;

    public World World => world;

    public int Number => number;

    public object Node => node;

    public Part Part => part;

    public string Name => name;

    public int BegunAtStep { get; } = world.Step;

    public TimeSpan BegunAt { get; } = world.Time.Elapsed;

    /// <summary>The call to the outside world that it waits for; null while it runs, or waits for another request's.</summary>
    public OutsideCall? Call
    {
        get => _call;
        set => _call = value;
    }

    public Task Task { get; private set; } = Task.CompletedTask;

    /// <summary>What its client makes of its end.</summary>
    public Action Ended { get; set; } = () => { };

    /// <summary>True once it has read a feed. What it reads after that nobody waits for.</summary>
    public bool HasReadFeed { get; set; }

    /// <summary>What it asks to end, for the oracle; null for nothing.</summary>
    public AuthorityKey? Ends { get; init; }

    /// <summary>What it presented, for the oracle.</summary>
    public PresentedToken? Presented { get; init; }

    public bool IsDone => Task.IsCompleted;

    /// <summary>Runs until it waits for the first time.</summary>
    public void Begin(Func<Task> run)
    {
        var before = Flowing.Value;
        Flowing.Value = this;
        try
        {
            Task = run();
        }
        finally
        {
            Flowing.Value = before;
        }
    }
}
