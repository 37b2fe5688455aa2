using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using TokenSessions.AspNetCore;
using TokenSessions.Issuing;
using TokenSessions.Issuing.Keys;
using TokenSessions.Issuing.Stores;
using TokenSessions.Service.Denylist;
using TokenSessions.Service.Http;
using TokenSessions.Service.Regions;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Service.Admin;

/// <summary><c>/admin/revocations</c>: makes rules of the denylist and lists those that live.</summary>
internal static class RevocationEndpoints
{
    private const string Path = "admin/revocations";
    private const int MaxKindLength = 16;
    private const int MaxValueLength = 255;
    private const int MaxReasonLength = SessionRevoker.MaxReasonLength * 4; // Bytes; the characters are counted by the revoker.
    private const int MaxCursorLength = 1024;
    private const int DefaultPageLength = 100;
    private const int MaxPageLength = 1000;

    private static readonly string[] Fields = ["kind", "value", "reason"];

    public static void MapRevocations(this IEndpointRouteBuilder admin)
    {
        admin.MapPost("/revocations", RevokeAsync);
        admin.MapGet("/revocations", ListAsync);
    }

    private static async Task<IResult> RevokeAsync(
        HttpContext context, [FromServices] SessionRevoker revoker, [FromServices] LocalDenylist denylist,
        [FromServices] KeyRingFile ring, [FromServices] HomeRegion homes, [FromServices] Log log)
    {
        var fields = await RequestFields.ReadAsync(context.Request, FieldFormats.Json, Fields, context.RequestAborted);
        var name = fields.Required("kind", MaxKindLength);
        var value = fields.Optional("value", MaxValueLength) ?? "";
        var reason = fields.Required("reason", MaxReasonLength); // Without one the audit trail would say nothing.
        if (fields.Problem is { } malformed)
        {
            return malformed;
        }

        var kind = RuleKinds.Find(name) ?? RuleKind.None;
        if (SessionRevoker.Problem(kind, value, reason) is { } problem)
        {
            return ProblemAnswer.InvalidRequest(problem);
        }

        if (kind == RuleKind.Key && ring.Current.Entries.All(entry => entry.KeyId != value))
        {
            return ProblemAnswer.InvalidRequest("value must be the kid of a key in the key ring: GET /admin/keys lists them.");
        }

        var actor = context.GetValidatedToken();
        var home = kind == RuleKind.Session ? SessionRevoker.HomeRegionOf(value) : null;
        if (await homes.AnswerAsync(context, home, Path, Json(name, value, reason), RequestDeadline.Of(context)) is { } answer)
        {
            log.HandedOver(actor.Subject, actor.SessionId, name, value, reason, home!.Value, answer.Status);
            return answer;
        }

        Revocation revocation;
        try
        {
            revocation = await revoker.RevokeAsync(kind, value, reason, actor.Subject, RequestDeadline.Of(context));
        }
        catch (Exception e) when (e is SessionStoreUnavailableException or OperationCanceledException)
        {
            log.RevocationUncertain(actor.Subject, actor.SessionId, name, value, reason);
            throw;
        }

        log.Revoked(actor.Subject, actor.SessionId, name, value, reason, revocation.EffectiveBy);
        await denylist.SyncAfterWriteAsync();
        return TypedResults.Json(
            new RevocationAnswer(name, value.Length > 0 ? value : null, revocation.EffectiveBy, revocation.EnforcedUntil),
            ServiceJson.Default.RevocationAnswer);
    }

    /// <summary>The request as it came, for the session's home region.</summary>
    private static JsonContent Json(string kind, string value, string reason) =>
        JsonContent.Create(new RevocationRequest(kind, value, reason), ServiceJson.Default.RevocationRequest);

    private static async Task<IResult> ListAsync(HttpContext context, [FromServices] SessionRevoker revoker)
    {
        var query = context.Request.Query;
        var limit = DefaultPageLength;
        if (query.TryGetValue("limit", out var limits)
            && !(int.TryParse(limits, NumberStyles.None, CultureInfo.InvariantCulture, out limit) && limit is >= 1 and <= MaxPageLength))
        {
            return ProblemAnswer.InvalidRequest($"limit must be a number from 1 to {MaxPageLength}.");
        }

        var after = query["after"];
        if (after.Count > 1 || after is [{ Length: 0 or > MaxCursorLength }])
        {
            return ProblemAnswer.InvalidRequest("after must be the next of an earlier page.");
        }

        try
        {
            var page = await revoker.ListAsync(after, limit, context.RequestAborted);
            return TypedResults.Json(
                new RevocationList([.. page.Items.Select(ListedRevocation.Of)], page.Continuation), ServiceJson.Default.RevocationList);
        }
        catch (ArgumentException e) when (e.ParamName == "continuation") // What a cursor looks like only its store knows.
        {
            return ProblemAnswer.InvalidRequest("after must be the next of an earlier page.");
        }
    }
}

/// <summary>A rule to be made in another region.</summary>
internal sealed record RevocationRequest(string Kind, string Value, string Reason);

/// <summary>A rule that was made. <c>value</c> is null for the kind <c>all</c>, <c>enforced_until</c> for the kind <c>key</c>.</summary>
internal sealed record RevocationAnswer(string Kind, string? Value, DateTimeOffset EffectiveBy, DateTimeOffset? EnforcedUntil);

/// <summary>A page of live rules, and what to ask for as <c>after</c> to get the next; null on the last.</summary>
internal sealed record RevocationList(IReadOnlyList<ListedRevocation> Revocations, string? Next);

/// <summary>One live rule.</summary>
internal sealed record ListedRevocation(
    string Kind, string? Value, string Reason, string Actor, DateTimeOffset RevokedAt, DateTimeOffset? EnforcedUntil)
{
    public static ListedRevocation Of(AuthorityItem item) => new(
        item.Key.Kind.Name(), item.Key.Value.Length > 0 ? item.Key.Value : null, item.Reason, item.Actor, item.DeniedAt, item.ExpiresAt);
}
