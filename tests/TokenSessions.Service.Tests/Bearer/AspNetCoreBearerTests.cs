using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using TokenSessions.AspNetCore;
using TokenSessions.Tests.Validation;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Service.Tests.Bearer;

/// <summary>The suite with our own scheme.</summary>
public sealed class AspNetCoreBearerTests : BearerTests
{
    private const string Other = "Other";

    [Theory] // As AuthenticationSchemeOptions promises it: by kind of question, else as the selector says, else the default.
    [InlineData(nameof(TokenSessionsOptions.ForwardDefault), 200, 418, 419)]
    [InlineData(nameof(TokenSessionsOptions.ForwardDefaultSelector), 200, 418, 419)]
    [InlineData(nameof(TokenSessionsOptions.ForwardAuthenticate), 200, 401, 403)]
    [InlineData(nameof(TokenSessionsOptions.ForwardChallenge), 401, 418, 403)]
    [InlineData(nameof(TokenSessionsOptions.ForwardForbid), 401, 401, 419)]
    public async Task Forwards_to_another_scheme_what_its_options_say(string option, int authenticated, int challenged, int forbidden)
    {
        await using var api = await StartForwardingAsync(option, Other);

        Assert.Equal(authenticated == 200 ? 200 : challenged, (await api.GetAsync("/me")).Status);
        Assert.Equal(challenged, (await api.GetAsync("/challenge")).Status);
        Assert.Equal(forbidden, (await api.GetAsync("/forbid")).Status);
    }

    [Theory]
    [InlineData(nameof(TokenSessionsOptions.ForwardDefault))]
    [InlineData(nameof(TokenSessionsOptions.ForwardDefaultSelector))]
    public async Task Forwarding_to_itself_is_not_forwarding(string option)
    {
        await using var api = await StartForwardingAsync(option, TokenSessionsDefaults.Scheme);

        Assert.Equal(401, (await api.GetAsync("/me")).Status);
        Assert.Equal(200, (await api.GetWithAsync("/me", api.Token)).Status);
    }

    [Fact]
    public async Task An_aborted_request_does_not_wait_for_keys()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddSingleton<IKeySetSource>(new StuckKeySetSource());
        builder.AddTokenSessions(options =>
        {
            (options.Issuer, options.Audience) = (TestToken.Issuer, TestToken.Audience);
            options.AcceptTokensWithoutDenylist = true;
        });
        await using var app = builder.Build();
        var bearer = app.Services.GetRequiredKeyedService<BearerAuthentication>(TokenSessionsDefaults.Scheme);
        using var aborted = new CancellationTokenSource();
        var context = new DefaultHttpContext { RequestAborted = aborted.Token };
        context.Request.Headers.Authorization = $"Bearer {new TestToken(TimeProvider.System.GetUtcNow()).Sign()}";

        var verdict = bearer.ValidateAsync(context).AsTask();
        Assert.False(verdict.IsCompleted);
        await aborted.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => verdict);
    }

    protected override void Add(WebApplicationBuilder builder) => builder.AddTokenSessions();

    private static Task<TestApi> StartForwardingAsync(string option, string to) => TestApi.StartAsync(
        builder => builder.Services
            .AddTokenSessions(options =>
            {
                _ = option switch
                {
                    nameof(options.ForwardDefault) => options.ForwardDefault = to,
                    nameof(options.ForwardAuthenticate) => options.ForwardAuthenticate = to,
                    nameof(options.ForwardChallenge) => options.ForwardChallenge = to,
                    nameof(options.ForwardForbid) => options.ForwardForbid = to,
                    _ => (object)(options.ForwardDefaultSelector = _ => to),
                };
            })
            .AddScheme<AuthenticationSchemeOptions, OtherHandler>(Other, null),
        app =>
        {
            app.MapGet("/challenge", context => context.ChallengeAsync());
            app.MapGet("/forbid", context => context.ForbidAsync());
        });

    /// <summary>Knows everybody, and has status codes of its own.</summary>
    private sealed class OtherHandler(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
    {
        protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(
            AuthenticateResult.Success(new(new ClaimsPrincipal(new ClaimsIdentity([new(ClaimTypes.Name, "somebody")], Other)), Other)));

        protected override Task HandleChallengeAsync(AuthenticationProperties properties)
        {
            Response.StatusCode = 418;
            return Task.CompletedTask;
        }

        protected override Task HandleForbiddenAsync(AuthenticationProperties properties)
        {
            Response.StatusCode = 419;
            return Task.CompletedTask;
        }
    }

    private sealed class StuckKeySetSource : IKeySetSource
    {
        public Task<KeySet> FetchAsync(CancellationToken cancellationToken) =>
            Task.Delay(Timeout.Infinite, cancellationToken).ContinueWith<KeySet>(
                _ => throw new KeySetUnavailableException("Stuck."), TaskScheduler.Default);
    }
}
