namespace TokenSessions.Tests.Simulation;

/// <content>How the world knows that nothing runs any more, whichever thread it ran on.</content>
internal sealed partial class World
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>
    /// While one request waits for what another reads, no time goes by: else a deadline could end such a wait, on the pool, at a
    /// moment that nobody here knows of.
    /// </summary>
    private void AnswerSharedCalls()
    {
        while (_requests.Exists(request => !request.IsDone && request.Call is null && request.Part is (Part.Sessions or Part.Revoker))
            && _calls.Find(call => call.Kind is CallKind.Head) is { } head)
        {
            head.IsStuck = false;
            if (head.IsCarriedOut || !Faults.IsDown(CallKind.Head))
            {
                GoOn(head);
            }
            else
            {
                head.Fail("The head: no answer.");
                Settle();
            }
        }
    }

    /// <summary>Waits until nothing runs, and hears what came of it.</summary>
    private void Settle()
    {
        while (true)
        {
            WaitUntilQuiet();
            lock (_gate)
            {
                if (_begunBeside.Count > 0)
                {
                    _requests.AddRange(_begunBeside);
                    _begunBeside.Clear();
                    continue;
                }

                // Two requests that waited for a third go on at the same time: their numbers, not the pool, put them in order.
                foreach (var call in _sent.OrderBy(call => call.Request.Number))
                {
                    call.Sent?.Invoke();
                    _calls.Add(call);
                }

                _sent.Clear();
            }

            foreach (var call in _calls.FindAll(call => call.IsOver))
            {
                _calls.Remove(call);
                if (call is { Kind: CallKind.Write, IsCarriedOut: false, IsStuck: true } && Random.Next(2) == 0)
                {
                    BeLate(call); // It hung on its way, not on its way back.
                }
            }

            if (_requests.Find(request => request.IsDone) is not { } done)
            {
                return;
            }

            _requests.Remove(done);
            _calls.RemoveAll(call => call.Request == done);
            done.Ended();
        }
    }

    private void WaitUntilQuiet()
    {
        if (IsQuiet())
        {
            return;
        }

        var spin = new SpinWait();
        var began = TimeProvider.System.GetTimestamp();
        while (!IsQuiet())
        {
            spin.SpinOnce(sleep1Threshold: -1);
            if (TimeProvider.System.GetElapsedTime(began) > Patience)
            {
                var running = _requests.FindAll(request => !request.IsDone && request.Call is null);
                throw new InvalidOperationException(
                    $"The world does not come to rest: {string.Join(", ", running.Select(request => $"{request.Number} {request.Name}"))}.");
            }
        }
    }

    private bool IsQuiet()
    {
        foreach (var request in _requests)
        {
            if (!request.IsDone && request.Call is null && !WaitsForAnother(request))
            {
                return false;
            }
        }

        return true;
    }

    private bool WaitsForAnother(Request request)
    {
        var shared = request.Part is Part.Validator ? CallKind.KeySet : CallKind.Head;
        foreach (var other in _requests)
        {
            if (other.Node == request.Node && other.Part == request.Part && other.Call is { } call && call.Kind == shared && !call.IsOver)
            {
                return true;
            }
        }

        return false;
    }
}
