using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Simulation;

/// <summary>
/// After the faults stop, within two intervals everything serves: polls of the denylist, cool-downs of the key set. What was
/// revoked stays so, and a session that nobody ended goes on.
/// </summary>
internal sealed class Liveness(World world, Clients clients, IssuerNode[] issuers, ValidatorNode[] validators)
{
    private History History => world.History;

    public void Check()
    {
        StopFaults();
        CheckSync(Array.FindAll(validators, validator => !validator.ReadsSignedFeed));
        CheckSync(Array.FindAll(validators, validator => validator.ReadsSignedFeed)); // They can no sooner than the services.
        GoOn(Promises.KeySetCoolDown * 2);
        CheckServes();
        foreach (var session in History.Sessions)
        {
            CheckGoesOn(session);
        }

        foreach (var validator in validators)
        {
            foreach (var token in History.AccessTokens.Values.Where(token => token.Audience == validator.Audience).ToArray())
            {
                clients.Validate(validator, token);
                world.Drain();
            }
        }
    }

    /// <summary>Clocks are set, networks are mended, and what was under way comes to its end.</summary>
    private void StopFaults()
    {
        world.Happens("the faults stop");
        world.Faults.Stop();
        world.Table.IsCut = false;
        History.DisabledSubjects.Clear();
        Array.ForEach(issuers, issuer => issuer.Clock.Offset = TimeSpan.Zero);
        Array.ForEach(validators, validator => validator.Clock.Offset = TimeSpan.Zero);
        world.Drain(withLate: true);
        world.Advance(TimeSpan.FromSeconds(60)); // Deadlines of what hangs.
        world.Drain(withLate: true);
    }

    private void CheckSync(ValidatorNode[] within)
    {
        GoOn(Promises.PollInterval * 2);
        foreach (var validator in within)
        {
            Require(validator.SyncedAt >= world.Time.Elapsed - (Promises.PollInterval * 2), $"{validator.Name} does not sync");
        }
    }

    private void GoOn(TimeSpan by)
    {
        for (var gone = TimeSpan.Zero; gone < by; gone += Promises.PollInterval)
        {
            foreach (var validator in validators.Where(validator => validator.Sync.UntilDue == TimeSpan.Zero))
            {
                clients.Sync(validator);
            }

            world.Drain();
            world.Advance(Promises.PollInterval);
        }
    }

    /// <summary>Every issuer's new tokens, for every audience, at every validator of it.</summary>
    private void CheckServes()
    {
        var sessions = issuers.SelectMany(issuer => Clients.Audiences.Select(audience => Serve(issuer, audience))).ToArray();
        GoOn(Promises.RevocationBound + TimeSpan.FromSeconds(6)); // Replication, and the signed feed, too.
        foreach (var session in sessions)
        {
            RequireOfAll("Revoked", session.AccessTokens[^1]);
        }
    }

    private Session Serve(IssuerNode issuer, string audience)
    {
        clients.Start(issuer, "ada", "web", audience);
        world.Drain();
        var session = clients.LastBegun;
        Require(session is not null, $"{issuer.Name} starts no session for {audience}");
        RequireOfAll("Accepted", session!.AccessTokens[^1]);

        clients.Refresh(issuer, session, 0);
        world.Drain();
        Require(session.NewestKnown == 1, $"{issuer.Name} does not refresh");
        RequireOfAll("Accepted", session.AccessTokens[^1]);

        var rules = History.Rules.Count;
        clients.Revoke(issuer, RuleKind.Session, session.Id, $"session {session.Number}");
        world.Drain();
        Require(History.Rules.Count == rules + 1, $"{issuer.Name} does not revoke");
        return session;
    }

    private void RequireOfAll(string expected, AccessToken token)
    {
        foreach (var validator in Array.FindAll(validators, validator => validator.Audience == token.Audience))
        {
            var verdict = "no answer";
            clients.Present(validator, token.Text, $"token of {token.Session.Number}", result => verdict = $"{result}");
            world.Drain();
            Require(verdict == expected, $"{validator.Name} answers {verdict} to a token of session {token.Session.Number}: {expected} is right");
        }
    }

    /// <summary>Nobody ended it, and its client has its newest token: it must go on.</summary>
    private void CheckGoesOn(Session session)
    {
        var newest = session.RefreshTokens[session.NewestKnown];
        if (session.NewestKnown < session.Generation || newest.ExpiresAt <= world.Time.Elapsed + TimeSpan.FromSeconds(1)
            || History.HasRuleAgainst(session) || History.IsKeyRevoked(newest.KeyId))
        {
            return;
        }

        var generation = session.NewestKnown;
        clients.Refresh(Array.Find(issuers, issuer => issuer.Region == session.Home)!, session, generation);
        world.Drain();
        Require(session.NewestKnown == generation + 1, $"session {session.Number} does not go on, and nothing is against it");
        History.Note("goes on");
    }

    private static void Require(bool holds, string what) => ViolationException.Unless(holds, nameof(Liveness), () => what);
}
