using TokenSessions.Validation.Jose;

namespace TokenSessions.Issuing;

/// <summary>The audiences of an issuer, with what each one's tokens are like.</summary>
internal sealed class AudienceTable
{
    private readonly Dictionary<string, Audience> _byUri;

    public AudienceTable(SessionIssuerOptions options)
    {
        _byUri = options.Audiences.ToDictionary(audience => audience.Uri, audience => new Audience(audience, options.Issuer));
        _byUri.TryAdd(options.DefaultAudience, new(new() { Uri = options.DefaultAudience }, options.Issuer));
        _byUri.TryAdd(options.Issuer, new(new() { Uri = options.Issuer, Scopes = [] }, options.Issuer));
    }

    public IEnumerable<Audience> All => _byUri.Values;

    public Audience? Find(string uri) => _byUri.GetValueOrDefault(uri);
}

/// <summary>One audience.</summary>
internal sealed class Audience(AudienceOptions options, string issuer)
{
    private readonly bool _isIssuer = options.Uri == issuer;

    public string Uri => options.Uri;

    public string Type => options.Type;

    public SignatureAlgorithm Algorithm { get; } = SignatureAlgorithm.Find(options.Algorithm)!;

    /// <summary>Those of the subject's scopes that this audience knows, each once.</summary>
    /// <exception cref="SubjectRecordException">One of the subject's scopes is none.</exception>
    public List<string> ScopesOf(string subject, SubjectRecord record)
    {
        if (record.Scopes.FirstOrDefault(scope => !Scope.IsToken(scope)) is { } broken)
        {
            throw new SubjectRecordException(
                $"The directory gives {subject} a scope that is none (RFC 6749 §3.3): '{broken}'. A scope is one word in ASCII.");
        }

        return [.. record.Scopes.Where(Knows).Distinct(StringComparer.Ordinal)];
    }

    private bool Knows(string scope) => scope == Scope.Admin ? _isIssuer : options.Scopes?.Contains(scope) ?? true;
}
