using System.Net;

namespace TokenSessions.Validation;

/// <summary>One bounded GET of a small document: nothing but a 200, and never more bytes than agreed.</summary>
internal static class HttpDocument
{
    /// <summary>Whether a document that decides over tokens may come from here: https, or http on this machine.</summary>
    public static bool IsTrustworthy(Uri uri) =>
        uri.IsAbsoluteUri && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback));

    /// <summary>Reads the document.</summary>
    /// <param name="http">Must not follow redirects: a redirect is an answer other than 200, and so a failure.</param>
    /// <param name="uri">Where it is.</param>
    /// <param name="maxLength">The most bytes read.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="HttpRequestException">Not reached in time, answered other than 200, or longer (<see cref="HttpRequestError.ConfigurationLimitExceeded"/>). The message says which.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public static async Task<byte[]> GetAsync(HttpClient http, Uri uri, int maxLength, CancellationToken cancellationToken)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, uri);
            using var response = await http
                .SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
            // A client that was told to follow redirects ends at another address: then whoever redirects decides over tokens.
            if (response.StatusCode != HttpStatusCode.OK || response.RequestMessage?.RequestUri != uri)
            {
                throw new HttpRequestException(
                    $"{uri} answered {(int)response.StatusCode}; only a direct 200 counts.", null, response.StatusCode);
            }

            if (response.Content.Headers.ContentLength > maxLength)
            {
                throw TooLong(uri, maxLength);
            }

            var body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            await using (body.ConfigureAwait(false))
            {
                return await ReadAsync(body, uri, maxLength, (int?)response.Content.Headers.ContentLength, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is IOException or InvalidDataException or InvalidOperationException) // The last two: decompression.
        {
            throw new HttpRequestException($"The answer of {uri} broke off.", e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HttpRequestException($"{uri} did not answer within {http.Timeout.TotalSeconds} s.", e);
        }
    }

    private static async Task<byte[]> ReadAsync(
        Stream body, Uri uri, int maxLength, int? expectedLength, CancellationToken cancellationToken)
    {
        using var document = new MemoryStream(expectedLength ?? 0);
        var buffer = new byte[16 * 1024];
        int read;
        while ((read = await body.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
        {
            if (document.Length + read > maxLength)
            {
                throw TooLong(uri, maxLength);
            }

            document.Write(buffer, 0, read);
        }

        return document.Length == document.Capacity ? document.GetBuffer() : document.ToArray();
    }

    private static HttpRequestException TooLong(Uri uri, int maxLength) =>
        new(HttpRequestError.ConfigurationLimitExceeded, $"The answer of {uri} is longer than {maxLength} bytes.");
}
