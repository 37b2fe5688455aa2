using TokenSessions.Issuing.Stores;
using TokenSessions.Tests.Stores;

namespace TokenSessions.Tests.Simulation;

/// <summary>
/// Everything outside of the nodes, and the order in which things happen: one thread does them one at a time, and a seed decides
/// which is next. So a run is a function of its seed.
/// </summary>
/// <remarks>
/// The product runs unchanged, on this thread and partly on the pool. Before anything else is decided, all of it has come to rest:
/// each request is over, waits for a call that left its node, or waits for another request that does. Random identifiers, keys and
/// nonces differ from run to run; nothing is decided by them.
/// </remarks>
internal sealed partial class World : IDisposable
{
    /// <summary>What was given up can still be carried out for so long.</summary>
    private static readonly TimeSpan LongestLateness = TimeSpan.FromMinutes(2);

    private readonly Lock _gate = new();
    private readonly List<OutsideCall> _sent = [];
    private readonly List<Request> _begunBeside = [];
    private readonly List<OutsideCall> _calls = [];
    private readonly List<Request> _requests = [];
    private readonly List<(OutsideCall Call, TimeSpan Until)> _late = [];
    private int _lastRequest;

    public World(int seed, SimulatedKeys keys)
    {
        Random = new(seed);
        Faults = new(Random);
        Keys = keys;
        Regions = Random.Next(3) == 0 ? 2 : 1;
        Table = new(Time, Regions, seed);
        History = new(this);
        Table.Arrived = History.Arrived;
    }

    public SimulatedTime Time { get; } = new();

    public Random Random { get; }

    public SimulatedKeys Keys { get; }

    public int Regions { get; }

    public ReplicatedTable Table { get; }

    public Faults Faults { get; }

    /// <summary>What happened in truth.</summary>
    public History History { get; }

    /// <summary>The meters of this world alone, so that they go with it.</summary>
    public OwnMeters Meters { get; } = new();

    /// <summary>The number of the thing that happens.</summary>
    public int Step { get; private set; }

    /// <summary>What happened, one line each, without anything random: the same in every run of the seed.</summary>
    public List<string> Trace { get; } = [];

    public int CallCount => _calls.Count;

    /// <summary>True if nothing under way can go on before some deadline.</summary>
    public bool IsStuck => _calls.TrueForAll(call => call.IsStuck);

    public bool IsBusy(object node, Part part) => _requests.Exists(request => request.Node == node && request.Part == part);

    public void Happens(string what)
    {
        Step++;
        Trace.Add($"{Step} {Time.Elapsed.TotalSeconds:0.###} {what}");
    }

    /// <summary>Asks something of a node, which runs until it waits.</summary>
    /// <param name="node">Which.</param>
    /// <param name="part">What of it.</param>
    /// <param name="name">For the trace.</param>
    /// <param name="run">What to ask.</param>
    /// <param name="deadline">Cancels it.</param>
    /// <param name="ended">What the client makes of its end.</param>
    /// <param name="presented">The refresh token that is presented, if there is one.</param>
    /// <param name="ends">What it asks to end, if it does.</param>
    public Request Begin<T>(
        object node, Part part, string name, Func<CancellationToken, Task<T>> run, CancellationTokenSource? deadline,
        Action<Request, Task<T>> ended, PresentedToken? presented = null, AuthorityKey? ends = null)
    {
        Happens(name);
        var request = new Request(this, ++_lastRequest, node, part, name) { Presented = presented, Ends = ends };
        request.Ended = () =>
        {
            deadline?.Dispose();
            ended(request, (Task<T>)request.Task);
        };
        _requests.Add(request);
        request.Begin(() => run(deadline?.Token ?? CancellationToken.None));
        Settle();
        return request;
    }

    /// <summary>A node goes on with something besides what was asked of it. Called by nodes, on any thread, before that is done.</summary>
    public static Task<T> BeginBeside<T>(Request asked, Part part, string name, Func<Task<T>> run)
    {
        var world = asked.World;
        lock (world._gate)
        {
            var request = new Request(world, ++world._lastRequest, asked.Node, part, name);
            request.Ended = () => world.History.Note($"{part}: {(request.Task.IsCompletedSuccessfully ? "complete" : "failed")}");
            world._begunBeside.Add(request);
            request.Begin(run);
            return (Task<T>)request.Task;
        }
    }

    /// <summary>A call leaves a node. Called by nodes, on any thread.</summary>
    public static Task<T> CallAsync<T>(
        CallKind kind, string name, Func<OutsideCall, T> work, Func<T, T> receive, Func<string, Exception> failure,
        CancellationToken cancellationToken, Action? sent = null)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<T>(cancellationToken);
        }

        var request = Request.Current ?? throw new InvalidOperationException("A call without a request.");
        OutsideCall<T> call = null!;
        call = new(request, kind, name, () => work(call), receive, failure) { Sent = sent };
        cancellationToken.Register(() => call.Cancel(cancellationToken));
        lock (request.World._gate)
        {
            request.World._sent.Add(call);
        }

        request.Call = call; // Last: from here on the request waits.
        return call.Task;
    }

    /// <summary>One of the calls under way goes on; which one and how, the seed says.</summary>
    public void GoOn()
    {
        if (_late.Count > 0 && Random.Next(6) == 0)
        {
            CarryOutLate(Random.Next(_late.Count));
            return;
        }

        var calls = _calls.FindAll(call => !call.IsStuck);
        if (calls.Count > 0)
        {
            GoOn(calls[Random.Next(calls.Count)]);
        }
    }

    /// <summary>Everything under way comes to its end, but for what hangs.</summary>
    public void Drain(bool withLate = false)
    {
        while (_calls.Find(call => !call.IsStuck) is { } call)
        {
            GoOn(call);
        }

        while (withLate && _late.Count > 0)
        {
            CarryOutLate(0);
        }
    }

    /// <summary>Time goes on for everybody.</summary>
    public void Advance(TimeSpan by)
    {
        AnswerSharedCalls();
        Happens($"{by.TotalSeconds:0.###} s go by");
        Time.Advance(by, () =>
        {
            Settle();
            AnswerSharedCalls();
        });
        Settle();
        while (_late.FindIndex(late => late.Until < Time.Elapsed) is var index and >= 0)
        {
            CarryOutLate(index);
        }
    }

    /// <summary>A node dies: what it was about to do is never done, though what has left it may still arrive.</summary>
    public void Kill(object node, NodeClock clock)
    {
        foreach (var request in _requests.FindAll(request => request.Node == node))
        {
            _requests.Remove(request);
            if (request.Call is { Kind: CallKind.Write, IsCarriedOut: false } write && Random.Next(2) == 0)
            {
                BeLate(write);
            }
        }

        _calls.RemoveAll(call => call.Request.Node == node);
        Time.RemoveAllOf(clock);
    }

    public void Dispose() => Meters.Dispose();

    private void GoOn(OutsideCall call)
    {
        var fault = Faults.Choose(call);
        Happens($"{call.Request.Number} {call.Request.Name}: {call.Name}{(fault is Fault.None ? "" : $" {fault}")}");
        call.Twist = fault;
        switch (fault)
        {
            case Fault.None or Fault.Wrong or Fault.Stale:
                if (!call.IsCarriedOut)
                {
                    call.CarryOut();
                }

                call.Answer();
                break;
            case Fault.Delayed:
                call.CarryOut();
                break;
            case Fault.Dropped or Fault.Throttled or Fault.Broken:
                call.Fail($"{call.Name}: {fault}.");
                break;
            case Fault.AnswerLost:
                call.CarryOut();
                call.Fail($"{call.Name}: no answer.");
                break;
            case Fault.Late:
                BeLate(call);
                call.Fail($"{call.Name}: no answer yet.");
                break;
            case Fault.Duplicated:
                call.CarryOut();
                call.Answer();
                BeLate(call);
                break;
            case Fault.Retried:
                call.CarryOut();
                call.CarryOut();
                call.Answer();
                break;
            case Fault.Stuck:
                call.IsStuck = true;
                break;
        }

        Settle();
        SingleLineage.Check(this);
    }

    private void BeLate(OutsideCall call) => _late.Add((call, Time.Elapsed + LongestLateness));

    private void CarryOutLate(int index)
    {
        var call = _late[index].Call;
        _late.RemoveAt(index);
        Happens($"{call.Request.Number} {call.Request.Name}: {call.Name} at last");
        call.CarryOut();
        SingleLineage.Check(this);
    }
}
