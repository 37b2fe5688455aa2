namespace TokenSessions.Tests.Simulation;

/// <summary>What a call to the outside world is about: what may befall it depends on that.</summary>
internal enum CallKind
{
    /// <summary>A strong read of the store.</summary>
    Read,

    /// <summary>A read or raise of the head: other requests of the same part wait for it.</summary>
    Head,

    /// <summary>A change of the store.</summary>
    Write,

    /// <summary>A page of the feed.</summary>
    Feed,

    /// <summary>The key set: other requests of the same validator wait for it.</summary>
    KeySet,

    /// <summary>A signature.</summary>
    Sign,
}

/// <summary>A call that has left a node. The world decides when it is carried out, and when and what it answers.</summary>
internal abstract class OutsideCall(Request request, CallKind kind, string name)
{
    public Request Request => request;

    public CallKind Kind => kind;

    public string Name => name;

    /// <summary>True once the far side has done it.</summary>
    public bool IsCarriedOut { get; protected set; }

    /// <summary>True if nothing comes back before the deadline.</summary>
    public bool IsStuck { get; set; }

    /// <summary>What befell it, for a far side that answers wrongly.</summary>
    public Fault Twist { get; set; }

    /// <summary>Told, in the world's order, that it has left its node.</summary>
    public Action? Sent { get; init; }

    /// <summary>True if the caller has an answer, or has given up.</summary>
    public abstract bool IsOver { get; }

    /// <summary>The far side does it, once more if it has been done before; the answer is that of the last time.</summary>
    public abstract void CarryOut();

    /// <summary>The answer arrives.</summary>
    public abstract void Answer();

    /// <summary>No answer, or one that says that nothing can be said.</summary>
    public abstract void Fail(string problem);
}

/// <inheritdoc/>
/// <param name="request">On whose behalf.</param>
/// <param name="kind">What it is about.</param>
/// <param name="name">For the trace.</param>
/// <param name="work">What the far side does; what it throws is the answer.</param>
/// <param name="receive">What the node does with the answer as it arrives; it may throw.</param>
/// <param name="failure">What the caller sees if there is no answer.</param>
internal sealed class OutsideCall<T>(
    Request request, CallKind kind, string name, Func<T> work, Func<T, T> receive, Func<string, Exception> failure)
    : OutsideCall(request, kind, name)
{
    private readonly TaskCompletionSource<T> _answer = new(); // Continuations run on the thread of the world.
    private Func<T>? _outcome;

    public override bool IsOver => _answer.Task.IsCompleted;

    public Task<T> Task => _answer.Task;

    public override void CarryOut()
    {
        IsCarriedOut = true;
        try
        {
            var answer = work();
            _outcome = () => answer;
        }
        catch (Exception e) when (e is not ViolationException)
        {
            _outcome = () => throw e;
        }
    }

    public override void Answer() => Complete(() => receive(_outcome!()));

    public override void Fail(string problem) => Complete(() => throw failure(problem));

    /// <summary>The caller gives up. The far side may still do it.</summary>
    public void Cancel(CancellationToken cancellationToken)
    {
        if (!IsOver)
        {
            Leave();
            _answer.TrySetCanceled(cancellationToken);
        }
    }

    private void Complete(Func<T> answer)
    {
        if (IsOver)
        {
            return;
        }

        T value;
        try
        {
            value = answer();
        }
        catch (Exception e) when (e is not ViolationException)
        {
            Leave();
            _answer.SetException(e);
            return;
        }

        Leave();
        _answer.SetResult(value);
    }

    private void Leave()
    {
        if (Request.Call == this)
        {
            Request.Call = null;
        }
    }
}
