using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using TokenSessions.Validation;

namespace TokenSessions.AspNetCore;

/// <summary>The bearer scheme. A rejected token costs no exception, and <em>cannot tell</em> is an answer of its own.</summary>
/// <remarks>
/// Not an <see cref="AuthenticationHandler{TOptions}"/>: that logs two lines at Information for every token it rejects, in a
/// category of ours that nobody has silenced, and looks up options, loggers and events for every request. Of what it offers,
/// forwarding to other schemes is kept.
/// </remarks>
internal sealed class TokenSessionsHandler(BearerSchemes schemes) : IAuthenticationHandler
{
    private static readonly Task<AuthenticateResult> NoToken = Task.FromResult(AuthenticateResult.NoResult());

    private static readonly Dictionary<TokenRejection, Task<AuthenticateResult>> Rejected = Enum.GetValues<TokenRejection>().ToDictionary(
        rejection => rejection,
        rejection => Task.FromResult(AuthenticateResult.Fail($"The access token was rejected: {rejection}.")));

    // Set before anything else is asked of a handler, which serves one request.
    private string _scheme = null!;
    private HttpContext _context = null!;
    private BearerAuthentication _bearer = null!;
    private TokenSessionsOptions _options = null!;

    private Task<AuthenticateResult>? _result;
    private TokenValidationResult? _verdict;

    public Task InitializeAsync(AuthenticationScheme scheme, HttpContext context)
    {
        (_scheme, _context) = (scheme.Name, context);
        (_bearer, _options) = schemes.Get(_scheme);
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
            var verdict = _bearer.ValidateAsync(_context);
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
            { IsValid: true } accepted => Task.FromResult(AuthenticateResult.Success(new(UserOf(accepted.Token), _scheme))),
            { } rejected => Rejected[rejected.Rejection],
        };
    }

    private ClaimsPrincipal UserOf(ValidatedToken token)
    {
        var user = BearerAuthentication.CreatePrincipal(token, _scheme);
        if (schemes.BuildsClaimsAtOnce)
        {
            _ = user.Claims.FirstOrDefault();
        }

        return user;
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
        return other == _scheme ? null : other;
    }
}
