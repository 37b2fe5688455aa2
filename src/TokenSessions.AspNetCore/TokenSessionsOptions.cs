using Microsoft.AspNetCore.Authentication;
using TokenSessions.Validation;

namespace TokenSessions.AspNetCore;

/// <summary>What an API accepts, and where it learns of keys and revocations. Read and checked once, when the host starts.</summary>
/// <remarks>
/// Every property that is not marked <em>code only</em> is also a setting of the same name, <c>TokenSessions:Issuer</c> for
/// instance, or <c>TokenSessions__Issuer</c> in the environment. Durations are written <c>hh:mm:ss</c>. Code has the last word.
/// </remarks>
public sealed class TokenSessionsOptions : AuthenticationSchemeOptions
{
    private static readonly TokenValidationOptions Defaults = new();

    /// <summary>The only <c>iss</c> accepted, compared ordinally. Required. https; http on this machine in Development.</summary>
    public string Issuer { get; set; } = "";

    /// <summary>The <c>aud</c> that names this API, compared ordinally. Required, here or in <see cref="Audiences"/>.</summary>
    public string? Audience { get; set; }

    /// <summary>More <c>aud</c> values that name this API. Default none.</summary>
    public IList<string> Audiences { get; } = [];

    /// <summary>Code only. Accepts any audience: for the issuer's own endpoints that serve every session. Default false.</summary>
    public bool AcceptAnyAudience { get; set; }

    /// <summary>The <c>typ</c> values accepted. Empty, the default, means <c>at+jwt</c> alone (RFC 9068 §4).</summary>
    public IList<string> Types { get; } = [];

    /// <summary>Where the issuer's key set is. Default: what the issuer's <c>/.well-known/openid-configuration</c> names.</summary>
    public Uri? KeySetUri { get; set; }

    /// <summary>A local file with the key set instead; relative to the content root. Read again every 5 minutes.</summary>
    public string? KeySetFile { get; set; }

    /// <summary>Where the issuer's signed denylist feed is. Default: <c>denylist/</c> below the issuer.</summary>
    public Uri? DenylistUri { get; set; }

    /// <summary>Where the keys that sign the feed are. Default: <c>/.well-known/denylist-jwks.json</c> below the issuer.</summary>
    public Uri? DenylistKeySetUri { get; set; }

    /// <inheritdoc cref="TokenValidationOptions.AcceptTokensWhileDenylistIsDown"/>
    /// <remarks>An endpoint can lower it (<see cref="AcceptTokensWhileDenylistIsDownAttribute"/>), never raise it.</remarks>
    public TimeSpan AcceptTokensWhileDenylistIsDown { get; set; } = Defaults.AcceptTokensWhileDenylistIsDown;

    /// <inheritdoc cref="TokenValidationOptions.AcceptTokensWithoutDenylist"/>
    public bool AcceptTokensWithoutDenylist { get; set; }

    /// <inheritdoc cref="TokenValidationOptions.ClockSkew"/>
    public TimeSpan ClockSkew { get; set; } = Defaults.ClockSkew;

    /// <inheritdoc cref="TokenValidationOptions.MaxStaleness"/>
    public TimeSpan MaxStaleness { get; set; } = Defaults.MaxStaleness;

    /// <inheritdoc cref="TokenValidationOptions.MaxTokenLifetime"/>
    public TimeSpan MaxTokenLifetime { get; set; } = Defaults.MaxTokenLifetime;

    /// <inheritdoc cref="TokenValidationOptions.MaxRememberedTokens"/>
    public int MaxRememberedTokens { get; set; } = Defaults.MaxRememberedTokens;

    /// <inheritdoc cref="TokenValidationOptions.MaxRememberedBytes"/>
    public long MaxRememberedBytes { get; set; } = Defaults.MaxRememberedBytes;

    /// <summary>Code only. <inheritdoc cref="TokenValidationOptions.AcceptTokensExpiredFor"/></summary>
    public TimeSpan AcceptTokensExpiredFor { get; set; } = Defaults.AcceptTokensExpiredFor;

    /// <summary>The section the settings came from; null if from code alone.</summary>
    internal string? Section { get; set; }

    /// <summary>Settings that are there and make no sense.</summary>
    internal IList<string> UnreadableSettings { get; } = [];

    /// <summary>Ends with a slash, which people forget, and without which the last segment would be replaced.</summary>
    internal Uri EffectiveDenylistUri => DenylistUri is null
        ? new($"{Issuer.TrimEnd('/')}/denylist/")
        : new UriBuilder(DenylistUri) { Path = DenylistUri.AbsolutePath.TrimEnd('/') + "/" }.Uri;

    internal Uri EffectiveDenylistKeySetUri =>
        DenylistKeySetUri ?? new($"{Issuer.TrimEnd('/')}/.well-known/denylist-jwks.json");

    internal TokenValidationOptions ToValidationOptions() => new()
    {
        Issuer = Issuer,
        Audiences = Audience is null ? [.. Audiences] : [Audience, .. Audiences],
        AcceptAnyAudience = AcceptAnyAudience,
        Types = Types.Count > 0 ? [.. Types] : Defaults.Types,
        ClockSkew = ClockSkew,
        MaxTokenLifetime = MaxTokenLifetime,
        MaxStaleness = MaxStaleness,
        AcceptTokensWhileDenylistIsDown = AcceptTokensWhileDenylistIsDown,
        AcceptTokensExpiredFor = AcceptTokensExpiredFor,
        AcceptTokensWithoutDenylist = AcceptTokensWithoutDenylist,
        MaxRememberedTokens = MaxRememberedTokens,
        MaxRememberedBytes = MaxRememberedBytes,
    };

    /// <summary>How a person finds a setting: its name, and its name in the environment.</summary>
    internal string Name(string property) => Section is null
        ? property
        : $"{Section}:{property} (environment variable {$"{Section}:{property}".Replace(":", "__", StringComparison.Ordinal)})";
}
