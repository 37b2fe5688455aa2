using Microsoft.Extensions.DependencyInjection;
using TokenSessions.Issuing.Stores;

namespace TokenSessions.Service.Tests.Service;

/// <summary>A client that hangs up, or a store that fails, between the two writes of a rule.</summary>
public sealed class HangUpTests : IAsyncDisposable
{
    private readonly TestService _service = new();
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    [Fact]
    public async Task A_revocation_is_finished_and_audited_though_its_client_hangs_up()
    {
        var (tokens, admin) = (await _service.LoginAsync(), await _service.AdminTokenAsync());
        using var request = Revocation(tokens, admin);

        await SendAndHangUpAsync(request);

        await _service.EventuallyAsync(() => _service.Log.Of(2300).Count == 1);
        Assert.Equal("token_revoked", (await _service.SessionAsync(tokens.AccessToken)).Code);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public async Task A_logout_is_finished_and_logged_though_its_client_hangs_up(bool byRefreshToken, bool everywhere)
    {
        var tokens = await _service.LoginAsync();
        using var request = Logout(tokens, byRefreshToken, everywhere);

        await SendAndHangUpAsync(request);

        await _service.EventuallyAsync(() => _service.Log.Of(2104).Count == 1);
        Assert.Equal("token_revoked", (await _service.SessionAsync(tokens.AccessToken)).Code);
    }

    [Fact]
    public async Task A_revocation_that_the_store_did_not_confirm_is_audited_as_unknown()
    {
        var (tokens, admin) = (await _service.LoginAsync(), await _service.AdminTokenAsync());
        Store.BeforeFeed = _ => throw new SessionStoreUnavailableException("The test broke the feed.");
        using var request = Revocation(tokens, admin);

        using var response = await _service.CreateClient().SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(503, (int)response.StatusCode);
        Assert.Contains(tokens.SessionId, Assert.Single(_service.Log.Of(2301)).Text, StringComparison.Ordinal);
        Assert.Empty(_service.Log.Of(2300));
    }

    [Fact]
    public async Task A_revocation_that_its_deadline_cut_off_is_audited_as_unknown()
    {
        await using var service = new TestService(deadline: TimeSpan.FromSeconds(1));
        service.CreateClient().Dispose();
        var (tokens, admin) = (await service.LoginAsync(), await service.AdminTokenAsync());
        service.Services.GetRequiredService<BreakableStore>().BeforeFeed = deadline => Task.Delay(Timeout.Infinite, deadline);
        using var request = Revocation(tokens, admin);

        using var response = await service.CreateClient().SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(503, (int)response.StatusCode);
        Assert.Single(service.Log.Of(2301));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_logout_that_the_store_did_not_confirm_is_logged_as_unknown(bool byRefreshToken)
    {
        var tokens = await _service.LoginAsync();
        Store.BeforeFeed = _ => throw new SessionStoreUnavailableException("The test broke the feed.");
        using var request = Logout(tokens, byRefreshToken, everywhere: false);

        using var response = await _service.CreateClient().SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(503, (int)response.StatusCode);
        Assert.Single(_service.Log.Of(2106));
    }

    private BreakableStore Store => _service.Services.GetRequiredService<BreakableStore>();

    private static HttpRequestMessage Revocation(Tokens tokens, string admin)
    {
        var body = new { kind = "session", value = tokens.SessionId, reason = "a test" };
        var request = new HttpRequestMessage(HttpMethod.Post, "/admin/revocations") { Content = TestService.Json(body) };
        request.Headers.Authorization = new("Bearer", admin);
        return request;
    }

    private static HttpRequestMessage Logout(Tokens tokens, bool byRefreshToken, bool everywhere)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/logout")
        {
            Content = TestService.Json(new { refresh_token = byRefreshToken ? tokens.RefreshToken : null, everywhere }),
        };
        if (!byRefreshToken)
        {
            request.Headers.Authorization = new("Bearer", tokens.AccessToken);
        }

        return request;
    }

    /// <summary>Hangs up when the rule is decided and not yet on its way to the validators.</summary>
    private async Task SendAndHangUpAsync(HttpRequestMessage request)
    {
        using var client = new CancellationTokenSource();
        Store.BeforeFeed = async cancellationToken =>
        {
            _reached.TrySetResult();
            await _goOn.Task.WaitAsync(cancellationToken);
        };
        var answer = _service.CreateClient().SendAsync(request, client.Token);
        await _reached.Task.WaitAsync(TestContext.Current.CancellationToken);
        await client.CancelAsync(); // The test server has told the service when this returns, but lets the answer wait for it.
        _goOn.SetResult();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer);
    }
}
