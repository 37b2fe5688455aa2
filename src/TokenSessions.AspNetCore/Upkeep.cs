using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Keys;

namespace TokenSessions.AspNetCore;

/// <summary>Keeps the key sets and denylists of all schemes up to date for as long as the host runs.</summary>
/// <remarks>
/// The first reading is tried before the server listens, but not waited for without end: an API whose issuer is down starts,
/// answers 503 and says why in its log.
/// </remarks>
internal sealed class Upkeep(
    IServiceProvider services, IEnumerable<BearerSchemeName> schemes, TimeProvider time, ILogger<Upkeep> logger)
    : IHostedService, IDisposable
{
    /// <summary>The longest the start of the server waits for the first reading.</summary>
    public static readonly TimeSpan FirstReadingLimit = TimeSpan.FromSeconds(5);

    /// <summary>Between two polls at least, so that a sync that is always due cannot keep a processor busy.</summary>
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(100);

    private readonly CancellationTokenSource _stopping = new();
    private Task _loops = Task.CompletedTask;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var tasks = Tasks().ToArray();
        var firstReadings = tasks.Select(task => task.RunAsync(_stopping.Token)).ToArray();
        _loops = Task.WhenAll(tasks.Zip(firstReadings, (task, firstReading) => LoopAsync(task, firstReading)));
        try
        {
            await Task.WhenAll(firstReadings).WaitAsync(FirstReadingLimit, time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // Listen all the same. The readings go on, and tell the log what comes of them.
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _loops.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>
    /// Ends the loops where nobody stopped the host. The source itself holds nothing to dispose of, and a test server's factory
    /// may stop the host once more after the program has disposed it.
    /// </summary>
    public void Dispose() => _stopping.Cancel();

    /// <summary>One task for each key set and denylist, however many schemes share it.</summary>
    private IEnumerable<UpkeepTask> Tasks()
    {
        var sources = schemes
            .Select(scheme => services.GetRequiredKeyedService<BearerAuthentication>(scheme.Name).Sources)
            .ToArray();
        return
        [
            .. sources.Select(source => source.Keys).Distinct().Select(keys => Reload("key set", keys)),
            .. sources.Select(source => source.FeedKeys).OfType<KeySetCache>().Distinct()
                .Select(keys => Reload("key set of the denylist", keys)),
            .. sources.Select(source => source.Denylist).OfType<DenylistSync>().Distinct().Select(Sync),
        ];
    }

    private UpkeepTask Reload(string what, KeySetCache keys) => new(
        what,
        isWell => isWell ? KeySetCache.ReloadInterval : KeySetCache.CoolDown,
        time,
        logger,
        async cancellationToken =>
        {
            var outcome = await keys.ReloadAsync(cancellationToken).ConfigureAwait(false);
            return (outcome.IsFetched, outcome.Problem);
        });

    private UpkeepTask Sync(DenylistSync denylist) => new(
        "denylist",
        _ => denylist.UntilDue is var wait && wait > ShortestWait ? wait : ShortestWait,
        time,
        logger,
        async cancellationToken =>
        {
            var outcome = await denylist.SyncAsync(cancellationToken).ConfigureAwait(false);
            return (outcome.IsComplete, outcome.Problem);
        });

    private async Task LoopAsync(UpkeepTask task, Task firstReading)
    {
        await firstReading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        while (!_stopping.IsCancellationRequested)
        {
            await Task.Delay(task.Wait, time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await task.RunAsync(_stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
