using Microsoft.AspNetCore.Builder;

namespace TokenSessions.Service.Tests.Bearer;

/// <summary>What both packages promise: the same verdicts and the same answers.</summary>
public abstract class BearerTests
{
    [Fact]
    public async Task Lets_a_good_token_in()
    {
        await using var api = await StartAsync();

        var answer = await api.GetWithAsync("/me", api.Token);

        Assert.Equal(200, answer.Status);
        Assert.Equal("alice", answer.Body);
    }

    /// <summary>Adds the package under test.</summary>
    protected abstract void Add(WebApplicationBuilder builder);

    private protected Task<TestApi> StartAsync(
        Action<WebApplication>? map = null,
        Dictionary<string, string?>? settings = null) => TestApi.StartAsync(Add, map, settings);
}
