using Microsoft.AspNetCore.Connections;
using TokenSessions.Issuing;
using TokenSessions.Issuing.Keys;
using TokenSessions.Issuing.Stores;

namespace TokenSessions.Service.Http;

/// <summary>What a client is told when the world is bad, or we are. The only place where such exceptions are caught.</summary>
internal static class ExceptionAnswers
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);

    /// <summary>Turns exceptions and bare statuses of everything inside into problem answers, and forbids caches to keep what does not say otherwise.</summary>
    public static void UseProblemAnswers(this WebApplication app)
    {
        var log = app.Services.GetRequiredService<Log>();
        app.Use(async (context, next) =>
        {
            context.Response.Headers.CacheControl = "no-store";
            context.Response.Headers.XContentTypeOptions = "nosniff";
            try
            {
                await next(context);
            }
            catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
            {
                // Nobody is waiting for an answer any more, or the deadline's own handler gives it.
                throw;
            }
            catch (ConnectionResetException)
            {
                log.ClientLeft(context.Request.Path); // No failure of ours, and nobody to answer.
            }
            catch (Exception e) when (!context.Response.HasStarted)
            {
                await For(e, context, log).ExecuteAsync(context);
            }
        });
        app.UseStatusCodePages(pages => ProblemAnswer.ForStatus(pages.HttpContext.Response.StatusCode).ExecuteAsync(pages.HttpContext));
    }

    private static ProblemAnswer For(Exception exception, HttpContext context, Log log)
    {
        switch (exception)
        {
            case BadHttpRequestException bad: // Kestrel's own: too long, too slow, or no HTTP.
                return ProblemAnswer.ForStatus(bad.StatusCode);

            case SessionStoreUnavailableException or SigningKeyUnavailableException or SubjectDirectoryUnavailableException:
                log.DependencyUnavailable(context.Request.Path, exception.Message);
                log.DependencyException(context.Request.Path, exception);
                return ProblemAnswer.Unavailable("A part this service needs is down. Nothing is lost; send the same request again.", Soon);

            case OperationCanceledException: // A write's own deadline, a moment before the request's.
                return ProblemAnswer.Unavailable("This took too long and was given up.", Soon);

            default:
                log.RequestFailed(context.Request.Path, exception);
                return ProblemAnswer.ForStatus(StatusCodes.Status500InternalServerError);
        }
    }
}
