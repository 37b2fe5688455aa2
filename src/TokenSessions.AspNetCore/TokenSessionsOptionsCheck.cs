using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.AspNetCore;

/// <summary>Everything wrong with the settings of one scheme, before the host starts.</summary>
internal sealed class TokenSessionsOptionsCheck(
    IEnumerable<BearerSchemeName> schemes, IHostEnvironment environment, IServiceProviderIsKeyedService registered)
    : IValidateOptions<TokenSessionsOptions>
{
    public ValidateOptionsResult Validate(string? name, TokenSessionsOptions options)
    {
        if (name is null || !schemes.Any(scheme => scheme.Name == name))
        {
            return ValidateOptionsResult.Skip;
        }

        string[] problems = [.. Problems(options), .. DenylistProblems(name, options)];
        return problems.Length > 0 ? ValidateOptionsResult.Fail(problems) : ValidateOptionsResult.Success;
    }

    private IEnumerable<string> Problems(TokenSessionsOptions options)
    {
        foreach (var problem in options.UnreadableSettings)
        {
            yield return problem;
        }

        foreach (var problem in options.ToValidationOptions().Problems())
        {
            // Each begins with the name of its property; with a single missing audience, the singular is what to set.
            var name = problem[..problem.IndexOf(' ', StringComparison.Ordinal)];
            yield return options.Name(name == nameof(options.Audiences) && options.Audiences.Count == 0 ? nameof(options.Audience) : name)
                + problem[name.Length..];
        }

        if (!string.IsNullOrWhiteSpace(options.Issuer) && IssuerProblem(options) is { } issuerProblem)
        {
            yield return $"{options.Name(nameof(options.Issuer))} {issuerProblem}, but is '{options.Issuer}'.";
        }

        if (options.KeySetFile is not null && options.KeySetUri is not null)
        {
            yield return $"{options.Name(nameof(options.KeySetFile))} and {nameof(options.KeySetUri)} are both given: choose one.";
        }

        if (options.KeySetFile is { } file && !File.Exists(Path.Combine(environment.ContentRootPath, file)))
        {
            yield return $"{options.Name(nameof(options.KeySetFile))} names no file: '{file}'.";
        }

        if (options.KeySetUri is { } keySetUri && !IsTrustworthy(keySetUri))
        {
            yield return $"{options.Name(nameof(options.KeySetUri))} must be https, or http on this machine, but is '{keySetUri}'.";
        }
    }

    private IEnumerable<string> DenylistProblems(string scheme, TokenSessionsOptions options)
    {
        if (options.AcceptTokensWithoutDenylist && options.DenylistUri is not null)
        {
            yield return $"{options.Name(nameof(options.AcceptTokensWithoutDenylist))} contradicts {nameof(options.DenylistUri)}: choose one.";
        }

        var isRead = !options.AcceptTokensWithoutDenylist && !IsRegistered<DenylistSync>(scheme) && !IsRegistered<IDenylistFeed>(scheme);
        var isIssuerUrl = Uri.TryCreate(options.Issuer, UriKind.Absolute, out var issuer) && IsTrustworthy(issuer);
        foreach (var (name, uri) in ((string, Uri?)[])
            [
                (nameof(options.DenylistUri), options.DenylistUri),
                (nameof(options.DenylistKeySetUri), options.DenylistKeySetUri),
            ])
        {
            if (uri is not null && !(IsTrustworthy(uri) && uri.Query.Length == 0 && uri.Fragment.Length == 0))
            {
                yield return $"{options.Name(name)} must be https, or http on this machine, without query and fragment, but is '{uri}'.";
            }

            // Without an issuer that is named, that is the problem to solve first.
            if (uri is null && isRead && !isIssuerUrl && options.KeySetFile is not null && options.Issuer.Length > 0)
            {
                yield return $"{options.Name(name)} is missing: it cannot be derived from the issuer. "
                    + $"Give it, or say {nameof(options.AcceptTokensWithoutDenylist)}.";
            }
        }
    }

    private bool IsRegistered<T>(string scheme) => registered.IsService(typeof(T)) || registered.IsKeyedService(typeof(T), scheme);

    /// <summary>What verifiers of other makers take as an issuer as well: https without query and fragment.</summary>
    private string? IssuerProblem(TokenSessionsOptions options)
    {
        var isUrl = Uri.TryCreate(options.Issuer, UriKind.Absolute, out var issuer);
        if (!environment.IsDevelopment())
        {
            return isUrl && issuer!.Scheme == Uri.UriSchemeHttps && issuer.Query.Length == 0 && issuer.Fragment.Length == 0
                ? null
                : "must be an https URL without query and fragment (http on this machine only in Development)";
        }

        if (options.KeySetFile is not null)
        {
            return null; // Nothing is fetched from it for keys: in Development any name will do.
        }

        return isUrl && IsTrustworthy(issuer!) && issuer!.Query.Length == 0 && issuer.Fragment.Length == 0
            ? null
            : $"must be an https URL, or http on this machine, without query and fragment (any text with {nameof(options.KeySetFile)})";
    }

    private static bool IsTrustworthy(Uri uri) =>
        uri.IsAbsoluteUri && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback));
}
