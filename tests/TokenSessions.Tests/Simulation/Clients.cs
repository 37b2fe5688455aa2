using TokenSessions.Issuing;
using TokenSessions.Issuing.Keys;
using TokenSessions.Issuing.Stores;
using TokenSessions.Validation;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Tests.Simulation;

/// <summary>What clients, thieves, administrators and hosts ask of the nodes, and what they make of the answers.</summary>
internal sealed class Clients(World world)
{
    /// <summary>For how long a service works on a request.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    /// <summary>For how long the most patient administrator's request is worked on.</summary>
    public static readonly TimeSpan LongestDeadline = Deadline * 4;

    public static readonly IReadOnlyList<string> Audiences = [IssuerNode.FirstApi, IssuerNode.SecondApi];

    /// <summary>In the last seconds before its <c>exp</c> whether a token lives is chance: issuers make it random.</summary>
    private static readonly TimeSpan Jitter = IssuerNode.AccessTokenLifetime / 20;

    /// <summary>Rules that were not acknowledged: their callers ask again.</summary>
    public List<AuthorityKey> Unanswered { get; } = [];

    public Session? LastBegun { get; private set; }

    public void Start(IssuerNode issuer, string subject, string clientId, string audience)
    {
        LastBegun = null;
        var watermarks = world.History.Watermarks(issuer.Region, subject, clientId);
        var start = new SessionStart { Subject = subject, ClientId = clientId, Audience = audience };
        world.Begin(
            issuer, Part.Sessions, $"{issuer.Name}: start {subject} {clientId} {audience}", token => issuer.Sessions.StartAsync(start, token),
            DeadlineOf(issuer, Deadline),
            (request, task) =>
            {
                LastBegun = Answer(request, task) is { IsIssued: true } result
                    ? world.History.Began(result.Tokens!, issuer.Region, start, watermarks)
                    : null;
            });
    }

    public void Refresh(IssuerNode issuer, Session session, int generation)
    {
        var refresh = new RefreshRequest { RefreshToken = session.RefreshTokens[generation].Text };
        world.Begin(
            issuer, Part.Sessions, $"{issuer.Name}: refresh {session.Number} of {generation}", token => issuer.Sessions.RefreshAsync(refresh, token),
            DeadlineOf(issuer, Deadline),
            (request, task) =>
            {
                if (Answer(request, task) is not { } result)
                {
                    return;
                }

                if (!result.IsIssued)
                {
                    Refused(request, session, result.Rejection, issuer.Region);
                    return;
                }

                SingleLineage.CheckRefreshed(request, request.Presented!);
                NoLostRevocation.CheckRefreshed(world, request, request.Presented!);
                world.History.HandedOut(session, generation + 1, result.Tokens);
            },
            History.Present(session, generation));
    }

    public void End(IssuerNode issuer, Session session, int generation, bool everywhere)
    {
        var text = session.RefreshTokens[generation].Text;
        var key = everywhere ? new(IssuerNode.Issuer, RuleKind.Subject, session.Subject, issuer.Region) : session.Key with { Region = issuer.Region };
        var rule = new Rule(key, world.Step);
        world.Begin(
            issuer, Part.Sessions, $"{issuer.Name}: end {session.Number} by {generation}{(everywhere ? " everywhere" : "")}",
            token => issuer.Sessions.EndAsync(text, everywhere, token), DeadlineOf(issuer, Deadline),
            (request, task) =>
            {
                if (Answer(request, task) is not { } result)
                {
                    return;
                }

                if (result.IsEnded && result.Revocation is not null)
                {
                    rule.Acknowledge(world);
                    world.History.Rules.Add(rule);
                }
                else if (!result.IsEnded)
                {
                    Refused(request, session, result.Rejection, issuer.Region);
                }
            },
            History.Present(session, generation),
            key);
    }

    public void Revoke(IssuerNode issuer, RuleKind kind, string value, string what)
    {
        var rule = new Rule(new(IssuerNode.Issuer, kind, value, issuer.Region), world.Step);
        world.Begin(
            issuer, Part.Revoker, $"{issuer.Name}: revoke {what}", token => issuer.Revoker.RevokeAsync(kind, value, "", "admin", token),
            DeadlineOf(issuer, Deadline * world.Random.Next(1, 5)),
            (request, task) =>
            {
                if (Answer(request, task) is not null)
                {
                    rule.Acknowledge(world);
                    world.History.Rules.Add(rule);
                    world.History.Note($"{kind} rule acknowledged");
                }
                else
                {
                    Unanswered.Add(rule.Key);
                }
            },
            ends: rule.Key);
    }

    /// <summary>Presents a token that some validators should take and others not.</summary>
    /// <returns>False if nobody can say whether it has expired.</returns>
    public bool Validate(ValidatorNode validator, AccessToken token)
    {
        var sinceExpiry = validator.Clock.GetUtcNow() - (token.IssuedAt + IssuerNode.AccessTokenLifetime + ValidatorNode.ClockSkew);
        if (sinceExpiry >= -Jitter - TimeSpan.FromSeconds(1) && sinceExpiry <= TimeSpan.FromSeconds(1))
        {
            return false;
        }

        var presentedAt = world.Time.Elapsed;
        Present(validator, token.Text, $"token of {token.Session.Number}", result =>
        {
            if (!result.IsValid)
            {
                NoFalseTheft.CheckRefused(world, validator, token, presentedAt, result.Rejection);
            }
        });
        return true;
    }

    /// <summary>Presents any text.</summary>
    public void Present(ValidatorNode validator, string text, string what, Action<TokenValidationResult> answered)
    {
        world.Begin(
            validator, Part.Validator, $"{validator.Name}: {what}", _ => validator.Tokens.ValidateAsync(text, CancellationToken.None).AsTask(), null,
            (request, task) =>
            {
                var result = Answer(request, task);
                if (result.IsValid)
                {
                    NoLostRevocation.CheckAccepted(world, validator, NoForgedAcceptance.CheckAccepted(world, validator, text));
                }

                answered(result);
            });
    }

    public void Sync(ValidatorNode validator)
    {
        if (world.IsBusy(validator, Part.Sync))
        {
            return; // Hosts await one step before the next.
        }

        var offset = validator.Clock.Offset;
        world.Begin(
            validator, Part.Sync, $"{validator.Name}: sync", _ => validator.Sync.SyncAsync(CancellationToken.None), null,
            (request, task) =>
            {
                if (Answer(request, task) is { IsComplete: true })
                {
                    validator.Synced(request.BegunAt, offset);
                }
            });
    }

    public void ReloadKeys(ValidatorNode validator) => world.Begin(
        validator, Part.Validator, $"{validator.Name}: key set", _ => validator.Keys.ReloadAsync(CancellationToken.None), null,
        (request, task) => Answer(request, task));

    private static CancellationTokenSource DeadlineOf(IssuerNode issuer, TimeSpan deadline) => new(deadline, issuer.Clock);

    /// <summary>The answer; null if the world was bad. Anything else that is thrown is a fault of the program.</summary>
    private T? Answer<T>(Request request, Task<T> task)
    {
        var outcome = task switch
        {
            { IsCompletedSuccessfully: true } => task.Result is EndResult end
                ? end.IsEnded ? "ended" : $"{end.Rejection}"
                : task.Result switch
                {
                    Revocation => "acknowledged",
                    DenylistSyncOutcome sync => sync.IsComplete ? "complete" : "not complete",
                    KeySetOutcome keys => $"{keys.IsFetched}",
                    _ => $"{task.Result}",
                },
            { Exception.InnerException: { } e } => e.GetType().Name,
            _ => "given up",
        };
        world.Trace.Add($"    {request.Number} {request.Name}: {outcome}");
        world.History.Note($"{request.Part}: {outcome}");
        if (task.IsCompletedSuccessfully)
        {
            return task.Result;
        }

        if (task.Exception?.InnerException is { } failure and not (SessionStoreUnavailableException
            or SigningKeyUnavailableException or SubjectDirectoryUnavailableException))
        {
            throw failure is ViolationException ? failure : new ViolationException("program", failure.ToString());
        }

        return default;
    }

    private void Refused(Request request, Session session, SessionRejection rejection, int region)
    {
        NoFalseTheft.CheckRefused(world, session, rejection);
        session.IsRefused |= rejection is not SessionRejection.HomeElsewhere;
        if (rejection is SessionRejection.RefreshTokenReused or SessionRejection.SubjectNotAllowed)
        {
            var rule = new Rule(session.Key with { Region = region }, request.BegunAtStep);
            rule.Acknowledge(world);
            world.History.Rules.Add(rule);
        }
    }
}
