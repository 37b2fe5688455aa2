using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.Extensions.Options;

namespace TokenSessions.Service.Http;

/// <summary>How long a write may take, whether or not its client still waits.</summary>
internal static class RequestDeadline
{
    /// <summary>
    /// What cancels a write: a client that hangs up must not leave a rule half made, nor its audit line out.
    /// <c>RequestAborted</c>, which ends with the client too, is for reading.
    /// </summary>
    /// <remarks>As long as a whole request may take, from here on: the middleware's own token ends with the client.</remarks>
    public static CancellationToken Of(HttpContext context)
    {
        var timeouts = context.RequestServices.GetRequiredService<IOptions<RequestTimeoutOptions>>().Value;
        var deadline = new CancellationTokenSource(timeouts.DefaultPolicy?.Timeout ?? Timeout.InfiniteTimeSpan);
        context.Response.RegisterForDispose(deadline);
        return deadline.Token;
    }
}
