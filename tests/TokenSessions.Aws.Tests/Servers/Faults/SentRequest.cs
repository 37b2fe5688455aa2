using System.Net.Http.Headers;
using System.Text;

namespace TokenSessions.Aws.Tests.Servers.Faults;

/// <summary>A request as the SDK signed it, to be sent again: its signature holds for minutes.</summary>
internal sealed class SentRequest
{
    private readonly HttpMethod _method;
    private readonly Uri _uri;
    private readonly KeyValuePair<string, string[]>[] _headers;
    private readonly KeyValuePair<string, string[]>[] _contentHeaders;

    public SentRequest(HttpRequestMessage request, string body)
    {
        (_method, _uri, Body) = (request.Method, request.RequestUri!, body);
        _headers = Copy(request.Headers.NonValidated);
        _contentHeaders = Copy(request.Content!.Headers.NonValidated);
    }

    public string Body { get; }

    public HttpRequestMessage ToMessage()
    {
        var message = new HttpRequestMessage(_method, _uri) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(Body)) };
        foreach (var (name, values) in _headers)
        {
            message.Headers.TryAddWithoutValidation(name, values);
        }

        foreach (var (name, values) in _contentHeaders)
        {
            message.Content.Headers.TryAddWithoutValidation(name, values);
        }

        return message;
    }

    private static KeyValuePair<string, string[]>[] Copy(HttpHeadersNonValidated headers) =>
        [.. headers.Select(header => KeyValuePair.Create(header.Key, header.Value.ToArray()))];
}
