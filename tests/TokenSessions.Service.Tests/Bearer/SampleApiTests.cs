extern alias SampleApi;

using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using TokenSessions.Tests;
using TokenSessions.Tests.Validation;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Keys;
using Sample = SampleApi::Program;

namespace TokenSessions.Service.Tests.Bearer;

/// <summary>The sample API does the same on either package.</summary>
public sealed class SampleApiTests
{
    private readonly FakeClock _clock = new();

    private TestToken Token => new TestToken(_clock.GetUtcNow()).With("iss", "http://localhost:5080").With("aud", "sample-api");

    [Theory]
    [InlineData("TokenSessions")]
    [InlineData("JwtBearer")]
    public async Task Answers_by_token_scope_and_role(string package)
    {
        await using var api = new WebApplicationFactory<Sample>().WithWebHostBuilder(Prepare(package));
        using var http = api.CreateClient();
        async Task AssertAsync(int status, string path, TestToken? token)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.Authorization = token is null ? null : new("Bearer", token.Sign());
            using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.Equal((path, status), (path, (int)response.StatusCode));
        }

        await AssertAsync(200, "/open", null);
        await AssertAsync(401, "/me", null);
        await AssertAsync(200, "/me", Token);
        await AssertAsync(401, "/me", Token.With("aud", "http://localhost:5080"));
        await AssertAsync(200, "/reports", Token.With("scope", "reports.read"));
        await AssertAsync(403, "/reports", Token.With("scope", "reports"));
        await AssertAsync(200, "/admin", Token.With("roles", new JsonArray("admin")));
        await AssertAsync(403, "/admin", Token);
    }

    [Fact]
    public async Task Answers_the_claims_of_the_token()
    {
        await using var api = new WebApplicationFactory<Sample>().WithWebHostBuilder(Prepare("TokenSessions"));
        using var http = api.CreateClient();
        http.DefaultRequestHeaders.Authorization = new("Bearer", Token.Sign());

        using var claims = JsonDocument.Parse(await http.GetStringAsync("/me", TestContext.Current.CancellationToken));

        Assert.Equal("alice", claims.RootElement.GetProperty("sub").GetString());
        Assert.Equal("sample-api", claims.RootElement.GetProperty("aud").GetString());
    }

    private Action<IWebHostBuilder> Prepare(string package) => host =>
    {
        host.UseEnvironment("Development");
        host.UseSetting("Bearer", package);
        host.ConfigureTestServices(services =>
        {
            services.AddSingleton<TimeProvider>(_clock);
            services.AddSingleton<IDenylistFeed>(new FakeDenylistFeed(_clock));
            services.AddSingleton<IKeySetSource>(new FakeKeySetSource(TestToken.Key));
        });
    };
}
