using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using TokenSessions.Service.Tests.Processes;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Aws.Tests.Chaos;

/// <summary>Clients at work: they log in, refresh, call, and administrators revoke; every answer is judged.</summary>
internal sealed partial class Load : IDisposable
{
    private const int Sessions = 40;
    private const int TokensPerTwoTabs = 8;

    /// <summary>A client that gets no answer asks the other service at once, and then leaves it for a while.</summary>
    private const int Attempts = 2;

    /// <summary>Of the grace of 30 s: clocks may differ by up to 5 s.</summary>
    private static readonly TimeSpan SurelyInGrace = TimeSpan.FromSeconds(24);

    private static readonly TimeSpan AdminRenewal = TimeSpan.FromMinutes(4);

    private readonly Site _site;
    private readonly Judge _judge;
    private readonly SessionClient _client;
    private readonly ConcurrentQueue<LoadSession> _sessions = new();
    private readonly ConcurrentQueue<Revocable> _unanswered = new();
    private readonly ConcurrentQueue<Revocable> _ended = new();
    private readonly Revocable[] _users = [.. Site.Users.Select(name => new Revocable(RuleKind.Subject, name))];
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<Task> _workers = [];
    private (JsonNode Tokens, DateTimeOffset At)? _admin;
    private int _chosen;

    public Load(Site site, Judge judge)
    {
        (_site, _judge) = (site, judge);
        _client = site.Deployment.NewClient();
    }

    /// <summary>All sessions there have been.</summary>
    public IReadOnlyCollection<LoadSession> All => _sessions;

    /// <summary>All whose end was acknowledged.</summary>
    public IReadOnlyCollection<Revocable> Ended => _ended;

    /// <summary>How many sessions nobody has ended.</summary>
    public int Live => _sessions.Count(session => !session.IsOver && !session.IsRevocationAsked);

    public void Start()
    {
        Repeat(TimeSpan.FromMilliseconds(500), LogInAsync);
        Repeat(TimeSpan.FromMilliseconds(500), LogInAsync);
        Repeat(TimeSpan.FromMilliseconds(800), RevokeAsync);
        Repeat(TimeSpan.FromMilliseconds(2500), PresentSpentAsync);
        for (var i = 0; i < 4; i++)
        {
            Repeat(TimeSpan.FromMilliseconds(250), RefreshAsync);
            Repeat(TimeSpan.FromMilliseconds(50), CheckAsync);
        }

        Repeat(TimeSpan.FromMilliseconds(50), CheckRevokedAsync);
    }

    /// <summary>Stops, and waits for what is under way.</summary>
    public async Task StopAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_workers);
    }

    public void Dispose()
    {
        _client.Dispose();
        _stopping.Dispose();
    }

    private void Repeat(TimeSpan pause, Func<Task> step) => _workers.Add(Task.Run(async () =>
    {
        while (!_stopping.IsCancellationRequested)
        {
            await step();
            await Task.Delay(pause * (0.5 + Random.Shared.NextDouble()), _stopping.Token).ContinueWith(_ => { }, TaskScheduler.Default);
        }
    }));

    private async Task LogInAsync()
    {
        var user = _users[Random.Shared.Next(_users.Length)];
        if (Live < Sessions && !user.IsAsked && await LogInAsync(user.Value, null) is { } tokens)
        {
            _sessions.Enqueue(new(user, tokens.Text("session_id"), tokens.Text("refresh_token"), tokens.Text("access_token")));
        }
    }

    private async Task<Asked?> LogInAsync(string user, string? audience)
    {
        var (work, service) = AnyService(Work.IssueAt1, Work.IssueAt2);
        var asked = await _judge.AskAsync(work, service, () => _client.TryLoginAsync(service.Address, user, audience));
        if (asked.Status == HttpStatusCode.OK)
        {
            _judge.Well(work, asked);
            return asked;
        }

        if (asked.Status is not null)
        {
            _judge.Wrong($"{work}: a login was answered {asked.Status} {asked.Code}");
        }

        return null;
    }

    private async Task RefreshAsync()
    {
        var session = Any(session => session is { IsOver: false } && session.TryTake());
        if (session is null)
        {
            return;
        }

        var token = session.RefreshTokens[^1];
        var first = Random.Shared.Next(2);
        if (Random.Shared.Next(TokensPerTwoTabs) == 0)
        {
            var answers = await Task.WhenAll(RefreshOnceAsync(0, session, token), RefreshOnceAsync(1, session, token));
            Keep(session, answers[first] ?? answers[1 - first]); // Either: they are interchangeable, or the next refresh fails.
        }
        else
        {
            JsonNode? tokens = null;
            for (var i = 0; i < Attempts && tokens is null && !session.IsOver; i++)
            {
                tokens = await RefreshOnceAsync((first + i) % 2, session, token);
            }

            Keep(session, tokens);
        }

        session.GiveBack();
    }

    private static void Keep(LoadSession session, JsonNode? tokens)
    {
        if (tokens is not null)
        {
            session.Refreshed(tokens["refresh_token"]!.GetValue<string>());
        }
    }

    /// <summary>The client's newest token: it gets a successor, or a 503, unless its session was to end.</summary>
    private async Task<JsonNode?> RefreshOnceAsync(int service, LoadSession session, string token)
    {
        var (work, node) = (service == 0 ? Work.IssueAt1 : Work.IssueAt2, _site.Services[service]);
        var wasEnded = session.IsEnded;
        var asked = await _judge.AskAsync(work, node, () => _client.RefreshAsync(node.Address, new JsonObject { ["refresh_token"] = token }));
        switch (asked.Status)
        {
            case null:
                session.UncertainSince ??= asked.Sent;
                break;
            case HttpStatusCode.OK when wasEnded:
                _judge.Wrong($"{work}: session {session.Id} went on after its acknowledged end", Count.Lost);
                break;
            case HttpStatusCode.OK:
                _judge.Well(work, asked);
                session.Keep(asked.Text("access_token"));
                return asked.Body;
            case HttpStatusCode.BadRequest when session.IsRevocationAsked:
                _judge.Well(work, asked);
                session.IsOver = true;
                session.UncertainSince ??= wasEnded ? null : asked.Sent; // The rule may have come between a write and its repetition.
                break;
            case HttpStatusCode.BadRequest when asked.Code == "refresh_token_reused" && asked.Sent - session.UncertainSince >= SurelyInGrace:
                // Its answer was lost for longer than the grace: by its own token nobody can tell this client from a thief.
                _judge.Phase.Refused(work);
                (session.IsExcused, session.Itself.IsAsked, session.IsOver) = (true, true, true);
                break;
            default:
                _judge.Wrong(
                    $"{work}: a refresh was answered {asked.Status} {asked.Code} (session {session.Id}, uncertain since {session.UncertainSince:HH:mm:ss.fff})",
                    asked.Code is "refresh_token_reused" ? Count.FalseThefts : Count.Wrong);
                (session.Itself.IsAsked, session.IsOver) = (true, true);
                break;
        }

        return null;
    }

    /// <summary>A thief with a token two generations old: it must have no second successor, and ends the session.</summary>
    private async Task PresentSpentAsync()
    {
        var session = Any(session => session is { IsOver: false, IsRevocationAsked: false, RefreshTokens.Count: > 3 } && session.TryTake());
        if (session is null)
        {
            return;
        }

        session.Itself.IsAsked = true;
        var (work, node) = AnyService(Work.IssueAt1, Work.IssueAt2);
        var token = session.RefreshTokens[Random.Shared.Next(session.RefreshTokens.Count - 2)];
        var asked = await _judge.AskAsync(work, node, () => _client.RefreshAsync(node.Address, new JsonObject { ["refresh_token"] = token }));
        if (asked.Status == HttpStatusCode.BadRequest && (asked.Code == "refresh_token_reused" || !session.User.IsAsked))
        {
            _judge.Well(work, asked);
            Acknowledged(session.Itself, asked);
        }
        else
        {
            if (asked.Status == HttpStatusCode.BadRequest)
            {
                _judge.Well(work, asked); // Its user's sessions have ended just now: no rule was made against this one.
            }
            else if (asked.Status is not null)
            {
                _judge.Wrong(
                    $"{work}: a spent refresh token was answered {asked.Status} {asked.Code}",
                    asked.Status == HttpStatusCode.OK ? Count.DoubleSuccessors : Count.Wrong);
            }

            _unanswered.Enqueue(session.Itself);
        }

        session.GiveBack();
    }

    private LoadSession? Any(Func<LoadSession, bool> isWanted)
    {
        var sessions = _sessions.ToArray();
        Random.Shared.Shuffle(sessions);
        return Array.Find(sessions, session => isWanted(session));
    }

    private (Work Work, Node Service) AnyService(Work atFirst, Work atSecond) =>
        Random.Shared.Next(2) == 0 ? (atFirst, _site.Service1) : (atSecond, _site.Service2);
}
