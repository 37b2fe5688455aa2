using TokenSessions.Aws.DynamoDb;
using TokenSessions.Issuing.Stores;
using TokenSessions.Service.Settings;

namespace TokenSessions.Service.Store;

/// <summary>The commands <c>table create</c> and <c>table check</c>: the DynamoDB table of rules and session items.</summary>
internal sealed class TableCommand(ServiceSettings settings, IServiceProvider services, TextWriter output)
{
    private const string Usage = """
        usage: table create
               table check
        create makes the DynamoDB table that TokenSessions:DynamoDb:Table names: paid by request, with TTL, point-in-time recovery and deletion
        protection. What an existing table lacks of these is added. check says whether the table can be used as it is.
        """;

    /// <summary>Runs the command.</summary>
    /// <param name="arguments">Those after <c>table</c>, without settings.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The exit code: 0, or 2 if the command was misspelt.</returns>
    /// <exception cref="StartException">It cannot be done.</exception>
    public async Task<int> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        if (arguments is not ["create" or "check"])
        {
            await output.WriteLineAsync(Usage);
            return 2;
        }

        if (!settings.Store.IsDynamoDb)
        {
            throw new StartException($"No table is set: set {ServiceSettings.Section}:Store to {StoreSettings.DynamoDb}, "
                + $"and {ServiceSettings.Section}:{StoreSettings.TableSetting} to the table's name.");
        }

        try
        {
            await RunAsync(arguments[0] == "create", services.GetRequiredService<DynamoDbTable>(), cancellationToken);
            return 0;
        }
        catch (Exception e) when (e is SessionStoreUnavailableException or ArgumentException)
        {
            throw new StartException(e.Message, e);
        }
    }

    private async Task RunAsync(bool isToBeCreated, DynamoDbTable table, CancellationToken cancellationToken)
    {
        var name = settings.Store.Table;
        IReadOnlyList<string> warnings;
        if (isToBeCreated)
        {
            var creation = await table.CreateAsync(cancellationToken);
            await output.WriteLineAsync(creation.IsNew ? $"The table {name} was created." : $"The table {name} was there already.");
            warnings = creation.Warnings;
        }
        else
        {
            warnings = await table.CheckAsync(cancellationToken);
            await output.WriteLineAsync($"The table {name} can be used.");
        }

        foreach (var warning in warnings)
        {
            await output.WriteLineAsync(warning);
        }
    }
}
