using Microsoft.AspNetCore.Mvc;
using TokenSessions.Issuing;
using TokenSessions.Service.Denylist;
using TokenSessions.Service.Http;
using TokenSessions.Service.Regions;
using TokenSessions.Service.Users;
using TokenSessions.Validation;

namespace TokenSessions.Service.Sessions;

/// <summary><c>POST /oauth2/token</c>: a refresh token for its successor (RFC 6749 §6).</summary>
internal static class TokenEndpoint
{
    private const string Path = "oauth2/token";
    private const string RefreshGrant = "refresh_token";
    private const int MaxScopeLength = 4096;
    private const int MaxGrantTypeLength = 255;

    private static readonly string[] Fields = ["grant_type", "refresh_token", "client_id", "scope"];

    public static void MapToken(this IEndpointRouteBuilder routes) =>
        routes.MapPost($"/{Path}", RefreshAsync).AllowAnonymous(); // The refresh token is the credential.

    private static async Task<IResult> RefreshAsync(
        HttpContext context, [FromServices] SessionIssuer sessions, [FromServices] LocalDenylist denylist, [FromServices] HomeRegion homes,
        [FromServices] Log log)
    {
        var fields = await RequestFields.ReadAsync(context.Request, FieldFormats.Form, Fields, context.RequestAborted);
        var grantType = fields.Required("grant_type", MaxGrantTypeLength);
        if (fields.Problem is null && grantType != RefreshGrant)
        {
            return new ProblemAnswer(StatusCodes.Status400BadRequest, "unsupported_grant_type", "The only grant_type here is refresh_token.")
            {
                OAuthError = "unsupported_grant_type",
            };
        }

        var request = new RefreshRequest
        {
            RefreshToken = fields.Required("refresh_token", TokenValidator.MaxTokenLength),
            ClientId = fields.Optional("client_id", UsersFile.MaxNameLength),
            Scope = fields.Optional("scope", MaxScopeLength),
        };
        if (fields.Problem is { } problem)
        {
            return problem;
        }

        var refreshed = await sessions.RefreshAsync(request, RequestDeadline.Of(context));
        if (refreshed.HomeRegion is { } home
            && await homes.AnswerAsync(context, home, Path, Form(request), RequestDeadline.Of(context)) is { } answer)
        {
            return answer;
        }

        log.Noticed(refreshed.SecurityEvent, refreshed.Subject, refreshed.SessionId);
        if (refreshed.SecurityEvent == SecurityEvent.RefreshTokenReused)
        {
            await denylist.SyncAfterWriteAsync();
        }

        if (!refreshed.IsIssued)
        {
            log.SessionNotRefreshed(refreshed.Subject, refreshed.SessionId, refreshed.Rejection);
            return SessionProblem.For(refreshed.Rejection);
        }

        log.SessionRefreshed(refreshed.Subject, refreshed.Tokens.SessionId);
        return TokenAnswer.Of(refreshed.Tokens);
    }

    /// <summary>The request as it came, for the session's home region.</summary>
    private static FormUrlEncodedContent Form(RefreshRequest request) => new(
        new KeyValuePair<string, string?>[]
        {
            new("grant_type", RefreshGrant), new("refresh_token", request.RefreshToken), new("client_id", request.ClientId), new("scope", request.Scope),
        }
        .Where(field => field.Value is not null)!);
}
