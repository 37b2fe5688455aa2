using Microsoft.AspNetCore.Mvc;
using TokenSessions.AspNetCore;
using TokenSessions.Issuing;
using TokenSessions.Service.Http;
using TokenSessions.Service.Regions;
using TokenSessions.Validation;

namespace TokenSessions.Service.Sessions;

/// <summary><c>POST /logout</c>: ends this session, or with <c>everywhere</c> all of the user's.</summary>
internal static class LogoutEndpoint
{
    public const string Path = "logout";

    private static readonly string[] Fields = ["refresh_token", "everywhere"];

    public static void MapLogout(this IEndpointRouteBuilder routes) =>
        routes.MapPost($"/{Path}", LogoutAsync).AllowAnonymous(); // Either token is the credential, and may have expired.

    private static async Task<IResult> LogoutAsync(
        HttpContext context, [FromServices] Logout logout, [FromServices] SessionIssuer sessions, [FromServices] HomeRegion homes)
    {
        const FieldFormats Formats = FieldFormats.Json | FieldFormats.Form | FieldFormats.Nothing;
        var fields = await RequestFields.ReadAsync(context.Request, Formats, Fields, context.RequestAborted);
        var refreshToken = fields.Optional("refresh_token", TokenValidator.MaxTokenLength);
        var everywhere = fields.Flag("everywhere");
        if (fields.Problem is { } malformed)
        {
            return malformed;
        }

        // A client that adds its access token to every request may hold a stale one: the refresh token decides.
        if (refreshToken is not null)
        {
            var home = everywhere ? null : sessions.FindHomeRegion(refreshToken);
            using var form = new FormUrlEncodedContent([new("refresh_token", refreshToken)]);
            if (await homes.AnswerAsync(context, home, Path, form, RequestDeadline.Of(context)) is { } answer)
            {
                return answer;
            }

            return await logout.ByRefreshTokenAsync(refreshToken, everywhere, RequestDeadline.Of(context)) is { } problem
                ? problem
                : TypedResults.NoContent();
        }

        var (isOver, verdict) = await logout.ByAccessTokenAsync(context, everywhere);
        if (isOver)
        {
            return TypedResults.NoContent();
        }

        await BearerAuthentication.ChallengeAsync(context, verdict);
        return Results.Empty;
    }
}
