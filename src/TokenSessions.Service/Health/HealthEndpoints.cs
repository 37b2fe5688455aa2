using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using TokenSessions.Issuing;
using TokenSessions.Issuing.Keys;
using TokenSessions.Issuing.Stores;
using TokenSessions.Service.Denylist;
using TokenSessions.Service.Running;
using TokenSessions.Service.Settings;
using TokenSessions.Validation;

namespace TokenSessions.Service.Health;

/// <summary>Whether to restart this instance (<c>live</c>), and whether to send it requests (<c>ready</c>).</summary>
internal static class HealthEndpoints
{
    private static readonly TimeSpan MaxStaleness = new TokenValidationOptions().MaxStaleness;

    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        var health = routes.MapGroup("/health").AllowAnonymous();
        health.MapGet("/live", Live);
        health.MapGet("/ready", ReadyAsync);
    }

    private static JsonHttpResult<HealthAnswer> Live() => TypedResults.Json(new HealthAnswer("live", []), ServiceJson.Default.HealthAnswer);

    /// <summary>503 while logins or checks would fail; 200 with a word of warning while a standby key is missing or a changed file is refused.</summary>
    private static async Task<IResult> ReadyAsync(
        HttpContext context,
        [FromServices] ISessionStore store,
        [FromServices] SessionIssuer sessions,
        [FromServices] LocalDenylist denylist,
        [FromServices] KeyRingFile ring,
        [FromServices] FileReloads reloads,
        [FromServices] ServiceSettings settings,
        [FromServices] TimeProvider time)
    {
        var failures = new List<string>();
        try
        {
            if (await store.ReadHeadAsync(context.RequestAborted) is null)
            {
                failures.Add("The denylist has no head: the store was emptied. It is written again within 30 s.");
            }

            await sessions.PrepareAsync(context.RequestAborted); // No login would: whoever is not ready gets none.
        }
        catch (SessionStoreUnavailableException e)
        {
            // A table's trouble is its operator's to mend, and says what is missing; a path of this machine is nobody else's business.
            failures.Add(settings.Store.IsDynamoDb ? e.Message : "The session store does not answer.");
        }

        if (!denylist.TryGetSnapshot(out _, out var age))
        {
            failures.Add("The denylist has not been read completely.");
        }
        else if (age > MaxStaleness)
        {
            failures.Add($"The denylist was last read more than {MaxStaleness.TotalSeconds:0} s ago.");
        }

        var now = time.GetUtcNow();
        var warnings = ring.Current.Problems(now, denylist.IsKeyRevoked).Concat(reloads.Problems());
        var isReady = failures.Count == 0 && HasKeysInUse(ring.Current, now, denylist);
        return TypedResults.Json(
            new HealthAnswer(isReady ? "ready" : "not_ready", [.. failures, .. warnings]),
            ServiceJson.Default.HealthAnswer,
            contentType: null,
            isReady ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    /// <summary>Without a key to sign and one to seal there is no login; which is missing stands among the ring's own problems.</summary>
    private static bool HasKeysInUse(KeyRing ring, DateTimeOffset now, LocalDenylist denylist) => ring.Entries
        .Where(entry => entry.Purpose is KeyPurpose.Sign or KeyPurpose.Seal)
        .GroupBy(entry => (entry.Purpose, entry.Algorithm))
        .All(line => line.Any(entry => ring.StateOf(entry, now, denylist.IsKeyRevoked) == KeyState.InUse));
}

/// <summary>The state, and a sentence for everything an operator should look at.</summary>
internal sealed record HealthAnswer(string Status, IReadOnlyList<string> Problems);
