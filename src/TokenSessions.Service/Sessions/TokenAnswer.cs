using TokenSessions.Issuing;

namespace TokenSessions.Service.Sessions;

/// <summary>The tokens of a session, with the names of RFC 6749 §5.1; <c>session_id</c> and <c>refresh_expires_in</c> are ours.</summary>
internal sealed record TokenAnswer(
    string AccessToken, string TokenType, long ExpiresIn, string RefreshToken, long RefreshExpiresIn, string Scope, string SessionId)
{
    /// <summary>The answer, which nobody may store (RFC 6749 §5.1): that is every answer's default here.</summary>
    public static IResult Of(IssuedTokens tokens) => TypedResults.Json(
        new TokenAnswer(
            tokens.AccessToken,
            "Bearer",
            (long)tokens.ExpiresIn.TotalSeconds,
            tokens.RefreshToken,
            (long)tokens.RefreshExpiresIn.TotalSeconds,
            string.Join(' ', tokens.Scopes),
            tokens.SessionId),
        ServiceJson.Default.TokenAnswer);

    /// <summary>A record would print the tokens.</summary>
    public override string ToString() => $"{nameof(TokenAnswer)} of session {SessionId}";
}
