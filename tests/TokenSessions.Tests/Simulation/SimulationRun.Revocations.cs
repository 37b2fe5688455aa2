using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Simulation;

/// <content>The ways in which something is ended.</content>
internal sealed partial class SimulationRun
{
    private void End() => WithSession(
        session => _clients.End(AnyIssuer(session), session, AnyGeneration(session), everywhere: Random.Next(5) == 0));

    private void RevokeSession() => WithSession(Revoke);

    private void Revoke(Session session) =>
        _clients.Revoke(AnyIssuer(session), RuleKind.Session, session.Id, $"session {session.Number}");

    private void RevokeToken() => WithSession(session => _clients.Revoke(
        Pick(_issuers), RuleKind.Token, session.AccessTokens[^1].TokenId, $"token {session.AccessTokens.Count} of {session.Number}"));

    private void RevokeSubject()
    {
        var subject = Pick(Subjects);
        _clients.Revoke(Pick(_issuers), RuleKind.Subject, subject, subject);
        if (Random.Next(3) == 0)
        {
            SignInAndOut(subject);
        }
    }

    /// <summary>At once, and ended by another instance, whose clock may be behind.</summary>
    private void SignInAndOut(string subject)
    {
        _world.Drain();
        _clients.Start(Pick(_issuers), subject, Pick(ClientIds), IssuerNode.FirstApi);
        _world.Drain();
        _clients.Revoke(Pick(_issuers), RuleKind.Subject, subject, $"{subject} again");
    }

    private void RevokeClient()
    {
        var client = Pick(ClientIds);
        _clients.Revoke(Pick(_issuers), RuleKind.Client, client, client);
    }

    private void RevokeAll() => _clients.Revoke(Pick(_issuers), RuleKind.All, "", "all");

    /// <summary>The oldest that lives: there is always one to follow it.</summary>
    private void RevokeKey()
    {
        var keys = Random.Next(3) == 0 ? _world.Keys.SealingKeyIds : _world.Keys.SigningKeyIds;
        for (var i = 0; i < keys.Count - 1; i++)
        {
            if (_revokedKeys.Add(keys[i]))
            {
                _clients.Revoke(
                    Pick(_issuers), RuleKind.Key, keys[i], $"key {i} of {keys.Count}{(keys == _world.Keys.SealingKeyIds ? ", sealing" : "")}");
                return;
            }
        }
    }

    /// <summary>Whoever had no answer asks again.</summary>
    private void RevokeAgain()
    {
        if (_clients.Unanswered.Count > 0)
        {
            var index = Random.Next(_clients.Unanswered.Count);
            var key = _clients.Unanswered[index];
            _clients.Unanswered.RemoveAt(index);
            _clients.Revoke(Pick(_issuers), key.Kind, key.Value, $"again {key.Kind}");
        }
    }

    /// <summary>The rule reaches the other region late, when reads that reach back to it take too long: it may not be lost for ever.</summary>
    private void RevokeWhileCutOff() => WithSession(session =>
    {
        var isLong = Random.Next(3) == 0; // So late that only the whole window has it, and almost as long as an access token lives.
        _clients.Refresh(AnyIssuer(session), session, session.NewestKnown);
        _world.Drain();
        CutOff();
        Revoke(session);
        GoOnFor(TimeSpan.FromSeconds(isLong ? 218 : Random.Next(15, 160)));
        if (Random.Next(3) > 0)
        {
            _world.Happens(_world.Faults.LimitReads(isLong ? 10 : 2));
        }

        Connect();
        GoOnFor(TimeSpan.FromSeconds(isLong ? 368 : Random.Next(30, 90)));
        ValidateEverywhere(session);
        _world.Faults.Stop();
        _world.Happens("faults: none");
        GoOnFor(TimeSpan.FromSeconds(10)); // Now what is owed is read, and the validators are in step again.
        ValidateEverywhere(session);
    });

    private void ValidateEverywhere(Session session)
    {
        foreach (var validator in _validators)
        {
            _clients.Validate(validator, session.AccessTokens[^1]);
        }
    }
}
