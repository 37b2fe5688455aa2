namespace TokenSessions.Tests.Simulation;

/// <summary>One run: so many operations, all from one seed, and afterwards a world without faults in which everything serves.</summary>
internal sealed partial class SimulationRun : IDisposable
{
    private const int MostCalls = 14;

    private static readonly string[] Subjects = ["ada", "bob", "eve", "joe"];
    private static readonly string[] ClientIds = ["web", "app"];

    private readonly World _world;
    private readonly IssuerNode[] _issuers;
    private readonly ValidatorNode[] _services;
    private readonly ValidatorNode[] _validators;
    private readonly Clients _clients;
    private readonly Attacks _attacks;
    private readonly HashSet<string> _revokedKeys = [];

    /// <summary>What happens, and how often: each comes in so many of all the weights' sum. A new operation is one line here.</summary>
    private readonly (int Weight, Action Operate)[] _operations;

    public SimulationRun(int seed, SimulatedKeys keys)
    {
        _world = new(seed, keys);
        _clients = new(_world);
        _issuers = [.. Enumerable.Range(0, 3).Select(number => new IssuerNode(_world, number % _world.Regions, number))];
        _services = [.. Enumerable.Range(0, 3).Select(number => new ValidatorNode(
            _world, number % _world.Regions, number, number == 2 ? IssuerNode.SecondApi : IssuerNode.FirstApi, _issuers[number].PublishedKeys))];
        _validators = [.. _services, new(
            _world, 0, 3, IssuerNode.FirstApi, _issuers[0].PublishedKeys, Array.FindAll(_services, service => service.Region == 0))];
        _attacks = new(_world, _clients);
        _operations =
        [
            (160, Start),
            (260, Refresh),
            (208, Validate),
            (170, Advance),
            (30, End),
            (24, RevokeSession),
            (12, RevokeToken),
            (12, RevokeSubject),
            (2, RevokeClient),
            (1, RevokeAll),
            (2, RevokeKey),
            (27, RevokeAgain),
            (_world.Regions > 1 ? 2 : 0, RevokeWhileCutOff),
            (20, Attack),
            (20, ChangeFaults),
            (20, ChangeClock),
            (10, Kill),
            (5, CutOff),
            (5, ChangeSubject),
            (5, ReloadKeys),
            (5, Drain),
        ];
    }

    public IReadOnlyList<string> Trace => _world.Trace;

    public IReadOnlyDictionary<string, int> Seen => _world.History.Seen;

    private Random Random => _world.Random;

    private History History => _world.History;

    /// <summary>Runs it.</summary>
    /// <param name="operations">How many.</param>
    /// <exception cref="ViolationException">An invariant does not hold.</exception>
    public void Run(int operations)
    {
        foreach (var validator in _validators)
        {
            _clients.Start(Pick(_issuers), Pick(Subjects), Pick(ClientIds), IssuerNode.FirstApi);
            _clients.Sync(validator);
        }

        for (var i = 0; i < operations; i++)
        {
            Operate();
            for (var calls = Random.Next(9); calls > 0 || _world.CallCount > MostCalls && !_world.IsStuck; calls--)
            {
                _world.GoOn();
            }
        }

        new Liveness(_world, _clients, _issuers, _validators).Check();
    }

    public void Dispose() => _world.Dispose();

    private void Operate()
    {
        if (_world.Table.IsCut && Random.Next(60) == 0)
        {
            Connect();
        }

        var drawn = Random.Next(_operations.Sum(operation => operation.Weight));
        Array.Find(_operations, operation => (drawn -= operation.Weight) < 0).Operate();
    }

    private void Start() => _clients.Start(Pick(_issuers), Pick(Subjects), Pick(ClientIds), Pick(Clients.Audiences));

    /// <summary>Mostly as clients should: the newest token, at the session's home; twice at once; again, if no answer came; or stolen.</summary>
    private void Refresh() => WithSession(session =>
    {
        var issuer = AnyIssuer(session);
        var generation = Random.Next(12) switch
        {
            0 => AnyGeneration(session),
            1 when session.RefreshTokens.ContainsKey(session.NewestKnown - 1) => session.NewestKnown - 1,
            _ => session.NewestKnown,
        };
        _clients.Refresh(issuer, session, generation);
        if (Random.Next(8) == 0)
        {
            _clients.Refresh(AnyIssuer(session), session, generation);
        }

        if (Random.Next(25) == 0)
        {
            SetClockDuring(issuer);
            _clients.Refresh(AnyIssuer(session), session, generation);
        }
    });

    /// <summary>What began by one clock goes on by another; mostly it is set right again, by the same service that set it.</summary>
    private void SetClockDuring(IssuerNode issuer)
    {
        var before = issuer.Clock.Offset;
        GoOn(Random.Next(6));
        issuer.Clock.Offset += TimeSpan.FromSeconds(Random.Next(15, 300) * (Random.Next(2) == 0 ? 1 : -1));
        _world.Happens($"clock of {issuer.Name}: {issuer.Clock.Offset.TotalSeconds:0.###}, during a refresh");
        GoOn(Random.Next(12));
        if (Random.Next(4) > 0)
        {
            issuer.Clock.Offset = before;
            _world.Happens($"clock of {issuer.Name}: {before.TotalSeconds:0.###} again");
        }
    }

    private void GoOn(int calls)
    {
        for (; calls > 0; calls--)
        {
            _world.GoOn();
        }
    }

    private void Validate() => WithSession(
        session =>
        {
            var token = session.AccessTokens[^Random.Next(1, Math.Min(4, session.AccessTokens.Count + 1))];
            var isAny = Random.Next(12) == 0;
            _clients.Validate(Pick(Array.FindAll(_validators, validator => isAny || validator.Audience == token.Audience)), token);
        },
        anyOneOf: 2);

    private void Attack() => _attacks.Try(Pick(_validators));

    private void ReloadKeys() => _clients.ReloadKeys(Pick(_validators));

    /// <summary>Time goes by, and all sync as they should.</summary>
    private void GoOnFor(TimeSpan by)
    {
        for (var end = _world.Time.Elapsed + by; _world.Time.Elapsed < end;)
        {
            _world.Advance(TimeSpan.FromMilliseconds(Random.Next(2000, 5000)));
            Array.ForEach(_validators, _clients.Sync);
            _world.Drain();
        }
    }

    private void Advance()
    {
        var by = Random.Next(100) switch
        {
            < 45 => Random.Next(1000),
            < 80 => Random.Next(3000),
            < 93 => Random.Next(15_000),
            < 99 => Random.Next(60_000),
            _ => Random.Next(720_000),
        };
        _world.Advance(TimeSpan.FromMilliseconds(by));
        foreach (var validator in _validators)
        {
            if (validator.Sync.UntilDue == TimeSpan.Zero && Random.Next(5) > 0)
            {
                _clients.Sync(validator);
            }
        }
    }

    private void Drain() => _world.Drain(withLate: true);

    private void ChangeFaults() => _world.Happens(_world.Faults.Change());

    private void CutOff()
    {
        _world.Table.IsCut = true;
        _world.Happens("the regions are cut off");
    }

    private void Connect()
    {
        _world.Table.IsCut = false;
        _world.Happens("the regions are connected");
    }

    /// <summary>A little wrong, as clocks are; very wrong; or right again.</summary>
    private void ChangeClock()
    {
        var isIssuer = Random.Next(3) > 0;
        var index = Random.Next(isIssuer ? 3 : 4);
        var clock = isIssuer ? _issuers[index].Clock : _validators[index].Clock;
        var isCompared = isIssuer || !_validators[index].ReadsSignedFeed; // With the store's. Others must be right by themselves.
        clock.Offset = Random.Next(isCompared ? 10 : 5) switch
        {
            < 5 => TimeSpan.FromMilliseconds(Random.Next(-4900, 4900)),
            5 => TimeSpan.FromSeconds(Random.Next(-40, 40)),
            6 => TimeSpan.FromSeconds(Random.Next(-7200, 7200)),
            7 => -TimeSpan.FromSeconds(Random.Next((int)_world.Time.Elapsed.TotalSeconds + 1)), // Within what has happened.
            _ => TimeSpan.Zero,
        };
        _world.Happens($"clock of {(isIssuer ? _issuers[index].Name : _validators[index].Name)}: {clock.Offset.TotalSeconds:0.###}");
        if (!isIssuer)
        {
            PresentWhatLivesAgain(_validators[index]);
        }
    }

    /// <summary>By a clock that was set back, some of what has expired in truth has not.</summary>
    private void PresentWhatLivesAgain(ValidatorNode validator)
    {
        var latest = _world.Time.GetUtcNow() - IssuerNode.AccessTokenLifetime - ValidatorNode.ClockSkew;
        var (from, to) = (validator.Clock.GetUtcNow() - IssuerNode.AccessTokenLifetime, validator.Clock.GetUtcNow());
        foreach (var token in History.AccessTokens.Values.Where(token =>
            token.Audience == validator.Audience && token.IssuedAt < latest && token.IssuedAt > from && token.IssuedAt <= to).ToArray())
        {
            _clients.Validate(validator, token);
        }
    }

    private void Kill()
    {
        if (Random.Next(3) > 0)
        {
            var issuer = Pick(_issuers);
            _world.Happens($"kill {issuer.Name}");
            issuer.Kill();
        }
        else
        {
            var validator = Pick(_validators);
            _world.Happens($"kill {validator.Name}");
            validator.Kill();
        }
    }

    private void ChangeSubject()
    {
        var subject = Pick(Subjects);
        var isDisabled = History.DisabledSubjects.Add(subject) || !History.DisabledSubjects.Remove(subject);
        _world.Happens($"{subject} is {(isDisabled ? "disabled" : "enabled")}");
        History.OnceDisabled.Add(subject);
    }

    /// <summary>Mostly a new one that goes on as far as its client knows; one of so many times any, though it be over.</summary>
    private void WithSession(Action<Session> act, int anyOneOf = 8)
    {
        var isAny = Random.Next(anyOneOf) == 0;
        var sessions = History.Sessions.FindAll(session => isAny || !session.IsRefused);
        if (sessions.Count > 0)
        {
            act(sessions[^Random.Next(1, Math.Min(Random.Next(3) == 0 ? 60 : 9, sessions.Count + 1))]);
        }
    }

    private int AnyGeneration(Session session) => session.RefreshTokens.Keys.Order().ElementAt(Random.Next(session.RefreshTokens.Count));

    private IssuerNode AnyIssuer(Session session) =>
        Random.Next(5) == 0 ? Pick(_issuers) : Pick(Array.FindAll(_issuers, issuer => issuer.Region == session.Home));

    private T Pick<T>(IReadOnlyList<T> list) => list[Random.Next(list.Count)];
}
