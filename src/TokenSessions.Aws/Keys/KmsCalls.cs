using System.Diagnostics.CodeAnalysis;
using Amazon.KeyManagementService;

namespace TokenSessions.Aws.Keys;

/// <summary>The policy of every call to KMS: so many at once, so long, again only where that is safe, and not while a region is down.</summary>
/// <remarks>
/// A lone region is asked once more after no answer, 5xx or a time-out; of several, the next is asked instead, and that after
/// throttling too. A refusal is final.
/// </remarks>
[SuppressMessage("Design", "CA1001", Justification = "Calls under way still leave the semaphore, which holds no handle of the system.")]
internal sealed class KmsCalls(KmsClients clients, KmsOptions options, TimeProvider time)
{
    private readonly SemaphoreSlim _places = new(options.MaxConcurrency);
    private int _waiting;

    /// <summary>What a signature may take: a login waits for it.</summary>
    public KmsPatience ForSignatures { get; } = new(options.Timeout, options.AttemptTimeout);

    /// <summary>What anything else may take: making an RSA key, or the first connection of a process that has little CPU.</summary>
    public static KmsPatience Unhurried { get; } = new(TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(10));

    /// <summary>Calls KMS about one key.</summary>
    /// <param name="patience">How long.</param>
    /// <param name="key">Which key.</param>
    /// <param name="action">The permission, such as <c>kms:Sign</c>.</param>
    /// <param name="send">One request, in full, with the key id of the region.</param>
    /// <param name="cancellationToken">The caller gives up.</param>
    /// <exception cref="KmsException">There is no answer.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public Task<T> SendAsync<T>(
        KmsPatience patience, KmsKeyName key, string action, Func<IAmazonKeyManagementService, string, CancellationToken, Task<T>> send,
        CancellationToken cancellationToken)
    {
        var attempts = key.Regions.Count == 1 ? [key.Regions[0], key.Regions[0]] : key.Regions;
        return SendAsync(patience, attempts, region => new(action, key.In(region.Name), region.Endpoint, KmsRemedy.Find),
            (region, token) => send(region.Client, key.IdIn(region.Name), token), cancellationToken);
    }

    /// <summary>Makes one unhurried request to one region that must not be sent twice.</summary>
    public Task<T> SendOnceAsync<T>(
        string region, string action, Func<IAmazonKeyManagementService, CancellationToken, Task<T>> send, CancellationToken cancellationToken) =>
        SendAsync(Unhurried with { AttemptTimeout = Unhurried.Timeout }, [region], found => new(action, $"KMS in {found.Name}", found.Endpoint, KmsRemedy.Find),
            (found, token) => send(found.Client, token), cancellationToken);

    private async Task<T> SendAsync<T>(
        KmsPatience patience, IReadOnlyList<string> attempts, Func<KmsRegion, AwsCall> describe, Func<KmsRegion, CancellationToken, Task<T>> send,
        CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(patience.Timeout, time);
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        var problem = new AwsProblem(AwsTrouble.Down, "KMS: every place for a call is taken.");
        var hasPlace = false;
        try
        {
            hasPlace = await EnterAsync(giveUp.Token).ConfigureAwait(false);
            if (!hasPlace)
            {
                throw new KmsException($"{problem.Sentence} At most {options.MaxConcurrency} calls run and as many wait.");
            }

            var throttled = "";
            foreach (var name in attempts)
            {
                if (name == throttled)
                {
                    break;
                }

                giveUp.Token.ThrowIfCancellationRequested();
                var region = clients.Region(name);
                (var answer, problem) = await TryAsync(patience.AttemptTimeout, region, describe, send, giveUp.Token).ConfigureAwait(false);
                if (problem.Trouble == AwsTrouble.None)
                {
                    return answer!;
                }

                if (problem.Trouble == AwsTrouble.Refused)
                {
                    break;
                }

                throttled = problem.Trouble == AwsTrouble.Throttled ? name : "";
            }

            throw new KmsException(problem.Sentence);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new KmsException($"{problem.Sentence} Gave up after {patience.Timeout.TotalSeconds:0.###} s.");
        }
        catch (OperationCanceledException)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        finally
        {
            if (hasPlace)
            {
                _places.Release();
            }
        }
    }

    /// <summary>One request to one region.</summary>
    private async Task<(T? Answer, AwsProblem Problem)> TryAsync<T>(
        TimeSpan timeout, KmsRegion region, Func<KmsRegion, AwsCall> describe, Func<KmsRegion, CancellationToken, Task<T>> send,
        CancellationToken giveUp)
    {
        var pass = region.Breaker.Enter();
        if (pass == KmsPass.None)
        {
            return (default, new(AwsTrouble.Down, $"{describe(region).Resource}: no call is made, because the last {KmsBreaker.MaxFailures}"
                + $" had no answer. It is tried again after {KmsBreaker.OpenFor.TotalSeconds} s."));
        }

        using var late = new CancellationTokenSource(timeout, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(giveUp, late.Token);
        try
        {
            // The SDK takes the token too; fetching credentials, which comes before the request, need not.
            var answer = await send(region, stop.Token).WaitAsync(stop.Token).ConfigureAwait(false);
            region.Breaker.Answered(pass);
            return (answer, new(AwsTrouble.None, ""));
        }
        catch (Exception e)
        {
            if (giveUp.IsCancellationRequested && !late.IsCancellationRequested)
            {
                region.Breaker.Abandoned(pass);
                throw new OperationCanceledException(giveUp);
            }

            var call = describe(region);
            var problem = late.IsCancellationRequested ? AwsProblem.TimedOut(call, timeout) : AwsProblem.Of(e, call);
            if (problem.Trouble == AwsTrouble.Down)
            {
                region.Breaker.Failed(pass);
            }
            else
            {
                region.Breaker.Answered(pass);
            }

            return (default, problem);
        }
    }

    private async ValueTask<bool> EnterAsync(CancellationToken giveUp)
    {
        if (_places.Wait(0, CancellationToken.None))
        {
            return true;
        }

        try
        {
            if (Interlocked.Increment(ref _waiting) > options.MaxConcurrency)
            {
                return false;
            }

            await _places.WaitAsync(giveUp).ConfigureAwait(false);
            return true;
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }
}

/// <summary>How long a call may take.</summary>
/// <param name="Timeout">Everything included.</param>
/// <param name="AttemptTimeout">One request; not above <paramref name="Timeout"/>.</param>
internal readonly record struct KmsPatience(TimeSpan Timeout, TimeSpan AttemptTimeout);

/// <summary>KMS gave no answer that can be used.</summary>
/// <param name="message">Which key and region, what is wrong, what to do.</param>
internal sealed class KmsException(string message) : Exception(message);
