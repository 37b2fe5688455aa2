using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using TokenSessions.Service.Denylist;
using TokenSessions.Service.Http;
using TokenSessions.Service.Settings;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Service.Discovery;

/// <summary>The documents under <c>/.well-known</c>: what other programs need to check our tokens.</summary>
internal static class DiscoveryEndpoints
{
    private const string KeySetType = "application/jwk-set+json"; // RFC 7517 §8.5.2

    private static readonly string[] Methods = [HttpMethods.Get, HttpMethods.Head]; // RFC 9110 §9.1 wants both of every server.

    public static void MapDiscovery(this IEndpointRouteBuilder routes)
    {
        var documents = routes.MapGroup("/.well-known").AllowAnonymous();
        documents.MapMethods("/jwks.json", Methods, TokenKeys);
        documents.MapMethods("/denylist-jwks.json", Methods, FeedKeys);
        documents.MapMethods("/openid-configuration", Methods, Describe);
        documents.MapMethods("/oauth-authorization-server", Methods, Describe); // RFC 8414 §2 allows further members, so one document does.
    }

    private static IResult TokenKeys(
        [FromServices] PublishedKeys keys, [FromServices] LocalDenylist denylist, [FromServices] ServiceSettings settings) =>
        Document(keys.ForTokens(), denylist, settings);

    private static IResult FeedKeys(
        [FromServices] PublishedKeys keys, [FromServices] LocalDenylist denylist, [FromServices] ServiceSettings settings) =>
        Document(keys.ForFeed(), denylist, settings);

    /// <summary>Caches may keep a set for less time than a key is announced before it signs, failures of ours included.</summary>
    private static IResult Document(KeySet keys, LocalDenylist denylist, ServiceSettings settings)
    {
        if (!denylist.TryGetSnapshot(out _, out _))
        {
            // Which keys have been revoked is not known yet, and caches would keep a set with one for long.
            return ProblemAnswer.Unavailable("The denylist has not been read yet.", DenylistSync.PollInterval);
        }

        var maxAge = (long)settings.JwksMaxAge.TotalSeconds;
        var staleIfError = (long)(settings.AnnounceTime - settings.JwksMaxAge).TotalSeconds;
        var cacheControl = string.Create(CultureInfo.InvariantCulture, $"public, max-age={maxAge}, stale-if-error={staleIfError}");
        return new PublicDocument(keys.ToJson(), KeySetType, cacheControl);
    }

    private static PublicDocument Describe([FromServices] PublishedKeys keys, [FromServices] ServiceSettings settings)
    {
        var metadata = new Metadata(
            settings.Issuer,
            $"{settings.Issuer}/.well-known/jwks.json",
            $"{settings.Issuer}/oauth2/token",
            ["refresh_token"],
            ["none"],
            ["id_token"],
            ["public"],
            [.. keys.ForTokens().Keys.Select(key => key.Algorithm.Name).Distinct()]);
        return new PublicDocument(
            JsonSerializer.SerializeToUtf8Bytes(metadata, ServiceJson.Default.Metadata),
            "application/json",
            string.Create(CultureInfo.InvariantCulture, $"public, max-age={(long)settings.JwksMaxAge.TotalSeconds}"));
    }
}

/// <summary>The members of RFC 8414 §2 and OpenID Connect Discovery 1.0 §3, only with endpoints that exist.</summary>
/// <remarks>
/// There is no authorization endpoint and there are no ID tokens. The last three members stand here because workload identity
/// federation, Kubernetes and go-oidc look for them before they check any token of an issuer.
/// </remarks>
internal sealed record Metadata(
    string Issuer,
    string JwksUri,
    string TokenEndpoint,
    IReadOnlyList<string> GrantTypesSupported,
    IReadOnlyList<string> TokenEndpointAuthMethodsSupported,
    IReadOnlyList<string> ResponseTypesSupported,
    IReadOnlyList<string> SubjectTypesSupported,
    IReadOnlyList<string> IdTokenSigningAlgValuesSupported);
