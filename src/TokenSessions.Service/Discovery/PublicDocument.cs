using System.Security.Cryptography;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Service.Discovery;

/// <summary>A document anyone may read and keep for a while, with an <c>ETag</c> of its content (RFC 9110 §8.8.3).</summary>
internal sealed class PublicDocument(byte[] content, string contentType, string cacheControl) : IResult
{
    private const int TagLength = 16;

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var (request, response) = (httpContext.Request, httpContext.Response);
        var tag = $"\"{StrictBase64Url.Encode(SHA256.HashData(content).AsSpan(0, TagLength))}\"";
        response.Headers.CacheControl = cacheControl;
        response.Headers.ETag = tag;
        response.Headers.AccessControlAllowOrigin = "*"; // Public, and read without credentials: browsers may verify too.
        if (request.Headers.IfNoneMatch.Any(value => value is not null && (value == "*" || value.Contains(tag, StringComparison.Ordinal))))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        response.ContentType = contentType;
        response.ContentLength = content.Length;
        if (HttpMethods.IsHead(request.Method))
        {
            return;
        }

        await response.Body.WriteAsync(content, httpContext.RequestAborted);
    }
}
