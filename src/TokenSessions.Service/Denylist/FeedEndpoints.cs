using Microsoft.AspNetCore.Mvc;
using TokenSessions.Issuing.Feed;
using TokenSessions.Issuing.Keys;
using TokenSessions.Service.Http;
using TokenSessions.Service.Settings;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Service.Denylist;

/// <summary>The signed denylist for validators that cannot read the store. Public: it holds no names, only keys of rules.</summary>
internal static class FeedEndpoints
{
    public static void AddDenylistFeed(this IServiceCollection services) => services.AddSingleton(provider =>
    {
        var ring = provider.GetRequiredService<KeyRingFile>();
        var denylist = provider.GetRequiredService<LocalDenylist>();
        return new SignedFeed(
            provider.GetRequiredService<DenylistSync>(),
            provider.GetRequiredService<ServiceSettings>().Issuer,
            () => ring.FindFeedKey(denylist.IsKeyRevoked),
            provider.GetRequiredService<TimeProvider>());
    });

    public static void MapDenylistFeed(this IEndpointRouteBuilder routes)
    {
        var feed = routes.MapGroup("/denylist").AllowAnonymous();
        feed.MapGet("/snapshot", SnapshotAsync);
        feed.MapGet("/changes", ChangesAsync);
    }

    private static async Task<IResult> SnapshotAsync(HttpContext context, [FromServices] SignedFeed feed, [FromServices] Log log) =>
        Answer(await feed.GetSnapshotAsync(context.RequestAborted), log);

    private static async Task<IResult> ChangesAsync(HttpContext context, [FromServices] SignedFeed feed, [FromServices] Log log)
    {
        // Twice is no cursor; what is no cursor gets the whole window.
        var after = context.Request.Query["after"] is [var cursor] ? cursor : null;
        return Answer(await feed.GetChangesAsync(after, context.RequestAborted), log);
    }

    private static IResult Answer(SignedFeedAnswer answer, Log log)
    {
        if (answer.Document is { } document)
        {
            return new FeedDocument(document);
        }

        log.FeedUnavailable(answer.Problem);
        return ProblemAnswer.Unavailable("The denylist cannot be published now.", SignedFeed.MakeInterval);
    }
}

/// <summary>A signed document that caches may keep for as long as it is not made anew.</summary>
internal sealed class FeedDocument(ReadOnlyMemory<byte> document) : IResult
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.Headers.CacheControl = $"public, max-age={(int)SignedFeed.MakeInterval.TotalSeconds}";
        response.ContentType = SignedFeed.MediaType;
        response.ContentLength = document.Length;
        await response.Body.WriteAsync(document, httpContext.RequestAborted);
    }
}
