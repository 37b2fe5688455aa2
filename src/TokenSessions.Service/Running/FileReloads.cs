using TokenSessions.Issuing.Keys;
using TokenSessions.Service.Settings;
using TokenSessions.Service.Users;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Service.Running;

/// <summary>Reads the users file and the key ring again when they change. A broken new file is reported once and the old one stays.</summary>
internal sealed class FileReloads(UserDirectory users, KeyRingFile ring, KeySetCache keys, ServiceSettings settings, TimeProvider time, Log log)
{
    private static readonly TimeSpan UsersInterval = TimeSpan.FromSeconds(2);

    private string _refused = "";

    /// <summary>Goes on until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(
        RepeatAsync(UsersInterval, ReloadUsers, cancellationToken),
        RepeatAsync(KeyRingFile.ReloadInterval, ReloadRing, cancellationToken));

    private async Task RepeatAsync(TimeSpan interval, Action step, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(interval, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            step();
        }
    }

    private void ReloadUsers()
    {
        try
        {
            if (users.Reload())
            {
                log.UsersReplaced(settings.Users, users.Count);
            }
        }
        catch (StartException e)
        {
            log.UsersRefused(e.Message);
        }
    }

    private void ReloadRing()
    {
        var reload = ring.Reload();
        if (reload.Change == KeyRingChange.Replaced)
        {
            log.KeyRingReplaced(ring.Path);
            _ = keys.ReloadAsync(CancellationToken.None); // In memory; what it reports the bearer scheme's own upkeep reports as well.
        }
        else if (reload.Change == KeyRingChange.Refused && reload.Problem != _refused)
        {
            log.KeyRingRefused(reload.Problem);
        }

        _refused = reload.Problem;
    }
}

/// <summary>Runs the reloads for as long as the host does. They need what <see cref="ServiceStart"/> opens, so they are built late.</summary>
internal sealed class FileReloadsHost(IServiceProvider services) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        services.GetRequiredService<FileReloads>().RunAsync(stoppingToken);
}
