using TokenSessions.Validation;

namespace TokenSessions.Tests.Validation;

/// <summary>Whether the validator's answer is the reference's, with everything a caller sees of an accepted token.</summary>
internal static class DifferentialComparison
{
    public static string? Find(ReferenceVerdict expected, TokenValidationResult actual)
    {
        if (actual.IsValid != expected.Rejection is null || (!actual.IsValid && actual.Rejection != expected.Rejection))
        {
            return $"the reference says {expected.Rejection?.ToString() ?? "Accepted"}, the validator {actual}";
        }

        if (!actual.IsValid)
        {
            return null;
        }

        var (token, claims) = (actual.Token, expected.Claims!);
        return Differs("iss", claims.Issuer, token.Issuer)
            ?? Differs("sub", claims.Subject, token.Subject)
            ?? Differs("aud", Join(claims.Audiences), Join(token.Audiences))
            ?? Differs("client_id", claims.ClientId, token.ClientId)
            ?? Differs("jti", claims.TokenId, token.TokenId)
            ?? Differs("sid", claims.SessionId, token.SessionId)
            ?? Differs("scope", Join(claims.Scopes), Join(token.Scopes))
            ?? Differs("roles", Join(claims.Roles), Join(token.Roles))
            ?? Differs("iat", $"{claims.IssuedAt}", $"{token.IssuedAt.ToUnixTimeSeconds()}")
            ?? Differs("exp", $"{claims.ExpiresAt}", $"{token.ExpiresAt.ToUnixTimeSeconds()}")
            ?? Differs("kid", expected.KeyId, token.KeyId)
            ?? Differs("staleness", $"{expected.IsOnStaleDenylist}", $"{actual.IsOnStaleDenylist}")
            ?? (token.Payload.Span.SequenceEqual(expected.Payload) ? null : "the payloads differ");
    }

    private static string? Differs(string what, string expected, string actual) =>
        string.Equals(expected, actual, StringComparison.Ordinal) ? null : $"{what}: the reference reads <{expected}>, the validator <{actual}>";

    private static string Join(IEnumerable<string> texts) => string.Concat(texts.Select(text => $"{text.Length}:{text},"));
}
