using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using TokenSessions.Issuing.Keys;
using TokenSessions.Service.Denylist;

namespace TokenSessions.Service.Admin;

/// <summary><c>GET /admin/keys</c>: which keys there are and where each stands in its life. Never a private half.</summary>
internal static class KeyEndpoints
{
    public static void MapKeys(this IEndpointRouteBuilder admin) => admin.MapGet("/keys", List);

    private static JsonHttpResult<KeyList> List([FromServices] KeyRingFile file, [FromServices] LocalDenylist denylist, [FromServices] TimeProvider time)
    {
        var (ring, now) = (file.Current, time.GetUtcNow());
        var keys = ring.Entries.Select(entry => new ListedKey(
            entry.KeyId,
            Name(entry.Purpose),
            entry.Algorithm,
            entry.Source,
            Name(ring.StateOf(entry, now, denylist.IsKeyRevoked)),
            entry.StartsAt,
            entry.SealsUntil));
        return TypedResults.Json(new KeyList([.. keys], [.. ring.Problems(now, denylist.IsKeyRevoked)]), ServiceJson.Default.KeyList);
    }

    private static string Name(KeyPurpose purpose) => purpose switch
    {
        KeyPurpose.Sign => "sign",
        KeyPurpose.Feed => "feed",
        KeyPurpose.Seal => "seal",
        KeyPurpose.None => "none",
    };

    private static string Name(KeyState state) => state switch
    {
        KeyState.Standby => "standby",
        KeyState.InUse => "in_use",
        KeyState.PreviouslyUsed => "previously_used",
        KeyState.Revoked => "revoked",
        KeyState.None => "none",
    };
}

/// <summary>The keys of the ring, in the file's order, and what an operator should do about the ring.</summary>
internal sealed record KeyList(IReadOnlyList<ListedKey> Keys, IReadOnlyList<string> Problems);

/// <summary>One key.</summary>
internal sealed record ListedKey(
    string Kid, string Purpose, string Alg, string Source, string State, DateTimeOffset StartsAt, DateTimeOffset? SealsUntil);
