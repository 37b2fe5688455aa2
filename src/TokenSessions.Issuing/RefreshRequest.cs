namespace TokenSessions.Issuing;

/// <summary>A refresh token to be traded for its successor (RFC 6749 §6).</summary>
public sealed record RefreshRequest
{
    /// <summary>The refresh token as received. It is the credential.</summary>
    public required string RefreshToken { get; init; }

    /// <summary>The <c>client_id</c> of the request; null if it has none. The session's, or the request is refused.</summary>
    public string? ClientId { get; init; }

    /// <summary>Fewer scopes for the new access token, separated by spaces; null for all that were granted and still are.</summary>
    public string? Scope { get; init; }
}
