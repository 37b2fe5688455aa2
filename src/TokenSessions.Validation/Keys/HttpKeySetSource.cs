using System.Text.Json;

namespace TokenSessions.Validation.Keys;

/// <summary>A key set behind an HTTP address: given, or discovered from the issuer. https only; http on this machine.</summary>
public sealed class HttpKeySetSource : IKeySetSource
{
    /// <summary>The largest discovery document read, in bytes.</summary>
    public const int MaxDiscoveryLength = 64 * 1024;

    private const string DiscoveryPath = "/.well-known/openid-configuration";

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    private readonly HttpClient _http;
    private readonly string? _issuer;
    private readonly Uri _uri;

    private HttpKeySetSource(HttpClient http, string? issuer, Uri uri) => (_http, _issuer, _uri) = (http, issuer, uri);

    /// <summary>The key set at a known address.</summary>
    /// <param name="http">Should follow no redirects and have a time-out; stays the caller's.</param>
    /// <param name="keySetUri">https, or http on this machine.</param>
    /// <exception cref="ArgumentException">The address is neither.</exception>
    public static HttpKeySetSource At(HttpClient http, Uri keySetUri)
    {
        ArgumentNullException.ThrowIfNull(http);
        ArgumentNullException.ThrowIfNull(keySetUri);
        return HttpDocument.IsTrustworthy(keySetUri)
            ? new(http, null, keySetUri)
            : throw new ArgumentException($"{keySetUri} must be https, or http on this machine.", nameof(keySetUri));
    }

    /// <summary>The key set that the issuer's discovery document names (OpenID Connect Discovery §4), looked up at every fetch.</summary>
    /// <param name="http">Should follow no redirects and have a time-out; stays the caller's.</param>
    /// <param name="issuer">The exact <c>iss</c>: a URL without query and fragment.</param>
    /// <exception cref="ArgumentException">The issuer is no such URL.</exception>
    public static HttpKeySetSource DiscoveredFrom(HttpClient http, string issuer)
    {
        ArgumentNullException.ThrowIfNull(http);
        ArgumentNullException.ThrowIfNull(issuer);
        return Uri.TryCreate(issuer.TrimEnd('/') + DiscoveryPath, UriKind.Absolute, out var uri)
            && HttpDocument.IsTrustworthy(uri) && uri.Query.Length == 0 && uri.Fragment.Length == 0
                ? new(http, issuer, uri)
                : throw new ArgumentException(
                    $"From the issuer {issuer} nothing can be discovered: it must be https, or http on this machine, without query and fragment.",
                    nameof(issuer));
    }

    /// <inheritdoc/>
    public async Task<KeySet> FetchAsync(CancellationToken cancellationToken)
    {
        var uri = _issuer is null ? _uri : await DiscoverAsync(_issuer, cancellationToken).ConfigureAwait(false);
        var document = await GetAsync(uri, KeySet.MaxDocumentLength, cancellationToken).ConfigureAwait(false);
        try
        {
            return KeySet.Parse(document);
        }
        catch (FormatException e)
        {
            throw new KeySetUnavailableException($"{uri}: {e.Message}", e);
        }
    }

    private async Task<Uri> DiscoverAsync(string issuer, CancellationToken cancellationToken)
    {
        var document = await GetAsync(_uri, MaxDiscoveryLength, cancellationToken).ConfigureAwait(false);
        try
        {
            using var json = JsonDocument.Parse(document, Strict);
            // Discovery §4.3: the document must speak for exactly the issuer that was asked for.
            if (Text(json.RootElement, "issuer") is var named && named != issuer)
            {
                throw new KeySetUnavailableException($"{_uri} is not the issuer's: its issuer must be exactly {issuer}.");
            }

            // What is trusted over https must not be found over http.
            return Uri.TryCreate(Text(json.RootElement, "jwks_uri"), UriKind.Absolute, out var uri)
                && HttpDocument.IsTrustworthy(uri) && (uri.Scheme == Uri.UriSchemeHttps || _uri.Scheme == Uri.UriSchemeHttp)
                    ? uri
                    : throw new KeySetUnavailableException($"{_uri} has no usable jwks_uri: it must be an https URL.");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException) // The latter: invalid UTF-8 in a string.
        {
            throw new KeySetUnavailableException($"{_uri} is not strict JSON.", e);
        }
    }

    private async Task<byte[]> GetAsync(Uri uri, int maxLength, CancellationToken cancellationToken)
    {
        try
        {
            return await HttpDocument.GetAsync(_http, uri, maxLength, cancellationToken).ConfigureAwait(false);
        }
        catch (HttpRequestException e)
        {
            throw new KeySetUnavailableException($"The key set of {_issuer ?? _uri.ToString()} could not be fetched: {e.Message}", e);
        }
    }

    private static string? Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
