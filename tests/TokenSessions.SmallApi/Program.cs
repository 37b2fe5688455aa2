using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TokenSessions.AspNetCore;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Keys;

var builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.SetMinimumLevel(LogLevel.Warning).AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Information);
using var http = new HttpClient();
builder.Services.AddSingleton<IKeySetSource>(HttpKeySetSource.At(http, new(builder.Configuration["KeySet"]!)));
builder.Services.AddSingleton<IDenylistFeed>(new EmptyFeed());
builder.AddTokenSessions();
var app = builder.Build();
app.MapGet("/reports", context => context.Response.WriteAsync(context.User.FindFirst("sub")?.Value ?? "nobody")).RequireAuthorization();
app.Run();

/// <summary>The feed of an issuer that has revoked nothing.</summary>
internal sealed class EmptyFeed : IDenylistFeed
{
    private readonly DenylistHead _head = new()
    {
        Window = TimeSpan.FromMinutes(66),
        LongestAccessTokenLifetime = TimeSpan.FromHours(1),
        LongestRefreshLife = TimeSpan.FromDays(30),
    };

    public Task<DenylistChanges> ReadAsync(DateTimeOffset? since, CancellationToken cancellationToken) =>
        Task.FromResult(new DenylistChanges(TimeProvider.System.GetUtcNow(), _head, [], IsWholeWindow: true));
}
