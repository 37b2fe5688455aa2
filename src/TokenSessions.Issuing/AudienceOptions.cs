using TokenSessions.Validation.Jose;

namespace TokenSessions.Issuing;

/// <summary>One API that sessions can be started for.</summary>
public sealed record AudienceOptions
{
    private const int MaxUriLength = 255;

    /// <summary>The <c>aud</c>. Required, at most 255 characters.</summary>
    public string Uri { get; set; } = "";

    /// <summary>
    /// The <c>alg</c> of its tokens: ES256 (default), ES384, RS256 or PS256. RS256 is for verifiers at the edge that know nothing else.
    /// </summary>
    public string Algorithm { get; set; } = SignatureAlgorithm.ES256.Name;

    /// <summary>The <c>typ</c> of its tokens: <c>at+jwt</c> (default, RFC 9068 §2.1), or <c>JWT</c> for verifiers that refuse that.</summary>
    public string Type { get; set; } = "at+jwt";

    /// <summary>
    /// The scopes it knows: a token gets those that its subject has too. Null, the default, is all that the subject has.
    /// <c>tokensessions.admin</c> counts for the issuer's own audience alone, wherever else it stands.
    /// </summary>
    public IList<string>? Scopes { get; set; }

    /// <summary>Everything wrong with these options; empty when they can be used.</summary>
    public IEnumerable<string> Problems()
    {
        if (UriProblem(Uri) is { } problem)
        {
            yield return $"{nameof(Uri)} {problem}";
        }

        if (SignatureAlgorithm.Find(Algorithm) is null)
        {
            yield return $"{nameof(Algorithm)} must be one of {string.Join(", ", SignatureAlgorithm.All)}, but is {Algorithm}.";
        }

        if (Type is not ("at+jwt" or "JWT"))
        {
            yield return $"{nameof(Type)} must be at+jwt or JWT, but is {Type}.";
        }

        foreach (var scope in (Scopes ?? []).Where(scope => !Scope.IsToken(scope)))
        {
            yield return $"{nameof(Scopes)} has {scope}, which is no scope (RFC 6749 §3.3).";
        }
    }

    /// <summary>What an <c>aud</c> must be, to be put behind its name; null if this is one.</summary>
    internal static string? UriProblem(string uri) =>
        string.IsNullOrWhiteSpace(uri) || uri.Length > MaxUriLength || uri.Any(char.IsControl) || !UnicodeText.IsWellFormed(uri)
            ? $"must have 1 to {MaxUriLength} characters, none of them a control character or half of a surrogate pair."
            : null;
}
