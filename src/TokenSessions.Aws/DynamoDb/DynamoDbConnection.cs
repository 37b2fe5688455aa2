using System.Diagnostics.CodeAnalysis;
using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;

namespace TokenSessions.Aws.DynamoDb;

/// <summary>One table and the way to it: the deadline, the check before the first use, the clock, and what a failure means.</summary>
/// <param name="client">The AWS client; it retries.</param>
/// <param name="options">Checked, and nobody else's.</param>
/// <param name="time">Our clock.</param>
/// <param name="unavailable">Makes the exception every failure becomes.</param>
internal sealed class DynamoDbConnection(
    IAmazonDynamoDB client, DynamoDbOptions options, TimeProvider time, Func<string, Exception?, Exception> unavailable)
{
    private readonly AnswerClock _clock = new(client, time);
    private readonly Lock _gate = new();
    private Task? _tableCheck;

    public IAmazonDynamoDB Client => client;

    public string Table => options.Table;

    public TimeProvider Time => time;

    public DateTimeOffset Now => time.GetUtcNow();

    /// <summary>Table and region, to begin a sentence with.</summary>
    public string Place => $"DynamoDB table {Table} in {client.Config.RegionEndpoint?.SystemName ?? client.Config.AuthenticationRegion ?? "the region of its endpoint"}";

    /// <summary>Does something that several requests may be needed for, on a table that was checked, within the deadline.</summary>
    public Task<T> AnswerAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken cancellationToken) =>
        WithinDeadlineAsync(
            async deadline =>
            {
                await CheckTableAsync(deadline).ConfigureAwait(false);
                return await ask(deadline).ConfigureAwait(false);
            },
            cancellationToken);

    /// <summary>Does something within the deadline.</summary>
    public async Task<T> WithinDeadlineAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var deadline = new CancellationTokenSource(options.Deadline, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            return await ask(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw Unavailable($"it did not answer within {options.Deadline.TotalSeconds} s.", e);
        }
        catch (FormatException e)
        {
            throw Unavailable($"{e.Message} It may be a rule of a newer version, so nothing is decided without it: update, or remove what others put into the table.", e);
        }
    }

    /// <summary>Sends one request. A condition that does not hold, or a table to be made that exists already, is an answer, and comes as its exception.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "Whatever the SDK throws is the world being bad; the only call in here is its.")]
    public async Task<TResponse> SendAsync<TRequest, TResponse>(
        TRequest request, Func<TRequest, CancellationToken, Task<TResponse>> send, CancellationToken cancellationToken)
        where TRequest : AmazonDynamoDBRequest
    {
        var sent = _clock.Send(request);
        TResponse response;
        try
        {
            // The SDK fetches credentials before the request, which no token ends; the endpoint rules of DynamoDB even block on it.
            response = await Task.Run(() => send(request, cancellationToken), cancellationToken).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (AmazonDynamoDBException e) when (e is ConditionalCheckFailedException || (e is ResourceInUseException && request is CreateTableRequest))
        {
            ThrowIfClockIsWrong(sent, e);
            throw;
        }
        catch (Exception e)
        {
            cancellationToken.ThrowIfCancellationRequested();

            // Not kept as the inner one: AWS may repeat a request's headers in a message, among them the session token.
            throw unavailable(DynamoDbProblem.Describe(e, request, Place, client.Config.ServiceURL), null);
        }

        ThrowIfClockIsWrong(sent, null);
        return response;
    }

    /// <summary>The live items of a query: each page is followed to the next, empty ones included, and has the deadline to itself.</summary>
    /// <param name="query">What to ask; this changes it from page to page.</param>
    /// <param name="read">Reads an item.</param>
    /// <param name="now">What has reached its end by now is left out.</param>
    /// <param name="cancellationToken">Gives up on the whole.</param>
    public async Task<List<T>> QueryAsync<T>(
        QueryRequest query, Func<Dictionary<string, AttributeValue>, T> read, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var found = new List<T>();
        do
        {
            query.ExclusiveStartKey = await AnswerAsync(
                async deadline =>
                {
                    var page = await SendAsync(query, client.QueryAsync, deadline).ConfigureAwait(false);
                    found.AddRange((page.Items ?? []).Where(item => !item.IsEnded(now)).Select(read));
                    return page.LastEvaluatedKey;
                },
                cancellationToken).ConfigureAwait(false);
        }
        while (query.ExclusiveStartKey is { Count: > 0 });

        return found;
    }

    /// <summary>Strong read of one item; null if it is absent.</summary>
    public async Task<Dictionary<string, AttributeValue>?> GetAsync(Dictionary<string, AttributeValue> key, CancellationToken cancellationToken)
    {
        var request = new GetItemRequest { TableName = Table, Key = key, ConsistentRead = true };
        var answer = await SendAsync(request, client.GetItemAsync, cancellationToken).ConfigureAwait(false);
        return answer.Item is { Count: > 0 } item ? item : null;
    }

    /// <summary>Writes a whole item if a condition holds.</summary>
    /// <param name="item">The item.</param>
    /// <param name="condition">What must hold for the item that stands.</param>
    /// <param name="values">The values in the condition; null for none.</param>
    /// <param name="cancellationToken">The deadline.</param>
    /// <returns>Whether it did; if not, what stands there, where the endpoint tells.</returns>
    public async Task<(bool IsWritten, Dictionary<string, AttributeValue>? Old)> TryPutAsync(
        Dictionary<string, AttributeValue> item, string condition, Dictionary<string, AttributeValue>? values, CancellationToken cancellationToken)
    {
        var request = new PutItemRequest
        {
            TableName = Table,
            Item = item,
            ConditionExpression = condition,
            ExpressionAttributeValues = values,
            ReturnValuesOnConditionCheckFailure = ReturnValuesOnConditionCheckFailure.ALL_OLD,
        };
        try
        {
            await SendAsync(request, client.PutItemAsync, cancellationToken).ConfigureAwait(false);
            return (true, null);
        }
        catch (ConditionalCheckFailedException e)
        {
            return (false, e.Item is { Count: > 0 } old ? old : null);
        }
    }

    /// <summary>What every failure becomes.</summary>
    /// <param name="problem">The rest of a sentence that begins with the table.</param>
    /// <param name="cause">Why.</param>
    public Exception Unavailable(string problem, Exception? cause = null) => unavailable($"{Place}: {problem}", cause);

    /// <summary>Checks the table once; until that has succeeded, every call that needs it tries again, together with others.</summary>
    private Task CheckTableAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_tableCheck is null or { IsFaulted: true } or { IsCanceled: true })
            {
                // Not the caller's deadline: one who gives up must not fail the others.
                _tableCheck = WithinDeadlineAsync(deadline => TableSchema.RequireAsync(this, deadline), CancellationToken.None);
            }

            return _tableCheck.IsCompletedSuccessfully ? Task.CompletedTask : _tableCheck.WaitAsync(cancellationToken);
        }
    }

    private void ThrowIfClockIsWrong(AnswerClock.Sent sent, AmazonDynamoDBException? failure)
    {
        if (_clock.FindProblem(sent, failure) is { } problem)
        {
            throw Unavailable(problem);
        }
    }
}
