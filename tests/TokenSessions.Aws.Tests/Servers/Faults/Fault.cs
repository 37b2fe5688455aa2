namespace TokenSessions.Aws.Tests.Servers.Faults;

/// <summary>One request as the AWS SDK sends it.</summary>
/// <param name="Operation">Such as <c>GetItem</c>, from <c>X-Amz-Target</c>; the path of a request without.</param>
/// <param name="Ordinal">The how-manieth request of this operation since the counters were reset; from 1.</param>
/// <param name="Body">The JSON it carries.</param>
internal readonly record struct AwsCall(string Operation, int Ordinal, string Body);

/// <summary>The kinds of <see cref="Fault"/>; each is described at the member of that name.</summary>
internal enum FaultKind
{
    None = 0,
    DropRequest,
    DropAnswer,
    Hold,
    Duplicate,
    Refuse,
    Unprocessed,
    EmptyPage,
    PageCut,
    StaleRead,
}

/// <summary>What goes wrong with one request. A default one is <see cref="None"/>.</summary>
internal readonly record struct Fault(FaultKind Kind)
{
    public static Fault None => default;

    /// <summary>It is never sent; the caller sees a connection that ended.</summary>
    public static Fault DropRequest => new(FaultKind.DropRequest);

    /// <summary>It is sent and done; its answer is thrown away, and the caller sees a connection that ended.</summary>
    public static Fault DropAnswer => new(FaultKind.DropAnswer);

    /// <summary>It is sent twice, one after the other; the second answer is given.</summary>
    public static Fault Duplicate => new(FaultKind.Duplicate);

    /// <summary>It is refused for too many requests to the table. Nothing is sent.</summary>
    public static Fault Throttle => Refuse("ProvisionedThroughputExceededException");

    /// <summary>The server fails. Nothing is sent.</summary>
    public static Fault ServerError => Refuse("InternalServerError", status: 500);

    /// <summary>A Query or Scan is answered with no items, and a key from which the next page is what this one would have been.</summary>
    public static Fault EmptyPage => new(FaultKind.EmptyPage);

    /// <summary>Eventually consistent reads know only what such reads have answered before: new items are absent, others old.</summary>
    /// <remarks>Needs <see cref="FaultyHandler.RemembersReads"/>. Strongly consistent reads are left as they are.</remarks>
    public static Fault StaleRead => new(FaultKind.StaleRead);

    public Func<Task> Until { get; private init; } = () => Task.CompletedTask;

    public int Count { get; private init; }

    public string Code { get; private init; } = "";

    public int Status { get; private init; }

    /// <summary>It is sent only after a while.</summary>
    public static Fault Delay(TimeSpan by) => new(FaultKind.Hold) { Until = () => Task.Delay(by) };

    /// <summary>It is sent only when a task has ended: an order of requests that needs no clock.</summary>
    public static Fault Hold(Task until) => new(FaultKind.Hold) { Until = () => until };

    /// <summary>It is refused with an error of the service, such as <c>AccessDeniedException</c>. Nothing is sent.</summary>
    public static Fault Refuse(string code, int status = 400) => new(FaultKind.Refuse) { Code = code, Status = status };

    /// <summary>A BatchGetItem answers only its first keys of each table; the others are in <c>UnprocessedKeys</c>.</summary>
    public static Fault Unprocessed(int answered) => new(FaultKind.Unprocessed) { Count = answered };

    /// <summary>A Query or Scan answers at most so many items (from 1), and the key of the last one where there are more.</summary>
    public static Fault PageCut(int items) => new(FaultKind.PageCut) { Count = items };
}
