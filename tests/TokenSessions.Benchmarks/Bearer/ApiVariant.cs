using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;
using TokenSessions.AspNetCore;
using TokenSessions.JwtBearer;
using TokenSessions.Tests.Validation;

namespace TokenSessions.Benchmarks.Bearer;

/// <summary>The ways in which the same small API knows its callers.</summary>
/// <param name="Name">As an argument of the process.</param>
/// <param name="Title">In a table.</param>
/// <param name="Add">Adds the scheme, which may ask for the published key set; null if there is none.</param>
internal sealed record ApiVariant(string Name, string Title, Action<IServiceCollection, Func<string>>? Add)
{
    public static readonly ApiVariant None = new("none", "no authentication", null);

    public static readonly ApiVariant AcceptsEverything = new(
        "everything", "a scheme that accepts everything", (services, _) => services
            .AddAuthentication(nameof(AcceptsEverything))
            .AddScheme<AuthenticationSchemeOptions, AcceptEverythingHandler>(nameof(AcceptsEverything), null));

    public static readonly ApiVariant Ours = new("ours", "`AddTokenSessions`", (services, _) => services.AddTokenSessions());

    public static readonly ApiVariant OursInMicrosofts = new(
        "both", "`AddJwtBearer` with `UseTokenSessions`", (services, _) => services
            .AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer(_ => { }).UseTokenSessions());

    public static readonly ApiVariant Microsofts = new(
        "microsoft", $"`AddJwtBearer` {typeof(JwtBearerHandler).Assembly.GetName().Version?.ToString(3)}", AddMicrosofts);

    public static readonly IReadOnlyList<ApiVariant> All = [None, AcceptsEverything, Ours, OursInMicrosofts, Microsofts];

    /// <summary>Plain Microsoft, with the same key and the same expectations, and the claim names of the token.</summary>
    private static void AddMicrosofts(IServiceCollection services, Func<string> keySet)
    {
        var keys = new JsonWebKeySet(keySet()).Keys;
        System.IdentityModel.Tokens.Jwt.JwtSecurityTokenHandler.DefaultInboundClaimTypeMap.Clear();
        services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer(options =>
            options.TokenValidationParameters = new()
            {
                ValidIssuer = TestToken.Issuer,
                ValidAudience = TestToken.Audience,
                IssuerSigningKeys = keys,
            });
    }

    private sealed class AcceptEverythingHandler(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
    {
        private static readonly Task<AuthenticateResult> Accepted = Task.FromResult(AuthenticateResult.Success(new(
            new ClaimsPrincipal(new ClaimsIdentity([new("sub", "alice")], nameof(AcceptsEverything), "sub", "roles")),
            nameof(AcceptsEverything))));

        protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Accepted;
    }
}
