using System.Text.RegularExpressions;
using TokenSessions.Aws.Tests.Servers.Faults;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Aws.Tests.Sessions;

/// <summary>How many requests to AWS a login, a refresh, a validation and a revocation are. The costs in README.md follow from these.</summary>
public sealed partial class RequestCountTests
{
    private const int Sessions = 50;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 0)]
    public async Task A_login_is_one_read_of_7_items_and_one_signature_where_the_key_is_in_KMS_and_none_where_it_is_wrapped(bool isWrapped, int signatures)
    {
        await using var issuer = await IssuerOnAws.CreateAsync(isWrapped);
        await issuer.StartAsync(); // The table's check and the head, once in a while.
        var keys = CountKeys(issuer);

        for (var i = 0; i < Sessions; i++)
        {
            await issuer.StartAsync();
        }

        Assert.Equal([("BatchGetItem", Sessions)], Calls(issuer));
        Assert.Equal(7 * Sessions, keys.Count); // Subject, client and all; two token keys, two sealing keys.
        Assert.Equal(signatures * Sessions, issuer.Kms.StandIn.Calls());
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 0)]
    public async Task A_refresh_is_one_read_of_8_items_one_write_and_at_most_one_signature(bool isWrapped, int signatures)
    {
        await using var issuer = await IssuerOnAws.CreateAsync(isWrapped);
        var tokens = await issuer.StartAsync();
        var keys = CountKeys(issuer);

        for (var i = 0; i < Sessions; i++)
        {
            tokens = await issuer.RefreshAsync(tokens);
        }

        Assert.Equal([("BatchGetItem", Sessions), ("PutItem", Sessions)], Calls(issuer));
        Assert.Equal(8 * Sessions, keys.Count); // The session as well.
        Assert.Equal(signatures * Sessions, issuer.Kms.StandIn.Calls());
    }

    [Fact]
    public async Task A_validation_is_no_request_and_a_poll_of_the_denylist_one_for_the_head_the_standing_rules_and_each_10_minutes()
    {
        await using var issuer = await IssuerOnAws.CreateAsync();
        var tokens = await issuer.StartAsync();
        Assert.True((await issuer.Denylist.SyncAsync(Cancel)).IsComplete);
        Forget(issuer);

        for (var i = 0; i < 1_000; i++)
        {
            await issuer.AssertValidAsync(tokens);
        }

        Assert.Empty(Calls(issuer));
        issuer.Table.Clock.Advance(DenylistSync.PollInterval);
        Assert.True((await issuer.Denylist.SyncAsync(Cancel)).IsComplete);
        var (operation, requests) = Assert.Single(Calls(issuer));
        Assert.Equal("Query", operation);
        Assert.InRange(requests, 3, 4); // Near the edge of 10 minutes there are two such parts.
        Assert.Equal(0, issuer.Kms.StandIn.Calls());
    }

    [Fact]
    public async Task A_revocation_is_three_writes()
    {
        await using var issuer = await IssuerOnAws.CreateAsync();
        var tokens = await issuer.StartAsync();
        await issuer.Revoker.RevokeAsync(RuleKind.Client, "default", "a test", "admin", Cancel); // Reads the head first, once in a while.
        Forget(issuer);

        await issuer.Revoker.RevokeAsync(RuleKind.Session, tokens.SessionId, "a test", "admin", Cancel);

        Assert.Equal(3, issuer.Table.Requests.Calls("PutItem") + issuer.Table.Requests.Calls("UpdateItem")); // Authority, feed, and the mark.
        Assert.Equal(3, issuer.Table.Requests.Calls());
    }

    private static void Forget(IssuerOnAws issuer)
    {
        issuer.Table.Requests.ResetCalls();
        issuer.Kms.StandIn.ResetCalls();
    }

    /// <summary>Forgets what was, and counts the keys that batch reads ask for: each is a read unit, whether there is such an item or not.</summary>
    private static List<string> CountKeys(IssuerOnAws issuer)
    {
        var keys = new List<string>();
        Forget(issuer);
        issuer.Table.Requests.Decide = call =>
        {
            if (call.Operation == "BatchGetItem")
            {
                keys.AddRange(PartitionKey().Matches(call.Body).Select(match => match.Value));
            }

            return Fault.None;
        };
        return keys;
    }

    private static (string Operation, int Count)[] Calls(IssuerOnAws issuer) =>
    [
        .. new[] { "BatchGetItem", "GetItem", "PutItem", "UpdateItem", "Query", "Scan", "DescribeTable" }
            .Select(operation => (operation, issuer.Table.Requests.Calls(operation))).Where(calls => calls.Item2 > 0),
    ];

    [GeneratedRegex("\"pk\":")]
    private static partial Regex PartitionKey();
}
