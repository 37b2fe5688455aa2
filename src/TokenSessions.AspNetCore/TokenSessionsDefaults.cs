namespace TokenSessions.AspNetCore;

/// <summary>The names used unless others are given.</summary>
public static class TokenSessionsDefaults
{
    /// <summary>The authentication scheme.</summary>
    public const string Scheme = "TokenSessions";

    /// <summary>The section of the configuration that the scheme's settings stand in.</summary>
    public const string Section = "TokenSessions";

    /// <summary>The <see cref="IHttpClientFactory"/> client that fetches key sets and the denylist feed.</summary>
    public const string HttpClientName = "TokenSessions";
}
