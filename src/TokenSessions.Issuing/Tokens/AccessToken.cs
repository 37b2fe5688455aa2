using System.Text.Json;

namespace TokenSessions.Issuing.Tokens;

/// <summary>The claims of one access token (RFC 9068 §2.2).</summary>
internal sealed record AccessToken
{
    /// <summary>Claims that only the issuer writes.</summary>
    private static readonly HashSet<string> Reserved = new(StringComparer.Ordinal)
    {
        "iss", "sub", "aud", "client_id", "iat", "exp", "nbf", "jti", "sid", "auth_time", "seen", "scope", "roles", "amr", "acr", "cnf",
    };

    public required RefreshToken Session { get; init; }

    public required string TokenId { get; init; }

    public required long IssuedAt { get; init; }

    public required long ExpiresAt { get; init; }

    public required IReadOnlyList<string> Scopes { get; init; }

    public required SubjectRecord Subject { get; init; }

    /// <summary>Writes the claims set.</summary>
    /// <exception cref="SubjectRecordException">A custom claim has a name that the issuer writes, or is no value.</exception>
    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("iss"u8, Session.Issuer);
        writer.WriteString("sub"u8, Session.Subject);
        writer.WriteString("aud"u8, Session.Audience);
        writer.WriteString("client_id"u8, Session.ClientId);
        writer.WriteNumber("iat"u8, IssuedAt);
        writer.WriteNumber("exp"u8, ExpiresAt);
        writer.WriteString("jti"u8, TokenId);
        writer.WriteString("sid"u8, Session.SessionId);
        writer.WriteNumber("auth_time"u8, Session.AuthenticatedAt);
        Session.Seen.Write(writer);
        if (Scopes.Count > 0)
        {
            writer.WriteString("scope"u8, string.Join(' ', Scopes));
        }

        Texts.Write(writer, "roles"u8, Subject.Roles);
        Texts.Write(writer, "amr"u8, Session.AuthenticationMethods);
        if (Session.AuthenticationContext is { } context)
        {
            writer.WriteString("acr"u8, context);
        }

        foreach (var (name, value) in Subject.Claims)
        {
            if (Reserved.Contains(name) || value.ValueKind == JsonValueKind.Undefined)
            {
                throw new SubjectRecordException($"The directory gives {Session.Subject} a claim {name}, which "
                    + (Reserved.Contains(name) ? "only the issuer writes: rename it." : "has no value: leave it out."));
            }

            writer.WritePropertyName(name);
            value.WriteTo(writer);
        }

        writer.WriteEndObject();
    }
}
