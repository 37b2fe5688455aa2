using System.Net;
using System.Net.Http.Headers;
using System.Net.Mime;
using TokenSessions.Service.Settings;

namespace TokenSessions.Service.Regions;

/// <summary>Hands a request about one session to the services of the region where it began: only there its item is written.</summary>
/// <remarks>
/// What the home region answers is the answer, refusals included. The credential is the request's own: the refresh token, or the
/// bearer token, which is good in every region. A request that was handed over is not handed on.
/// </remarks>
internal sealed class HomeRegion(ServiceSettings settings, IHttpClientFactory clients, Log log)
{
    private const string ClientName = "TokenSessions.Regions";
    private const string HandedOver = "TokenSessions-Handed-Over";
    private const int MaxAnswerLength = 64 * 1024;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(2); // So that a changed DNS answer is seen.

    public static void AddClient(IServiceCollection services) => services
        .AddHttpClient(ClientName, http =>
        {
            http.Timeout = Timeout;
            http.MaxResponseContentBufferSize = MaxAnswerLength;
        })
        .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler
        {
            AllowAutoRedirect = false, // A token goes to the configured address and to no other.
            UseCookies = false,
            ConnectTimeout = ConnectTimeout,
            PooledConnectionLifetime = ConnectionLifetime,
        });

    /// <summary>The home region's answer; null if that is this region or none, or if it gave no answer that decides.</summary>
    /// <param name="context">The request; its <c>Authorization</c> goes along.</param>
    /// <param name="home">The region, as the <c>sid</c> says; null if nothing says so.</param>
    /// <param name="path">The endpoint, without a slash before it.</param>
    /// <param name="content">The body, read and checked.</param>
    /// <param name="cancellationToken">The deadline.</param>
    public async Task<HandedOverAnswer?> AnswerAsync(
        HttpContext context, int? home, string path, HttpContent content, CancellationToken cancellationToken)
    {
        if (home is not { } region || region == settings.Regions.Region || region >= settings.Regions.Count)
        {
            return null;
        }

        var address = settings.Regions.Addresses[region];
        if (context.Request.Headers.ContainsKey(HandedOver))
        {
            log.HandOverRefused(region);
            return null;
        }

        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(address, path)) { Content = content };
            request.Headers.Add(HandedOver, "1");
            if (context.Request.Headers.Authorization is [{ } authorization])
            {
                request.Headers.TryAddWithoutValidation("Authorization", authorization);
            }

            using var answer = await clients.CreateClient(ClientName).SendAsync(request, cancellationToken);
            if (!Decides(answer))
            {
                log.HomeRegionUnavailable(region, address, $"It answered {(int)answer.StatusCode}.");
                return null;
            }

            var body = await answer.Content.ReadAsByteArrayAsync(cancellationToken);
            return new HandedOverAnswer(
                (int)answer.StatusCode, answer.Content.Headers.ContentType, answer.Headers.WwwAuthenticate, answer.Headers.RetryAfter, body);
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            log.HomeRegionUnavailable(region, address, e.Message);
            return null;
        }
    }

    /// <summary>Whether a service gave this answer. A load balancer without one, a wrong address or an error page decides nothing.</summary>
    private static bool Decides(HttpResponseMessage answer) => (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType) switch
    {
        (HttpStatusCode.NoContent, _) or (HttpStatusCode.OK, MediaTypeNames.Application.Json) => true,
        ( >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError, MediaTypeNames.Application.ProblemJson) => true,
        _ => false,
    };
}

/// <summary>Another region's answer, given on as it is.</summary>
internal sealed class HandedOverAnswer(
    int status, MediaTypeHeaderValue? type, HttpHeaderValueCollection<AuthenticationHeaderValue> challenges,
    RetryConditionHeaderValue? retryAfter, byte[] body) : IResult
{
    private readonly string _challenges = challenges.ToString();

    public int Status => status;

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = status;
        response.ContentType = type?.ToString();
        if (_challenges.Length > 0)
        {
            response.Headers.WWWAuthenticate = _challenges;
        }

        if (retryAfter is not null)
        {
            response.Headers.RetryAfter = retryAfter.ToString();
        }

        if (body.Length > 0)
        {
            response.ContentLength = body.Length;
            await response.Body.WriteAsync(body, httpContext.RequestAborted);
        }
    }
}
