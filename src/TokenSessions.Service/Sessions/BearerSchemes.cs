using Microsoft.AspNetCore.Authentication;
using TokenSessions.AspNetCore;
using TokenSessions.Service.Settings;

namespace TokenSessions.Service.Sessions;

/// <summary>What the service's own endpoints accept as a bearer token. All share its keys and its denylist.</summary>
internal static class BearerSchemes
{
    /// <summary>Every live token of this issuer: for endpoints that serve every session.</summary>
    public const string AnyAudience = TokenSessionsDefaults.Scheme;

    /// <summary>Only tokens for the issuer itself, so that no API that receives an administrator's token can replay it here.</summary>
    public const string OwnAudience = "TokenSessions.OwnAudience";

    /// <summary>Every token up to a day after it expired: to end its session and for nothing else.</summary>
    public const string Logout = "TokenSessions.Logout";

    /// <summary>The same without the denylist: to see what a token said that the denylist has ended. Grants nothing.</summary>
    public const string RevokedLogout = "TokenSessions.RevokedLogout";

    /// <summary>The policy of endpoints that serve every session.</summary>
    public const string SessionPolicy = "TokenSessions.Session";

    /// <summary>The policy of the administrator's endpoints.</summary>
    public const string AdminPolicy = "TokenSessions.Admin";

    public const string AdminScope = "tokensessions.admin";

    private static readonly TimeSpan LogoutAfterExpiry = TimeSpan.FromHours(24);

    public static void AddBearerSchemes(this IServiceCollection services)
    {
        // Not AddAuthentication: that brings data protection, which would write keys of its own to the home directory. And no
        // default scheme: it would validate every request's token once more than its endpoint does, for another audience.
        services.AddAuthenticationCore();
        services.AddWebEncoders();
        new AuthenticationBuilder(services)
            .AddTokenSessions(AnyAudience, section: null, options => options.AcceptAnyAudience = true)
            .AddTokenSessions(OwnAudience, section: null);
        services.AddBearerAuthentication(Logout, section: null, options =>
        {
            options.AcceptAnyAudience = true;
            options.AcceptTokensExpiredFor = LogoutAfterExpiry;
        });
        services.AddBearerAuthentication(RevokedLogout, section: null, options =>
        {
            options.AcceptAnyAudience = true;
            options.AcceptTokensExpiredFor = LogoutAfterExpiry;
            options.AcceptTokensWithoutDenylist = true;
        });

        foreach (var scheme in new[] { AnyAudience, OwnAudience, Logout, RevokedLogout })
        {
            services.AddOptions<TokenSessionsOptions>(scheme).Configure<ServiceSettings>((options, settings) =>
            {
                options.Issuer = settings.Issuer;
                options.Audience = options.AcceptAnyAudience ? null : settings.Issuer;
                options.MaxTokenLifetime = settings.MaxTokenLifetime;
                foreach (var type in settings.TokenTypes)
                {
                    options.Types.Add(type);
                }
            });
        }

        services.AddAuthorizationBuilder()
            .AddPolicy(SessionPolicy, policy => policy.AddAuthenticationSchemes(AnyAudience).RequireAuthenticatedUser())
            .AddPolicy(AdminPolicy, policy => policy.AddAuthenticationSchemes(OwnAudience).RequireScope(AdminScope));
    }
}
