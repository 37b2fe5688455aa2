using System.Collections.Concurrent;
using TokenSessions.Aws.Tests.Servers.Kms;
using TokenSessions.Issuing;
using TokenSessions.Issuing.Keys;

namespace TokenSessions.Aws.Tests.Sessions;

/// <summary>Sessions whose tokens are signed by a KMS that takes its time, is throttled, or answers nonsense.</summary>
public sealed class SessionsInKmsTests
{
    private const int Starts = 10_000;
    private const int InFlight = 1_000;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ten_thousand_starts_with_a_thousand_in_flight_are_one_signature_each_and_block_no_thread()
    {
        await using var issuer = await IssuerOnAws.CreateAsync();
        await issuer.StartAsync();
        issuer.Kms.StandIn.ResetCalls();
        issuer.Kms.StandIn.Latency = TimeSpan.FromMilliseconds(10);
        var (left, mostThreads) = (Starts, 0);

        await Task.WhenAll(Enumerable.Range(0, InFlight).Select(_ => Task.Run(
            async () =>
            {
                while (Interlocked.Decrement(ref left) >= 0)
                {
                    await issuer.StartAsync();
                    mostThreads = Math.Max(mostThreads, ThreadPool.ThreadCount);
                }
            },
            Cancel)));

        Assert.Equal((Starts, Starts), (issuer.Kms.StandIn.Calls("Sign"), issuer.Kms.StandIn.Calls()));

        // A blocked thread for each that waits would be hundreds; the pool of this process also runs the stand-in and other tests.
        Assert.InRange(mostThreads, 1, 64);
    }

    [Fact]
    public async Task While_KMS_throttles_30_percent_every_start_gives_a_good_token_or_none()
    {
        await using var issuer = await IssuerOnAws.CreateAsync();
        await issuer.StartAsync();
        Assert.True((await issuer.Denylist.SyncAsync(Cancel)).IsComplete);
        issuer.Kms.StandIn.ResetCalls();
        issuer.Kms.StandIn.Faults = call => call.Ordinal % 10 < 3 ? KmsFault.Throttle : KmsFault.None;
        var issued = new ConcurrentBag<IssuedTokens>();
        var unavailable = 0;

        await Parallel.ForAsync(0, 1_000, new ParallelOptions { MaxDegreeOfParallelism = 50, CancellationToken = Cancel }, async (_, cancel) =>
        {
            try
            {
                issued.Add((await issuer.Sessions.StartAsync(new() { Subject = "ada" }, cancel)).Tokens!);
            }
            catch (SigningKeyUnavailableException)
            {
                Interlocked.Increment(ref unavailable);
            }
        });

        Assert.Equal((700, 300), (issued.Count, unavailable)); // Asking a throttled KMS again at once would make it worse.
        foreach (var tokens in issued)
        {
            await issuer.AssertValidAsync(tokens);
        }
    }

    [Fact]
    public async Task What_KMS_refuses_to_sign_spends_no_refresh_token()
    {
        await using var issuer = await IssuerOnAws.CreateAsync();
        var tokens = await issuer.StartAsync();
        issuer.Kms.StandIn.Faults = _ => KmsFault.WrongSignature;
        issuer.Table.Requests.ResetCalls();

        await Assert.ThrowsAsync<SigningKeyUnavailableException>(() => issuer.RefreshAsync(tokens));
        Assert.Equal(0, issuer.Table.Requests.Calls("PutItem"));
        issuer.Kms.StandIn.Faults = null;

        await issuer.RefreshAsync(await issuer.RefreshAsync(tokens));
    }
}
