using System.IdentityModel.Tokens.Jwt;
using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using TokenSessions.AspNetCore;
using TokenSessions.Validation;

namespace TokenSessions.JwtBearer;

/// <summary>Stands in for <see cref="JwtBearerHandler"/> under the same scheme, options and events.</summary>
/// <remarks>
/// <para>
/// A handler rather than a listener to <see cref="JwtBearerEvents.OnMessageReceived"/>, because events can be replaced after us
/// and overridden in subclasses, and a token must never reach a validation other than ours. Events may refuse a token that we
/// accepted and change its user; they cannot accept one that we did not.
/// </para>
/// <para>
/// The base class gets no logger: it would log two lines at Information for every token rejected, in a category of ours that
/// nobody has silenced. Rejections are logged at Debug by <see cref="BearerAuthentication"/>.
/// </para>
/// </remarks>
internal sealed class TokenSessionsJwtBearerHandler(IOptionsMonitor<JwtBearerOptions> options, UrlEncoder encoder)
    : AuthenticationHandler<JwtBearerOptions>(options, NullLoggerFactory.Instance, encoder)
{
    private static readonly JwtBearerEvents Unset = new();
    private static readonly Task<object> UnsetEvents = Task.FromResult<object>(Unset); // Nobody but us sees it.

    private TokenValidationResult? _verdict;

    private new JwtBearerEvents Events => (JwtBearerEvents)base.Events!;

    /// <summary>Whether <c>OnTokenValidated</c> reaches code of the application. Where in doubt, it does.</summary>
    private bool IsValidationWatched =>
        Events.GetType() != typeof(JwtBearerEvents) || Events.OnTokenValidated != Unset.OnTokenValidated;

    protected override Task<object> CreateEventsAsync() => UnsetEvents;

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var received = new MessageReceivedContext(Context, Scheme, Options);
        await Events.MessageReceived(received).ConfigureAwait(false);
        if (received.Result is { } early)
        {
            return early.Succeeded ? Refused(AuthenticateResult.Fail("Accepted by an event, not validated.")) : Refused(early);
        }

        // An event may find the token elsewhere: the application's decision, as with Microsoft's handler.
        var elsewhere = string.IsNullOrEmpty(received.Token) ? null : received.Token;
        var bearer = Context.RequestServices.GetRequiredKeyedService<BearerAuthentication>(Scheme.Name);
        _verdict = elsewhere is null
            ? await bearer.ValidateAsync(Context).ConfigureAwait(false)
            : await bearer.ValidateAsync(Context, elsewhere).ConfigureAwait(false);
        return _verdict switch
        {
            null => AuthenticateResult.NoResult(),
            { IsValid: true } accepted => await AcceptedAsync(accepted.Token, elsewhere).ConfigureAwait(false),
            { } rejected => await RejectedAsync(rejected.Rejection).ConfigureAwait(false),
        };
    }

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        var result = await HandleAuthenticateOnceSafeAsync().ConfigureAwait(false);
        var challenge = new JwtBearerChallengeContext(Context, Scheme, Options, properties) { AuthenticateFailure = result.Failure };
        await Events.Challenge(challenge).ConfigureAwait(false);
        if (!challenge.Handled)
        {
            await BearerAuthentication.ChallengeAsync(Context, _verdict).ConfigureAwait(false);
        }
    }

    protected override async Task HandleForbiddenAsync(AuthenticationProperties properties)
    {
        // The Forbidden event is younger than the oldest handler we support: whichever is there raises it if it knows it.
        var microsoft = ActivatorUtilities.GetServiceOrCreateInstance<JwtBearerHandler>(Context.RequestServices);
        await microsoft.InitializeAsync(Scheme, Context).ConfigureAwait(false);
        await microsoft.ForbidAsync(properties).ConfigureAwait(false);
        if (Response.StatusCode == StatusCodes.Status403Forbidden)
        {
            await BearerAuthentication.ForbidAsync(Context).ConfigureAwait(false); // Unless the event has begun to answer.
        }
    }

    private async ValueTask<AuthenticateResult> AcceptedAsync(ValidatedToken token, string? elsewhere)
    {
        // Validated in place, in the header: copied out of it only for who gets to see it, and never if it was rejected.
        var isWatched = IsValidationWatched;
        var text = elsewhere ?? (isWatched || Options.SaveToken ? BearerAuthentication.FindToken(Context) : null);
        var validated = new TokenValidatedContext(Context, Scheme, Options)
        {
            Principal = BearerAuthentication.CreatePrincipal(token, Scheme.Name, NameClaimType, RoleClaimType),
            SecurityToken = isWatched && text is not null ? new JwtSecurityToken(text) : null, // It can be changed, so it is nobody else's.
        };
        _ = validated.Principal.Claims.FirstOrDefault(); // Built before code of others gets the user: it may copy the identity past all its members.
        validated.Properties.IssuedUtc = token.IssuedAt;
        validated.Properties.ExpiresUtc = token.ExpiresAt;
        await Events.TokenValidated(validated).ConfigureAwait(false);
        if (validated.Result is { } decided)
        {
            return decided.Succeeded ? decided : Refused(decided);
        }

        if (Options.SaveToken && text is not null)
        {
            validated.Properties.StoreTokens([new() { Name = "access_token", Value = text }]);
        }

        validated.Success();
        return validated.Result!;
    }

    private async ValueTask<AuthenticateResult> RejectedAsync(TokenRejection rejection)
    {
        var failed = new AuthenticationFailedContext(Context, Scheme, Options) { Exception = SecurityTokenFailure.For(rejection) };
        await Events.AuthenticationFailed(failed).ConfigureAwait(false);
        return failed.Result is { Succeeded: false } decided ? decided : AuthenticateResult.Fail(failed.Exception);
    }

    /// <summary>What an event refused is challenged as a bad token, except where it says that there is none.</summary>
    private AuthenticateResult Refused(AuthenticateResult result)
    {
        _verdict = result.None ? null : default(TokenValidationResult);
        return result;
    }

    // Set by the application, these win; else roles and subject are where our tokens have them.
    private string NameClaimType => Options.TokenValidationParameters.NameClaimType is var name
        && name != ClaimsIdentity.DefaultNameClaimType ? name : "sub";

    private string RoleClaimType => Options.TokenValidationParameters.RoleClaimType is var role
        && role != ClaimsIdentity.DefaultRoleClaimType ? role : "roles";
}
