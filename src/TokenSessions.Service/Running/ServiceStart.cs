using TokenSessions.Aws.DynamoDb;
using TokenSessions.Issuing;
using TokenSessions.Issuing.Keys;
using TokenSessions.Issuing.Stores;
using TokenSessions.Service.Denylist;
using TokenSessions.Service.Sessions;
using TokenSessions.Service.Settings;
using TokenSessions.Service.Users;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Service.Running;

/// <summary>Opens everything before the server listens. Nothing of it happens while a tool only builds the host to describe it.</summary>
/// <remarks>No hosted service: whatever one throws the host logs with its stack, and an operator wants the sentence alone.</remarks>
internal sealed class ServiceStart(IServiceProvider services)
{
    /// <summary>Opens everything, once, before the host starts.</summary>
    /// <exception cref="StartException">The service cannot start as it is set up.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var settings = services.GetRequiredService<ServiceSettings>();
        var log = services.GetRequiredService<Log>();
        foreach (var setting in settings.Unknown)
        {
            log.SettingUnknown(setting);
        }

        services.GetRequiredService<FirstRun>().Run();
        try
        {
            await OpenAsync(settings, log, cancellationToken);
        }
        catch (Exception e) when (e is KeyRingException or SessionStoreUnavailableException or ArgumentException)
        {
            throw new StartException(e.Message, e);
        }
    }

    private async Task OpenAsync(ServiceSettings settings, Log log, CancellationToken cancellationToken)
    {
        await services.GetRequiredService<ServiceKeyRing>().OpenAsync(cancellationToken);
        var ring = services.GetRequiredService<KeyRingFile>();
        var users = services.GetRequiredService<UserDirectory>();
        await OpenStoreAsync(settings, log, cancellationToken);
        await services.GetRequiredService<SessionIssuer>().PrepareAsync(cancellationToken);
        await services.GetRequiredService<DenylistSync>().SyncAsync(cancellationToken);
        var denylist = services.GetRequiredService<LocalDenylist>();
        foreach (var problem in ring.Current.Problems(services.GetRequiredService<TimeProvider>().GetUtcNow(), denylist.IsKeyRevoked))
        {
            log.KeyRingProblem(problem);
        }

        if (!users.IsGranted(BearerSchemes.AdminScope))
        {
            log.NoAdministrator(settings.Users, BearerSchemes.AdminScope);
        }

        log.Started(settings.Issuer, users.Count, DenylistSync.RevocationBound, DenylistSync.SignedFeedBound);
    }

    private async Task OpenStoreAsync(ServiceSettings settings, Log log, CancellationToken cancellationToken)
    {
        if (settings.Store.IsDynamoDb)
        {
            foreach (var warning in await services.GetRequiredService<DynamoDbTable>().CheckAsync(cancellationToken))
            {
                log.TableProblem(warning);
            }

            log.TableOpened(settings.Store.Table);
            return;
        }

        var journal = services.GetRequiredService<JournalStore>().Outcome;
        log.StoreOpened(journal.JournalPath, journal.Items);
        if (journal.TornBytes > 0)
        {
            log.StoreRepaired(journal.JournalPath, journal.TornBytes);
        }
    }
}
