using TokenSessions.Issuing.Keys;
using TokenSessions.Service.Settings;
using TokenSessions.Service.Users;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Service.Running;

/// <summary>Reads the users file and the key ring again when they change. A broken new file is reported once and the old one stays.</summary>
internal sealed class FileReloads(UserDirectory users, KeyRingFile ring, KeySetCache keys, ServiceSettings settings, TimeProvider time, Log log)
{
    private static readonly TimeSpan UsersInterval = TimeSpan.FromSeconds(2);

    private volatile string _usersProblem = "";
    private volatile string _ringProblem = "";

    /// <summary>What is refused now, without its reason: that names files and users, and whoever asks for our health may be anybody.</summary>
    public IEnumerable<string> Problems()
    {
        if (_usersProblem.Length > 0)
        {
            yield return "The users file has changed and cannot be used; the old users stay. The log says why.";
        }

        if (_ringProblem.Length > 0)
        {
            yield return "The key ring has changed and cannot be used; the old one stays. The log says why.";
        }
    }

    /// <summary>Goes on until cancelled. Neither waits for the other: opening a ring may take long, and one that fails must not go unseen.</summary>
    public async Task RunAsync(CancellationToken cancellationToken) => await await Task.WhenAny(
        RepeatAsync(UsersInterval, ReloadUsersAsync, cancellationToken),
        RepeatAsync(KeyRingFile.ReloadInterval, ReloadRingAsync, cancellationToken));

    private async Task RepeatAsync(TimeSpan interval, Func<CancellationToken, Task> step, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(interval, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            await step(cancellationToken);
        }
    }

    private Task ReloadUsersAsync(CancellationToken cancellationToken)
    {
        var problem = "";
        try
        {
            if (users.Reload())
            {
                log.UsersReplaced(settings.Users, users.Count);
            }
        }
        catch (StartException e)
        {
            problem = e.Message;
        }

        if (problem.Length > 0 && problem != _usersProblem)
        {
            log.UsersRefused(problem);
        }

        _usersProblem = problem;
        return Task.CompletedTask;
    }

    private async Task ReloadRingAsync(CancellationToken cancellationToken)
    {
        var reload = await ring.ReloadAsync(cancellationToken);
        if (reload.Change == KeyRingChange.Replaced)
        {
            log.KeyRingReplaced(ring.Path);
            _ = keys.ReloadAsync(CancellationToken.None); // In memory; what it reports the bearer scheme's own upkeep reports as well.
        }
        else if (reload.Change == KeyRingChange.Refused && reload.Problem != _ringProblem)
        {
            log.KeyRingRefused(reload.Problem);
        }

        _ringProblem = reload.Problem;
    }
}

/// <summary>Runs the reloads for as long as the host does. They need what <see cref="ServiceStart"/> opens, so they are built late.</summary>
internal sealed class FileReloadsHost(IServiceProvider services) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        services.GetRequiredService<FileReloads>().RunAsync(stoppingToken);
}
