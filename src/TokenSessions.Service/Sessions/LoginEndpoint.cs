using Microsoft.AspNetCore.Mvc;
using TokenSessions.Issuing;
using TokenSessions.Service.Http;
using TokenSessions.Service.Users;

namespace TokenSessions.Service.Sessions;

/// <summary><c>POST /login</c>: a user's name and password for a session.</summary>
internal static class LoginEndpoint
{
    private const int MaxAudienceLength = 255;

    private static readonly string[] Fields = ["username", "password", "audience", "client_id"];
    private static readonly string[] PasswordMethod = ["pwd"]; // RFC 8176 §2
    private static readonly TimeSpan QueueDrains = TimeSpan.FromSeconds(3);

    public static void MapLogin(this IEndpointRouteBuilder routes) => routes.MapPost("/login", LoginAsync).AllowAnonymous();

    /// <summary>The same work, and so the same time, whether the user exists, is disabled, or the password is wrong.</summary>
    private static async Task<IResult> LoginAsync(
        HttpContext context,
        [FromServices] UserDirectory users,
        [FromServices] PasswordChecks passwords,
        [FromServices] LoginThrottle throttle,
        [FromServices] LoginWarnings warnings,
        [FromServices] SessionIssuer sessions,
        [FromServices] Log log)
    {
        var fields = await RequestFields.ReadAsync(context.Request, FieldFormats.Json, Fields, context.RequestAborted);
        var name = fields.Required("username", UsersFile.MaxNameLength);
        var password = fields.Required("password", Passwords.MaxLength);
        var audience = fields.Optional("audience", MaxAudienceLength);
        var clientId = fields.Optional("client_id", UsersFile.MaxNameLength);
        if (fields.Problem is { } problem)
        {
            return problem;
        }

        warnings.LookAt(context.Request.Headers);
        var address = context.Connection.RemoteIpAddress;
        if (throttle.Wait(name, address) is { Ticks: > 0 } wait)
        {
            log.LoginThrottled(address);
            return new ProblemAnswer(StatusCodes.Status429TooManyRequests, "too_many_attempts", "Too many failed logins; try again later.")
            {
                RetryAfter = wait,
            };
        }

        var user = users.Find(name);
        if (await passwords.CheckAsync(users.HashToCheck(name, user), password, context.RequestAborted) is not { } isMatch)
        {
            warnings.QueueFull();
            return ProblemAnswer.Unavailable("Too many logins at once; try again.", QueueDrains);
        }

        if (user is null || !isMatch || user.IsDisabled)
        {
            throttle.CountFailure(name, address);
            log.LoginFailed(user?.Name, address);
            return SessionProblem.InvalidCredentials;
        }

        var start = new SessionStart
        {
            Subject = user.Name,
            Audience = audience,
            ClientId = clientId,
            AuthenticationMethods = PasswordMethod,
        };
        var started = await sessions.StartAsync(start, context.RequestAborted);
        if (!started.IsIssued)
        {
            log.SessionNotStarted(user.Name, started.Rejection);
            return SessionProblem.ForLogin(started.Rejection);
        }

        log.SessionStarted(user.Name, started.Tokens.SessionId);
        return TokenAnswer.Of(started.Tokens);
    }
}
