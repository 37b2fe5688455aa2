namespace TokenSessions.Issuing;

/// <summary>Scopes as RFC 6749 §3.3 writes them: words with single spaces between.</summary>
internal static class Scope
{
    /// <summary>The right to the issuer's administration. No other audience ever gets it.</summary>
    public const string Admin = "tokensessions.admin";

    /// <summary>Whether this is one word. A scope with a space inside would be two, and the second one never granted.</summary>
    public static bool IsToken(string scope) => scope.Length > 0
        && scope.All(c => c is '!' or (>= '#' and <= '[') or (>= ']' and <= '~'));

    /// <summary>The words of a <c>scope</c> parameter.</summary>
    public static string[] Split(string scope) => scope.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
