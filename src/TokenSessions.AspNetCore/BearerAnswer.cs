using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using TokenSessions.Validation;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Keys;

namespace TokenSessions.AspNetCore;

/// <summary>What a caller is told instead of being let in: RFC 6750 §3 in the header, RFC 9457 in the body.</summary>
internal sealed class BearerAnswer
{
    /// <summary>No token was sent, so there is no error to name (RFC 6750 §3.1).</summary>
    public static readonly BearerAnswer TokenMissing = new(
        StatusCodes.Status401Unauthorized, "Unauthorized", "token_missing",
        "This needs an access token in the Authorization header, as in: Bearer eyJ...", "Bearer");

    public static readonly BearerAnswer InsufficientScope = new(
        StatusCodes.Status403Forbidden, "Forbidden", "insufficient_scope",
        "The access token does not grant this.", "Bearer error=\"insufficient_scope\"");

    private static readonly BearerAnswer TokenExpired = InvalidToken("token_expired", "The access token has expired.");

    private static readonly BearerAnswer TokenRevoked = InvalidToken("token_revoked", "The access token has been revoked.");

    private static readonly BearerAnswer TokenInvalid = InvalidToken("invalid_token", "The access token is not valid here.");

    private static readonly BearerAnswer KeysUnavailable = Unavailable(KeySetCache.CoolDown);

    private static readonly BearerAnswer RevocationUnknown = Unavailable(DenylistSync.RevocationBound);

    private readonly int _status;
    private readonly string? _challenge;
    private readonly string? _retryAfter;
    private readonly byte[] _body;

    private BearerAnswer(
        int status, string title, string code, string detail, string? challenge = null, TimeSpan? retryAfter = null)
    {
        (_status, _challenge) = (status, challenge);
        _retryAfter = retryAfter?.TotalSeconds.ToString("0", CultureInfo.InvariantCulture);
        _body = Problem(status, title, code, detail);
    }

    /// <summary>The answer to a token that was sent and not accepted.</summary>
    public static BearerAnswer For(TokenRejection rejection) => rejection switch
    {
        // Our trouble, not the caller's: the same token may be good in a moment.
        TokenRejection.KeysUnavailable => KeysUnavailable,
        TokenRejection.RevocationUnknown => RevocationUnknown,

        // After the signature held, the caller is the token's holder and may know: refresh, or log in again.
        TokenRejection.Expired => TokenExpired,
        TokenRejection.Revoked => TokenRevoked,

        // Before it held, one answer for all: which check failed is for our log, not for whoever forged the token.
        TokenRejection.NotValidated or TokenRejection.TooLong or TokenRejection.Malformed
            or TokenRejection.ExtensionNotSupported or TokenRejection.TypeNotAccepted or TokenRejection.AlgorithmNotAllowed
            or TokenRejection.KeyIdMissing or TokenRejection.KeyUnknown or TokenRejection.SignatureInvalid => TokenInvalid,

        // Signed, but not made for us: nothing a caller could do about it.
        TokenRejection.ClaimsInvalid or TokenRejection.IssuerMismatch or TokenRejection.AudienceMismatch
            or TokenRejection.LifetimeTooLong or TokenRejection.NotYetValid => TokenInvalid,
    };

    /// <summary>Writes it, unless something else has begun to answer.</summary>
    public Task WriteAsync(HttpContext context)
    {
        var response = context.Response;
        if (response.HasStarted)
        {
            return Task.CompletedTask;
        }

        response.StatusCode = _status;
        if (_challenge is not null)
        {
            response.Headers.Append("WWW-Authenticate", _challenge); // Other schemes may add theirs (RFC 9110 §11.6.1).
        }

        if (_retryAfter is not null)
        {
            response.Headers.RetryAfter = _retryAfter;
        }

        response.ContentType = "application/problem+json";
        response.ContentLength = _body.Length;
        return response.Body.WriteAsync(_body, 0, _body.Length); // Without RequestAborted, which the server would have to make: it ends what it writes with the connection.
    }

    private static BearerAnswer InvalidToken(string code, string detail) => new(
        StatusCodes.Status401Unauthorized, "Unauthorized", code, detail,
        $"Bearer error=\"invalid_token\", error_description=\"{detail.TrimEnd('.')}\"");

    private static BearerAnswer Unavailable(TimeSpan retryAfter) => new(
        StatusCodes.Status503ServiceUnavailable, "Service Unavailable", "temporarily_unavailable",
        "Access tokens cannot be checked at the moment. Try again with the same token.", retryAfter: retryAfter);

    private static byte[] Problem(int status, string title, string code, string detail)
    {
        using var body = new MemoryStream();
        using (var writer = new Utf8JsonWriter(body))
        {
            writer.WriteStartObject();
            writer.WriteString("title", title);
            writer.WriteNumber("status", status);
            writer.WriteString("detail", detail);
            writer.WriteString("code", code);
            writer.WriteEndObject();
        }

        return body.ToArray();
    }
}
