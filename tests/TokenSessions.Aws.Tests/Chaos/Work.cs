namespace TokenSessions.Aws.Tests.Chaos;

/// <summary>What is asked of the processes: to issue tokens (log in, refresh), to revoke, and to check a token.</summary>
[Flags]
internal enum Work
{
    None = 0,
    IssueAt1 = 1,
    IssueAt2 = 1 << 1,
    RevokeAt1 = 1 << 2,
    RevokeAt2 = 1 << 3,
    CheckAt1 = 1 << 4,
    CheckAt2 = 1 << 5,

    /// <summary>At the API on the services' signed feed.</summary>
    CheckAtFeedApi = 1 << 6,

    /// <summary>At the API that reads the table itself.</summary>
    CheckAtTableApi = 1 << 7,

    Issue = IssueAt1 | IssueAt2,
    Write = Issue | RevokeAt1 | RevokeAt2,
    ChecksByServices = CheckAt1 | CheckAt2 | CheckAtFeedApi,
    Service1 = IssueAt1 | RevokeAt1 | CheckAt1,
    Service2 = IssueAt2 | RevokeAt2 | CheckAt2,
    All = Service1 | Service2 | CheckAtFeedApi | CheckAtTableApi,
}
