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
        foreach (var issuer in issuers)
        {
            CheckServes(issuer);
        }

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

    private void CheckServes(IssuerNode issuer)
    {
        clients.Start(issuer, "ada", "web", 0);
        world.Drain();
        var session = clients.LastBegun;
        Require(session is not null, $"{issuer.Name} starts no session");
        foreach (var validator in Array.FindAll(validators, validator => validator.Audience == IssuerNode.FirstApi))
        {
            var verdict = "no answer";
            clients.Present(validator, session!.AccessTokens[^1].Text, "a new token", result => verdict = $"{result}");
            world.Drain();
            Require(verdict == "Accepted", $"{validator.Name} answers {verdict} to a new token of {issuer.Name}");
        }

        clients.Refresh(issuer, session!, 0);
        world.Drain();
        Require(session!.NewestKnown == 1, $"{issuer.Name} does not refresh");
        var rules = History.Rules.Count;
        clients.Revoke(issuer, RuleKind.Session, session.Id, $"session {session.Number}");
        world.Drain();
        Require(History.Rules.Count == rules + 1, $"{issuer.Name} does not revoke");
        GoOn(Promises.RevocationBound + TimeSpan.FromSeconds(6)); // Replication, too.
        foreach (var validator in Array.FindAll(validators, validator => validator.Audience == IssuerNode.FirstApi))
        {
            clients.Validate(validator, session.AccessTokens[^1]);
            world.Drain();
        }
    }

    /// <summary>Nobody ended it, and its client has its newest token: it must go on.</summary>
    private void CheckGoesOn(Session session)
    {
        var newest = session.RefreshTokens[session.NewestKnown];
        if (session.NewestKnown < session.Generation || newest.ExpiresAt <= world.Time.Elapsed + TimeSpan.FromSeconds(1)
            || History.HasRuleAgainst(session) || Enumerable.Range(0, world.Regions).Any(region => History.IsKeyRevoked(newest.KeyId, region)))
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
