namespace TokenSessions.Tests.Simulation;

/// <summary>What befalls one call to the outside world.</summary>
internal enum Fault
{
    /// <summary>It is carried out and answered at once.</summary>
    None,

    /// <summary>It is carried out now and answered later. No fault, but the way of the world.</summary>
    Delayed,

    /// <summary>It never arrives.</summary>
    Dropped,

    /// <summary>The far side has too much to do.</summary>
    Throttled,

    /// <summary>The far side breaks down (500) without having done it.</summary>
    Broken,

    /// <summary>It is carried out, and nobody hears of it.</summary>
    AnswerLost,

    /// <summary>It is given up as failed, and carried out afterwards: behind what comes after it.</summary>
    Late,

    /// <summary>It is carried out and answered, and later carried out again.</summary>
    Duplicated,

    /// <summary>Its first answer is lost; the client sends the very same request again and hears the second.</summary>
    Retried,

    /// <summary>It hangs until its deadline.</summary>
    Stuck,

    /// <summary>It is answered from a replica that lags behind.</summary>
    Stale,

    /// <summary>The answer is not what was asked for.</summary>
    Wrong,
}

/// <summary>Which faults there are at the moment.</summary>
internal sealed class Faults(Random random)
{
    private static readonly Fault[] OfReads = [Fault.Dropped, Fault.Throttled, Fault.Broken, Fault.Stuck, Fault.AnswerLost];
    private static readonly Fault[] OfWrites = [.. OfReads, Fault.Late, Fault.Duplicated, Fault.Retried, Fault.AnswerLost, Fault.Late];
    private static readonly Fault[] OfFeeds = [.. OfReads, Fault.Stale, Fault.Stale];
    private static readonly Fault[] OfSignatures = [.. OfReads, Fault.Wrong, Fault.Wrong];

    private static readonly CallKind[] Kinds = Enum.GetValues<CallKind>();

    private readonly HashSet<CallKind> _down = [];

    /// <summary>Of so many calls one goes wrong, from 0 to 1.</summary>
    public double Rate { get; private set; }

    /// <summary>True while the directory of subjects cannot be asked.</summary>
    public bool IsDirectoryDown { get; private set; }

    /// <summary>Reads of the table that reach further back take too long, however often they are tried.</summary>
    public TimeSpan LongestRead { get; private set; } = TimeSpan.MaxValue;

    /// <summary>True while whoever hosts the signed feed gives the same copies again and again.</summary>
    public bool IsFeedFrozen { get; private set; }

    /// <summary>Something breaks, or comes back.</summary>
    public string Change()
    {
        switch (random.Next(20))
        {
            case 0 when !IsDirectoryDown: // It comes back with all else.
                IsDirectoryDown = true;
                return "the directory is down";
            case < 5:
                var kind = Kinds[random.Next(Kinds.Length)];
                var isDown = _down.Add(kind) || !_down.Remove(kind);
                return $"{kind} is {(isDown ? "down" : "up")}";
            case < 9:
                Rate = random.Next(1, 5) / 10.0;
                return $"faults: {Rate:0.0}";
            case < 13:
                return LimitReads(random.Next(2) == 0 ? 2 : 10);
            case 13:
                IsFeedFrozen = true;
                return "the signed feed is frozen";
            default:
                Stop();
                return "faults: none";
        }
    }

    public string LimitReads(int minutes)
    {
        LongestRead = TimeSpan.FromMinutes(minutes);
        return $"reads of more than {LongestRead.TotalMinutes} min fail";
    }

    public void Stop()
    {
        _down.Clear();
        (IsDirectoryDown, IsFeedFrozen, Rate, LongestRead) = (false, false, 0, TimeSpan.MaxValue);
    }

    public bool IsDown(CallKind kind) => _down.Contains(kind);

    public Fault Choose(OutsideCall call)
    {
        if (call.IsCarriedOut)
        {
            return Fault.None;
        }

        if (_down.Contains(call.Kind))
        {
            return random.Next(4) == 0 ? Fault.Stuck : Fault.Dropped;
        }

        if (Rate > 0 && random.NextDouble() < Rate)
        {
            var faults = call.Kind switch
            {
                CallKind.Write => OfWrites,
                CallKind.Feed => OfFeeds,
                CallKind.Sign => OfSignatures,
                CallKind.Read or CallKind.Head or CallKind.KeySet => OfReads,
            };
            return faults[random.Next(faults.Length)];
        }

        return random.Next(8) == 0 ? Fault.Delayed : Fault.None;
    }
}
