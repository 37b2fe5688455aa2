using Microsoft.AspNetCore.Http.HttpResults;
using TokenSessions.AspNetCore;

namespace TokenSessions.Service.Sessions;

/// <summary><c>GET /session</c>: who am I? The claims of the access token, as they were signed.</summary>
internal static class SessionEndpoint
{
    public static void MapSession(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/session", Show).RequireAuthorization(BearerSchemes.SessionPolicy);

    private static FileContentHttpResult Show(HttpContext context) =>
        TypedResults.Bytes(context.GetValidatedToken().Payload, "application/json");
}
