using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using TokenSessions.AspNetCore;

namespace TokenSessions.JwtBearer;

/// <summary>Lets <c>AddJwtBearer</c> accept exactly the tokens that TokenSessions accepts.</summary>
public static class TokenSessionsJwtBearerExtensions
{
    /// <summary>
    /// The one line to add after <c>AddJwtBearer(…)</c>. Its options, events and policies stay; the verdict is ours.
    /// </summary>
    /// <param name="authentication">The application's schemes.</param>
    /// <param name="scheme">The scheme that <c>AddJwtBearer</c> was called with.</param>
    /// <param name="section">The configuration section with the settings of TokenSessions; null for settings from code alone.</param>
    /// <param name="configure">Settings in code, after those of the section.</param>
    /// <remarks>
    /// Where neither names an issuer or an audience, those of <see cref="JwtBearerOptions"/> count: <c>ValidIssuer</c>, else
    /// <c>Authority</c>; <c>Audience</c>, <c>ValidAudience</c> and <c>ValidAudiences</c>.
    /// </remarks>
    public static AuthenticationBuilder UseTokenSessions(
        this AuthenticationBuilder authentication,
        string scheme = JwtBearerDefaults.AuthenticationScheme,
        string? section = TokenSessionsDefaults.Section,
        Action<TokenSessionsOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(authentication);
        var services = authentication.Services;
        services.AddBearerAuthentication(scheme, section, configure);
        services.AddOptions<TokenSessionsOptions>(scheme).PostConfigure<IOptionsMonitor<JwtBearerOptions>>(
            (settings, jwtBearer) => TakeOver(jwtBearer.Get(scheme), settings));

        services.TryAddTransient<TokenSessionsJwtBearerHandler>();
        services.AddOptions<AuthenticationOptions>()
            .PostConfigure(options =>
            {
                if (options.SchemeMap.TryGetValue(scheme, out var builder) && builder.HandlerType == typeof(JwtBearerHandler))
                {
                    builder.HandlerType = typeof(TokenSessionsJwtBearerHandler);
                }
            })
            .Validate(
                options => options.SchemeMap.TryGetValue(scheme, out var builder)
                    && builder.HandlerType == typeof(TokenSessionsJwtBearerHandler),
                $"UseTokenSessions(\"{scheme}\") found no scheme of that name made by AddJwtBearer.")
            .ValidateOnStart();
        return authentication;
    }

    private static void TakeOver(JwtBearerOptions jwtBearer, TokenSessionsOptions settings)
    {
        var parameters = jwtBearer.TokenValidationParameters;
        if (settings.Issuer.Length == 0)
        {
            settings.Issuer = parameters.ValidIssuer ?? jwtBearer.Authority ?? "";
        }

        if (settings.Audience is null && settings.Audiences.Count == 0)
        {
            string?[] audiences = [jwtBearer.Audience, parameters.ValidAudience, .. parameters.ValidAudiences ?? []];
            foreach (var audience in audiences.OfType<string>().Distinct())
            {
                settings.Audiences.Add(audience);
            }
        }
    }
}
