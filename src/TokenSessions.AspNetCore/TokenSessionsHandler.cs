using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using TokenSessions.Validation;

namespace TokenSessions.AspNetCore;

/// <summary>The bearer scheme. A rejected token costs no exception, and <em>cannot tell</em> is an answer of its own.</summary>
internal sealed class TokenSessionsHandler(
    IOptionsMonitor<TokenSessionsOptions> options, ILoggerFactory loggers, UrlEncoder encoder)
    : AuthenticationHandler<TokenSessionsOptions>(options, loggers, encoder)
{
    private static readonly Dictionary<TokenRejection, AuthenticateResult> Rejected = Enum.GetValues<TokenRejection>().ToDictionary(
        rejection => rejection, rejection => AuthenticateResult.Fail($"The access token was rejected: {rejection}."));

    private TokenValidationResult? _verdict;

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var bearer = Context.RequestServices.GetRequiredKeyedService<BearerAuthentication>(Scheme.Name);
        _verdict = await bearer.ValidateAsync(Context).ConfigureAwait(false);
        return _verdict switch
        {
            null => AuthenticateResult.NoResult(),
            { IsValid: true } accepted => AuthenticateResult.Success(
                new(BearerAuthentication.CreatePrincipal(accepted.Token, Scheme.Name), Scheme.Name)),
            { } rejected => Rejected[rejected.Rejection],
        };
    }

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        await HandleAuthenticateOnceSafeAsync().ConfigureAwait(false);
        await BearerAuthentication.ChallengeAsync(Context, _verdict).ConfigureAwait(false);
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) => BearerAuthentication.ForbidAsync(Context);
}
