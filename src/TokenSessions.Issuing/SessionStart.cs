namespace TokenSessions.Issuing;

/// <summary>Whose session to start, and how the subject was authenticated. The caller has done that already.</summary>
public sealed record SessionStart
{
    /// <summary>The <c>sub</c>: at most 255 bytes, not beginning with <c>client:</c>, which is for machine clients.</summary>
    public required string Subject { get; init; }

    /// <summary>The <c>client_id</c>; null for the first of <see cref="SessionIssuerOptions.ClientIds"/>.</summary>
    public string? ClientId { get; init; }

    /// <summary>The <c>aud</c>; null for <see cref="SessionIssuerOptions.DefaultAudience"/>.</summary>
    public string? Audience { get; init; }

    /// <summary>The <c>auth_time</c>, UTC; not before 1970; null for now. A later time counts as now.</summary>
    public DateTimeOffset? AuthenticatedAt { get; init; }

    /// <summary>The <c>amr</c>, such as <c>pwd</c> (RFC 8176); empty to leave it out.</summary>
    public IReadOnlyList<string> AuthenticationMethods { get; init; } = [];

    /// <summary>The <c>acr</c>; null to leave it out.</summary>
    public string? AuthenticationContext { get; init; }
}
