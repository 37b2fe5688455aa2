using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TokenSessions.AspNetCore;
using TokenSessions.Tests.Validation;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Service.Tests.Bearer;

/// <summary>Where a scheme looks for keys and denylist when the application brings none.</summary>
public sealed class HttpSourcesTests : IDisposable
{
    private readonly StubHttp _http = new();
    private readonly string _file = Path.GetTempFileName();

    [Fact]
    public async Task By_default_everything_follows_from_the_issuer()
    {
        await StartAsync([]);

        Assert.Equal(
            [
                "https://issuer.example/.well-known/denylist-jwks.json",
                "https://issuer.example/.well-known/openid-configuration",
                "https://issuer.example/denylist/snapshot",
                "https://issuer.example/jwks",
            ],
            _http.Asked.Distinct().Order());
    }

    [Fact]
    public async Task Settings_name_other_addresses()
    {
        await StartAsync([
            ("KeySetUri", "https://cdn.example/keys?v=1"),
            ("DenylistUri", "https://cdn.example/feed"), // The slash is added.
            ("DenylistKeySetUri", "https://cdn.example/feed-keys"),
        ]);

        Assert.Equal(
            ["https://cdn.example/feed-keys", "https://cdn.example/feed/snapshot", "https://cdn.example/keys?v=1"],
            _http.Asked.Distinct().Order());
    }

    [Fact]
    public async Task With_a_key_set_file_and_no_denylist_nothing_is_fetched()
    {
        await File.WriteAllBytesAsync(_file, new KeySet([TestToken.Key]).ToJson(), TestContext.Current.CancellationToken);

        await StartAsync([("KeySetFile", _file), ("AcceptTokensWithoutDenylist", "true")]);

        Assert.Empty(_http.Asked);
    }

    [Fact]
    public async Task The_clients_handler_follows_no_redirects_and_keeps_no_cookies()
    {
        var services = new ServiceCollection();
        services.AddBearerAuthentication("x", null);
        await using var provider = services.BuildServiceProvider();

        HttpMessageHandler? handler = provider.GetRequiredService<IHttpMessageHandlerFactory>()
            .CreateHandler(TokenSessionsDefaults.HttpClientName);
        while (handler is DelegatingHandler { InnerHandler: { } inner })
        {
            handler = inner;
        }

        var sockets = Assert.IsType<SocketsHttpHandler>(handler);
        Assert.False(sockets.AllowAutoRedirect);
        Assert.False(sockets.UseCookies);
    }

    public void Dispose()
    {
        _http.Dispose();
        File.Delete(_file);
    }

    private async Task StartAsync((string Name, string Value)[] settings)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.Sources.Clear();
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(
            settings.Prepend(("Issuer", TestToken.Issuer)).Prepend(("Audience", "api"))
                .Select(setting => KeyValuePair.Create<string, string?>($"TokenSessions:{setting.Item1}", setting.Item2)));
        builder.AddTokenSessions();
        builder.Services.AddHttpClient(TokenSessionsDefaults.HttpClientName).ConfigurePrimaryHttpMessageHandler(() => _http);
        await using var app = builder.Build();
        await app.StartAsync(TestContext.Current.CancellationToken);
    }

    private sealed class StubHttp : HttpMessageHandler
    {
        public ConcurrentQueue<string> Asked { get; } = new();

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Asked.Enqueue(request.RequestUri!.ToString());
            var isDiscovery = request.RequestUri.AbsolutePath.EndsWith("openid-configuration", StringComparison.Ordinal);
            return Task.FromResult(new HttpResponseMessage(isDiscovery ? HttpStatusCode.OK : HttpStatusCode.NotFound)
            {
                RequestMessage = request,
                Content = new ByteArrayContent(Encoding.UTF8.GetBytes(
                    $$"""{"issuer":"{{TestToken.Issuer}}","jwks_uri":"https://issuer.example/jwks"}""")),
            });
        }
    }
}
