using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using TokenSessions.Validation;

namespace TokenSessions.AspNetCore;

/// <summary>The bearer scheme. A rejected token costs no exception, and <em>cannot tell</em> is an answer of its own.</summary>
/// <remarks>
/// Not an <see cref="AuthenticationHandler{TOptions}"/>: that logs two lines at Information for every token it rejects, under our
/// name, and takes an events object, three tasks and two loggers' worth of time for every one it accepts. Of what it offers we
/// keep forwarding to other schemes.
/// </remarks>
internal sealed class TokenSessionsHandler(IOptionsMonitor<TokenSessionsOptions> options) : IAuthenticationHandler
{
    private static readonly Task<AuthenticateResult> NoToken = Task.FromResult(AuthenticateResult.NoResult());

    private static readonly Dictionary<TokenRejection, Task<AuthenticateResult>> Rejected = Enum.GetValues<TokenRejection>().ToDictionary(
        rejection => rejection,
        rejection => Task.FromResult(AuthenticateResult.Fail($"The access token was rejected: {rejection}.")));

    // Set before anything else is asked of a handler, which serves one request.
    private AuthenticationScheme _scheme = null!;
    private HttpContext _context = null!;
    private TokenSessionsOptions _options = null!;

    private Task<AuthenticateResult>? _result;
    private TokenValidationResult? _verdict;

    public Task InitializeAsync(AuthenticationScheme scheme, HttpContext context)
    {
        (_scheme, _context, _options) = (scheme, context, options.Get(scheme.Name));
        return Task.CompletedTask;
    }

    public Task<AuthenticateResult> AuthenticateAsync() => ForwardTo(_options.ForwardAuthenticate) is { } other
        ? _context.AuthenticateAsync(other)
        : AuthenticateHereAsync();

    public Task ChallengeAsync(AuthenticationProperties? properties) => ForwardTo(_options.ForwardChallenge) is { } other
        ? _context.ChallengeAsync(other, properties)
        : ChallengeHereAsync();

    public Task ForbidAsync(AuthenticationProperties? properties) => ForwardTo(_options.ForwardForbid) is { } other
        ? _context.ForbidAsync(other, properties)
        : BearerAuthentication.ForbidAsync(_context);

    /// <summary>Once for each request, however often it is asked.</summary>
    private Task<AuthenticateResult> AuthenticateHereAsync()
    {
        if (_result is null)
        {
            var bearer = _context.RequestServices.GetRequiredKeyedService<BearerAuthentication>(_scheme.Name);
            var verdict = bearer.ValidateAsync(_context);
            _result = verdict.IsCompletedSuccessfully ? ResultOf(verdict.Result) : WaitAsync(verdict);
        }

        return _result;
    }

    private async Task<AuthenticateResult> WaitAsync(ValueTask<TokenValidationResult?> verdict) =>
        await ResultOf(await verdict.ConfigureAwait(false)).ConfigureAwait(false);

    private Task<AuthenticateResult> ResultOf(TokenValidationResult? verdict)
    {
        _verdict = verdict;
        return verdict switch
        {
            null => NoToken,
            { IsValid: true } accepted => Task.FromResult(AuthenticateResult.Success(
                new(BearerAuthentication.CreatePrincipal(accepted.Token, _scheme.Name), _scheme.Name))),
            { } rejected => Rejected[rejected.Rejection],
        };
    }

    private async Task ChallengeHereAsync()
    {
        await AuthenticateHereAsync().ConfigureAwait(false);
        await BearerAuthentication.ChallengeAsync(_context, _verdict).ConfigureAwait(false);
    }

    /// <summary>The other scheme that <see cref="AuthenticationSchemeOptions"/> name for this; null if none.</summary>
    private string? ForwardTo(string? specific)
    {
        var other = specific ?? _options.ForwardDefaultSelector?.Invoke(_context) ?? _options.ForwardDefault;
        return other == _scheme.Name ? null : other;
    }
}
