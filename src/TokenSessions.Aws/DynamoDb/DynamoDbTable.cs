using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using TokenSessions.Issuing.Stores;

namespace TokenSessions.Aws.DynamoDb;

/// <summary>Checks and creates the table. Store and feed check its keys by themselves, before their first use of it.</summary>
public sealed class DynamoDbTable
{
    /// <summary>The command that creates the table, for messages.</summary>
    internal const string CreateCommand = "dotnet TokenSessions.Service.dll table create";

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan CreationLimit = TimeSpan.FromMinutes(2);

    private readonly DynamoDbConnection _connection;
    private readonly TimeProvider _time;

    /// <summary>A table, which may exist.</summary>
    /// <param name="client">The AWS client: <see cref="DynamoDbClients.Create"/> makes one. It remains the caller's.</param>
    /// <param name="options">Which table.</param>
    /// <param name="time">The clock that waits.</param>
    public DynamoDbTable(IAmazonDynamoDB client, DynamoDbOptions options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        _time = time;
        _connection = new(client, options.Checked(), time, (problem, cause) => new SessionStoreUnavailableException(problem, cause));
    }

    /// <summary>Checks that the table exists, is active and has exactly our keys.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What is not as it should be but does not keep anyone from using it, a sentence each; usually empty.</returns>
    /// <exception cref="SessionStoreUnavailableException">It cannot be used, or not be asked. The message says why and what helps.</exception>
    public async Task<IReadOnlyList<string>> CheckAsync(CancellationToken cancellationToken = default)
    {
        await _connection.WithinDeadlineAsync(deadline => TableSchema.RequireAsync(_connection, deadline), cancellationToken).ConfigureAwait(false);
        var warnings = new List<string>();
        await TryAsync(
            warnings,
            "whether expired items are deleted (TTL) is unknown",
            async deadline =>
            {
                if (!await IsSweptAsync(deadline).ConfigureAwait(false))
                {
                    warnings.Add($"{_connection.Place}: expired items are never deleted: enable TTL on the attribute {TableSchema.TimeToLive} ({CreateCommand}).");
                }
            },
            cancellationToken).ConfigureAwait(false);
        return warnings;
    }

    /// <summary>
    /// Creates the table if it does not exist: paid by request, expired items deleted (TTL), point-in-time recovery, deletion
    /// protection. What an existing table lacks of these is added. Calling it again changes nothing.
    /// </summary>
    /// <param name="cancellationToken">Gives up; the table may be there or not.</param>
    /// <exception cref="SessionStoreUnavailableException">
    /// It could not be created, has other keys, or was not active within 2 minutes. The message says why and what helps.
    /// </exception>
    public async Task<DynamoDbTableCreation> CreateAsync(CancellationToken cancellationToken = default)
    {
        var isNew = await TryCreateAsync(cancellationToken).ConfigureAwait(false);
        var table = await WaitUntilUsableAsync(cancellationToken).ConfigureAwait(false);

        var warnings = new List<string>();
        await TryAsync(warnings, "expired items will not be deleted (TTL)", SweepAsync, cancellationToken).ConfigureAwait(false);
        await TryAsync(warnings, "there is no point-in-time recovery", MakeRecoverableAsync, cancellationToken).ConfigureAwait(false);
        if (table.DeletionProtectionEnabled is not true)
        {
            await TryAsync(warnings, "the table is not protected from deletion", ProtectAsync, cancellationToken).ConfigureAwait(false);
        }

        return new(isNew, warnings);
    }

    private Task<bool> TryCreateAsync(CancellationToken cancellationToken) => _connection.WithinDeadlineAsync(
        async deadline =>
        {
            var request = new CreateTableRequest
            {
                TableName = _connection.Table,
                KeySchema = TableSchema.KeySchema,
                AttributeDefinitions = TableSchema.Attributes,
                BillingMode = BillingMode.PAY_PER_REQUEST,
                DeletionProtectionEnabled = true,
            };
            try
            {
                await _connection.SendAsync(request, _connection.Client.CreateTableAsync, deadline).ConfigureAwait(false);
                return true;
            }
            catch (ResourceInUseException)
            {
                return false; // It exists, or somebody creates it at this moment.
            }
        },
        cancellationToken);

    private async Task<TableDescription> WaitUntilUsableAsync(CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        while (true)
        {
            var table = await _connection
                .WithinDeadlineAsync(deadline => TableSchema.DescribeAsync(_connection, deadline), cancellationToken).ConfigureAwait(false);
            if (TableSchema.IsUsable(table))
            {
                return table;
            }

            if (_time.GetElapsedTime(started) >= CreationLimit)
            {
                throw _connection.Unavailable($"the table is still {table.TableStatus} after {CreationLimit.TotalMinutes} minutes: run the command again later.");
            }

            await Task.Delay(PollInterval, _time, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        if (!await IsSweptAsync(cancellationToken).ConfigureAwait(false))
        {
            var request = new UpdateTimeToLiveRequest
            {
                TableName = _connection.Table,
                TimeToLiveSpecification = new() { AttributeName = TableSchema.TimeToLive, Enabled = true },
            };
            await _connection.SendAsync(request, _connection.Client.UpdateTimeToLiveAsync, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<bool> IsSweptAsync(CancellationToken cancellationToken)
    {
        var request = new DescribeTimeToLiveRequest { TableName = _connection.Table };
        var answer = await _connection.SendAsync(request, _connection.Client.DescribeTimeToLiveAsync, cancellationToken).ConfigureAwait(false);
        var state = answer.TimeToLiveDescription;
        return state?.AttributeName == TableSchema.TimeToLive
            && (state.TimeToLiveStatus == TimeToLiveStatus.ENABLED || state.TimeToLiveStatus == TimeToLiveStatus.ENABLING);
    }

    private async Task MakeRecoverableAsync(CancellationToken cancellationToken)
    {
        var question = new DescribeContinuousBackupsRequest { TableName = _connection.Table };
        var answer = await _connection.SendAsync(question, _connection.Client.DescribeContinuousBackupsAsync, cancellationToken).ConfigureAwait(false);
        if (answer.ContinuousBackupsDescription?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus != PointInTimeRecoveryStatus.ENABLED)
        {
            var request = new UpdateContinuousBackupsRequest
            {
                TableName = _connection.Table,
                PointInTimeRecoverySpecification = new() { PointInTimeRecoveryEnabled = true },
            };
            await _connection.SendAsync(request, _connection.Client.UpdateContinuousBackupsAsync, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task ProtectAsync(CancellationToken cancellationToken)
    {
        var request = new UpdateTableRequest { TableName = _connection.Table, DeletionProtectionEnabled = true };
        await _connection.SendAsync(request, _connection.Client.UpdateTableAsync, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Not every endpoint can do all of this, and not every role may: that is told, and the table can be used all the same.</summary>
    private async Task TryAsync(
        List<string> warnings, string consequence, Func<CancellationToken, Task> act, CancellationToken cancellationToken)
    {
        try
        {
            await _connection.WithinDeadlineAsync(
                async deadline =>
                {
                    await act(deadline).ConfigureAwait(false);
                    return true;
                },
                cancellationToken).ConfigureAwait(false);
        }
        catch (SessionStoreUnavailableException e)
        {
            warnings.Add($"{e.Message} So {consequence}.");
        }
    }
}

/// <summary>What <see cref="DynamoDbTable.CreateAsync"/> did.</summary>
/// <param name="IsNew">False if the table was there already.</param>
/// <param name="Warnings">What the endpoint or the role did not allow, and what follows from it, a sentence each; usually empty.</param>
public sealed record DynamoDbTableCreation(bool IsNew, IReadOnlyList<string> Warnings);
