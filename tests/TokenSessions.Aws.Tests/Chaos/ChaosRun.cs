using System.Diagnostics;
using TokenSessions.Aws.DynamoDb;
using TokenSessions.Aws.Tests.Servers;
using TokenSessions.Issuing.Stores;
using TokenSessions.Service.Tests.Processes;

namespace TokenSessions.Aws.Tests.Chaos;

/// <summary>Outages of one site, one after the other, with the load on.</summary>
internal sealed class ChaosRun(Site site, Judge judge, Load load)
{
    /// <summary>What is asked later than this after an outage is served: two of the longest interval, 10 s, at which anything is tried again.</summary>
    private static readonly TimeSpan ServesAgainWithin = TimeSpan.FromSeconds(20);

    /// <summary>So long nothing may be refused before everything counts as served again.</summary>
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(2);

    private const int SessionsAtStart = 12;

    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(1);

    /// <summary>So long a busy machine may take until everything has been asked and answered.</summary>
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromMinutes(1);

    private readonly List<Phase> _phases = [judge.Phase];

    public IReadOnlyList<Phase> Phases => _phases;

    public async Task RunAsync(IEnumerable<Outage> outages)
    {
        load.Start();
        await SessionClient.UntilAsync(() => Task.FromResult(load.Live >= SessionsAtStart || judge.Wrongs.Count > 0), StartLimit);
        await ServeAsync(judge.Phase, Stopwatch.GetTimestamp());
        foreach (var outage in outages)
        {
            var phase = Next(new(outage.Name, outage.MayRefuse));
            var begun = Stopwatch.GetTimestamp();
            judge.Blind(outage.Blind, DateTimeOffset.MaxValue);
            await outage.Trouble.Begin(site);
            await Task.Delay(TimeSpan.FromSeconds(outage.Seconds));
            phase.Lasted = Stopwatch.GetElapsedTime(begun);
            var ended = Stopwatch.GetTimestamp();
            await outage.Trouble.End(site);
            judge.Blind(outage.Blind, DateTimeOffset.UtcNow + Acknowledgement.LongestBound);
            await ServeAsync(phase, ended);
        }

        await load.StopAsync();
        Next(new("at the end", Work.None));
        await Task.Delay(Acknowledgement.LongestBound); // The last acknowledgement's.
        await load.CheckAllRevokedAsync();
        await CheckStoredAsync();
    }

    /// <summary>Waits until everything serves, or has to, and requires it from then on.</summary>
    /// <param name="phase">The outage that has ended.</param>
    /// <param name="ended">When it began to end.</param>
    private async Task ServeAsync(Phase phase, long ended)
    {
        var mended = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(mended) < ServesAgainWithin
            && (phase.NotServedSince(ended) != Work.None || Stopwatch.GetElapsedTime(Math.Max(phase.LastRefused(), ended)) < Calm))
        {
            await Task.Delay(100);
        }

        phase.End(); // Whatever is sent from now on and refused is wrong. How long an answer takes says nothing but how busy the machine is.
        var due = Stopwatch.GetTimestamp();
        while (phase.NotServedSince(ended) is not Work.None and var missing)
        {
            if (Stopwatch.GetElapsedTime(due) > AnswerLimit)
            {
                judge.Wrong($"{missing} is not served {ServesAgainWithin} after the outage, nor {AnswerLimit} later");
                break;
            }

            await Task.Delay(100);
        }

        phase.ServedAgainAfter = phase.LastRefused() > ended ? Stopwatch.GetElapsedTime(ended, phase.LastRefused()) : TimeSpan.Zero;
    }

    /// <summary>The store has counted each session's generations as its client has, and holds every rule that was acknowledged.</summary>
    private async Task CheckStoredAsync()
    {
        using var dynamo = (await DynamoDbServer.GetAsync()).CreateClient();
        var store = new DynamoDbStore(dynamo, new() { Table = site.Deployment.Tables[0] }, TimeProvider.System);
        foreach (var sessions in load.All.Chunk(StoreLimits.KeysPerRead))
        {
            var stored = await store.ReadAsync([.. sessions.Select(session => Key(session.Itself))], CancellationToken.None);
            foreach (var session in sessions)
            {
                var item = stored.GetValueOrDefault(Key(session.Itself));
                var known = session.RefreshTokens.Count - 1;
                var more = (item?.Generation ?? 0) - known;
                if (session.IsExcused && more == 0)
                {
                    judge.Wrong($"session {session.Id} ended for reuse, although its client's token was the newest", Count.FalseThefts);
                }
                else if (more != 0 && (more != 1 || session.UncertainSince is null))
                {
                    judge.Wrong($"session {session.Id} was counted to {item?.Generation}, and its client to {known}", more > 0 ? Count.DoubleSuccessors : Count.Wrong);
                }
            }
        }

        foreach (var keys in load.Ended.Select(Key).Distinct().Chunk(StoreLimits.KeysPerRead))
        {
            var stored = await store.ReadAsync(keys, CancellationToken.None);
            foreach (var key in keys.Where(key => stored.GetValueOrDefault(key)?.IsDenied != true))
            {
                judge.Wrong($"{key.Kind} {key.Value} has no rule, although its end was acknowledged", Count.Lost);
            }
        }
    }

    private AuthorityKey Key(Revocable ended) => new(site.Deployment.Issuer, ended.Kind, ended.Value);

    private Phase Next(Phase phase)
    {
        _phases.Add(phase);
        return judge.Phase = phase;
    }
}
