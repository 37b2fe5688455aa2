using System.Globalization;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.WebUtilities;

namespace TokenSessions.Service.Http;

/// <summary>An error as a client sees it: <c>application/problem+json</c> (RFC 9457) with a stable <c>code</c>.</summary>
/// <param name="status">The HTTP status.</param>
/// <param name="code">What went wrong, in a word that programs may rely on.</param>
/// <param name="detail">What went wrong and what to do, for people. Nothing from the request but names of fields.</param>
internal sealed class ProblemAnswer(int status, string code, string detail) : IResult
{
    /// <summary>The OAuth word (RFC 6749 §5.2, RFC 6750 §3.1) where that differs from the code; null where none applies.</summary>
    public string? OAuthError { get; init; }

    /// <summary>When to come again, written as <c>Retry-After</c>; null to leave it out.</summary>
    public TimeSpan? RetryAfter { get; init; }

    public int Status => status;

    public string Code => code;

    public static ProblemAnswer InvalidRequest(string detail) =>
        new(StatusCodes.Status400BadRequest, "invalid_request", detail) { OAuthError = "invalid_request" };

    public static ProblemAnswer TooLarge(int limit) =>
        new(StatusCodes.Status413PayloadTooLarge, "request_too_large", $"The request's body is longer than {limit} bytes.")
        {
            OAuthError = "invalid_request",
        };

    public static ProblemAnswer UnsupportedMediaType(string supported) =>
        new(StatusCodes.Status415UnsupportedMediaType, "unsupported_media_type", $"Send the body as {supported}, in UTF-8 and not compressed.")
        {
            OAuthError = "invalid_request",
        };

    /// <summary>Our trouble, not the caller's; nothing was decided and the same request may be sent again.</summary>
    public static ProblemAnswer Unavailable(string detail, TimeSpan retryAfter) =>
        new(StatusCodes.Status503ServiceUnavailable, "temporarily_unavailable", detail)
        {
            OAuthError = "temporarily_unavailable",
            RetryAfter = retryAfter,
        };

    /// <summary>For a status that something else decided: no such address, wrong method.</summary>
    public static ProblemAnswer ForStatus(int status) => status switch
    {
        StatusCodes.Status404NotFound => new(status, "not_found", "There is nothing at this address."),
        StatusCodes.Status405MethodNotAllowed => new(status, "method_not_allowed", "This address does not take this method; see Allow."),
        StatusCodes.Status413PayloadTooLarge => TooLarge(RequestFields.MaxBodyLength),
        >= StatusCodes.Status500InternalServerError => new(status, "internal_error", "The request failed here; it is logged."),
        _ => new(status, "invalid_request", "The request is not valid HTTP, or not one this service takes.") { OAuthError = "invalid_request" },
    };

    public Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = status;
        if (status == StatusCodes.Status401Unauthorized)
        {
            response.Headers.WWWAuthenticate = "Bearer"; // RFC 9110 §15.5.2: every 401 names a scheme.
        }

        if (RetryAfter is { } wait)
        {
            response.Headers.RetryAfter = ((long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }

        var body = new ProblemBody(
            ReasonPhrases.GetReasonPhrase(status), status, detail, code, OAuthError, OAuthError is null ? null : detail);
        // Not with the request's own token: when a deadline is what is being told, that has been cancelled.
        return response.WriteAsJsonAsync(body, ServiceJson.Default.ProblemBody, "application/problem+json", CancellationToken.None);
    }
}

/// <summary>The members of RFC 9457 §3.1 without <c>type</c> (so <c>about:blank</c>), ours, and those of RFC 6749 §5.2.</summary>
internal sealed record ProblemBody(
    string Title,
    int Status,
    string Detail,
    string Code,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Error,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? ErrorDescription);
