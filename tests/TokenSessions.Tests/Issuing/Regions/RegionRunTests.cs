using TokenSessions.Issuing;
using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Issuing.Regions;

/// <summary>Thousands of random operations in regions whose replication lags, reorders and stands still for a while.</summary>
public sealed class RegionRunTests
{
    private const int Operations = 3000;
    private const int OperationsBetweenChecks = 150;

    private static readonly string[] Names = ["ada", "bob", "eve", "joe", "kim", "lea", "max", "pia"];

    [Theory]
    [InlineData(2, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 3)]
    [InlineData(4, 4)]
    public async Task No_acknowledged_rule_is_lost_and_each_session_has_one_lineage(int regions, int seed)
    {
        using var run = new Run(regions, seed);
        await run.PrepareAsync();
        for (var i = 1; i <= Operations; i++)
        {
            await run.StepAsync();
            if (i % OperationsBetweenChecks == 0)
            {
                await run.SettleAsync();
                await run.CheckAsync();
            }
        }

        Assert.All(run.Done, pair => Assert.True(pair.Value > 0, $"{pair.Key} never happened."));
    }

    private sealed class Run : IDisposable
    {
        private readonly RegionsUnderTest _regions;
        private readonly Random _random;
        private readonly List<ExpectedSession> _sessions = [];
        private readonly List<ExpectedRule> _rules = [];
        private int _step;

        public Run(int regions, int seed)
        {
            (_regions, _random) = (new(regions, seed), new(seed));
            _regions.Table.MaxLag = TimeSpan.FromSeconds(4);
            foreach (var name in Names)
            {
                _regions.Subjects[name] = new();
            }
        }

        /// <summary>How often what is worth a check came about.</summary>
        public Dictionary<string, int> Done { get; } =
            new() { ["acknowledged"] = 0, ["failed"] = 0, ["refused"] = 0, ["away"] = 0, ["reused"] = 0, ["dead"] = 0, ["alive"] = 0, ["late"] = 0 };

        public Task PrepareAsync() => _regions.PrepareAsync();

        public async Task StepAsync()
        {
            _step++;
            if (_step == Operations / 2)
            {
                await RevokeAsync(RuleKind.Key, Pick(_sessions).KeyId); // Once: there is one standby.
                return;
            }

            switch (_random.Next(100))
            {
                case < 25:
                    await StartAsync();
                    break;
                case < 55 when _sessions.Count > 0:
                    await RefreshAsync(Pick(_sessions), AnyRegion());
                    break;
                case < 60 when _sessions.Count > 0:
                    await ReplayAsync(Pick(_sessions));
                    break;
                case < 64 when _sessions.Count > 0:
                    await RevokeAsync(RuleKind.Session, Pick(_sessions).Id);
                    break;
                case < 67 when _sessions.Count > 0:
                    await RevokeAsync(RuleKind.Token, Pick(_sessions).TokenId);
                    break;
                case < 73:
                    await RevokeAsync(RuleKind.Subject, Pick(Names));
                    break;
                case < 74:
                    await (_random.Next(2) == 0 ? RevokeAsync(RuleKind.Client, "default") : RevokeAsync(RuleKind.All, ""));
                    break;
                case < 80:
                    _regions.Table.IsCut = !_regions.Table.IsCut;
                    break;
                case < 82:
                    await _regions[AnyRegion()].SyncAsync();
                    break;
                default:
                    _regions.Time.Advance(TimeSpan.FromMilliseconds(_random.Next(2000)));
                    break;
            }
        }

        /// <summary>Everything arrives, and is found even if it was late.</summary>
        public async Task SettleAsync()
        {
            _regions.Table.IsCut = false;
            _regions.Time.Advance(_regions.Table.MaxLag);
            await SyncAsync();
            _regions.Time.Advance(TimeSpan.FromSeconds(31));
            await SyncAsync();
        }

        public async Task CheckAsync()
        {
            foreach (var session in _sessions)
            {
                await CheckItemsAsync(session);
                var mustDie = _rules.Exists(rule => rule.IsAcknowledged && rule.Ends(session));
                var mustLive = !_rules.Exists(rule => rule.MayEnd(session));
                await CheckTokenAsync(session, mustDie, mustLive);

                var result = await _regions[session.Home].RefreshAsync(session.Tokens);
                Assert.False(mustDie && result.IsIssued, $"{session.Id} goes on.");
                Assert.False(mustLive && !result.IsIssued, $"{session.Id}: {result}.");
                if (result.IsIssued)
                {
                    session.Take(result.Tokens!);
                    await CheckTokenAsync(session, mustDie: false, mustLive: true); // What the issuer allows, every validator does.
                }
                else
                {
                    Assert.Equal(SessionRejection.SessionRevoked, result.Rejection);
                    session.HasEnded = _random.Next(2) == 0; // Some are asked again and again.
                }
            }

            _sessions.RemoveAll(session => session.HasEnded || _random.Next(4) == 0);
            _rules.RemoveAll(rule => _sessions.TrueForAll(session => session.BegunAt > rule.MadeAt));
        }

        public void Dispose() => _regions.Dispose();

        /// <summary>The home's item counts the refreshes that were answered, everywhere alike, and no other region has touched it.</summary>
        private async Task CheckItemsAsync(ExpectedSession session)
        {
            for (var region = 0; region < _regions.All.Count; region++)
            {
                var item = await _regions[region].ItemAsync(RuleKind.Session, session.Id, session.Home);
                Assert.Equal(session.Refreshes, item?.Generation ?? 0);
            }
        }

        private async Task CheckTokenAsync(ExpectedSession session, bool mustDie, bool mustLive)
        {
            var isTokenRevoked = _rules.Exists(rule => rule.IsAcknowledged && rule.EndsToken(session));
            var isExpired = session.ExpiresAt <= _regions.Time.GetUtcNow();
            foreach (var region in _regions.All)
            {
                var verdict = isExpired ? "" : await region.ValidateAsync(session.Tokens);
                Assert.False((mustDie || isTokenRevoked) && verdict == "Accepted", $"{session.Id}: accepted after its end.");
                Assert.False(
                    mustLive && verdict == "Revoked" && !_rules.Exists(rule => rule.EndsToken(session)), $"{session.Id}: revoked without a rule.");
            }

            Done["dead"] += mustDie && !isExpired ? 1 : 0;
            Done["alive"] += mustLive ? 1 : 0;
        }

        private async Task StartAsync()
        {
            var home = AnyRegion();
            var subject = Pick(Names);
            var tokens = await _regions[home].StartAsync(subject);
            var unseen = _rules.Where(rule => !rule.IsKnownIn(home)).ToArray();
            var session = new ExpectedSession(home, subject, _step, unseen);
            session.Take(tokens);
            _sessions.Add(session);
            Done["late"] += unseen.Any(rule => rule.MayEnd(session)) ? 1 : 0;
        }

        private async Task RefreshAsync(ExpectedSession session, int region)
        {
            var result = await _regions[region].RefreshAsync(session.Tokens);
            if (region != session.Home)
            {
                Assert.Equal((SessionRejection.HomeElsewhere, session.Home), (result.Rejection, result.HomeRegion));
                Done["away"]++;
            }
            else if (result.IsIssued)
            {
                Assert.False(_rules.Exists(rule => rule.IsAcknowledged && rule.Region == session.Home && rule.Ends(session)));
                session.Take(result.Tokens);
            }
            else
            {
                Assert.Equal(SessionRejection.SessionRevoked, result.Rejection);
                Assert.True(_rules.Exists(rule => rule.MayEnd(session)));
                Done["refused"]++;
            }
        }

        /// <summary>Somebody has stolen a token that was spent long ago.</summary>
        private async Task ReplayAsync(ExpectedSession session)
        {
            if (session.Refreshes < 2)
            {
                return;
            }

            var result = await _regions[session.Home].RefreshAsync(session.First);
            Assert.True(result.Rejection is SessionRejection.RefreshTokenReused or SessionRejection.SessionRevoked, result.ToString());
            if (result.Rejection is SessionRejection.RefreshTokenReused)
            {
                _rules.Add(new(RuleKind.Session, session.Id, session.Home, _step, IsAcknowledged: true));
                Done["reused"]++;
            }
        }

        /// <summary>Some writers die halfway: then the rule may stand or not, until somebody asks again.</summary>
        private async Task RevokeAsync(RuleKind kind, string value)
        {
            var region = AnyRegion();
            var store = _regions[region].Store;
            switch (_random.Next(10))
            {
                case 0:
                    store.FailOnce(nameof(ISessionStore.WriteFeedAsync), isDone: false);
                    break;
                case 1:
                    store.FailOnce(nameof(ISessionStore.MarkFedAsync), isDone: false);
                    break;
            }

            var isAcknowledged = false;
            try
            {
                await _regions[region].RevokeAsync(kind, value);
                isAcknowledged = true;
                Done["acknowledged"]++;
            }
            catch (SessionStoreUnavailableException)
            {
                Done["failed"]++;
            }

            store.Before = _ => { };
            _rules.Add(new(kind, value, region, _step, isAcknowledged));
        }

        private async Task SyncAsync()
        {
            foreach (var region in _regions.All)
            {
                await region.SyncAsync();
            }

            foreach (var rule in _rules)
            {
                rule.HasArrived = true;
            }
        }

        private int AnyRegion() => _random.Next(_regions.All.Count);

        private T Pick<T>(IReadOnlyList<T> list) => list[_random.Next(list.Count)];
    }
}
