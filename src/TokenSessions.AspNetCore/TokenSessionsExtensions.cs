using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace TokenSessions.AspNetCore;

/// <summary>Adds the bearer scheme.</summary>
public static class TokenSessionsExtensions
{
    private static readonly TimeSpan HttpTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(2); // So that a changed DNS answer is seen.

    /// <summary>All an API needs: authorization, and the scheme <c>TokenSessions</c> as the default.</summary>
    /// <param name="builder">The application.</param>
    /// <param name="configure">Settings in code, after those of the configuration section <c>TokenSessions</c>.</param>
    /// <returns>For more schemes.</returns>
    public static AuthenticationBuilder AddTokenSessions(
        this IHostApplicationBuilder builder, Action<TokenSessionsOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Services.AddTokenSessions(configure);
    }

    /// <inheritdoc cref="AddTokenSessions(IHostApplicationBuilder, Action{TokenSessionsOptions})"/>
    /// <param name="services">The application's services.</param>
    /// <param name="configure">Settings in code, after those of the configuration section <c>TokenSessions</c>.</param>
    public static AuthenticationBuilder AddTokenSessions(
        this IServiceCollection services, Action<TokenSessionsOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddAuthorization();
        // Not AddAuthentication: it brings data protection, whose keys no bearer token needs, and which wants a place to keep them.
        services.AddAuthenticationCore(authentication => authentication.DefaultScheme = TokenSessionsDefaults.Scheme);
        services.AddWebEncoders();
        return new AuthenticationBuilder(services).AddTokenSessions(configure);
    }

    /// <summary>The scheme <c>TokenSessions</c>, for an application with several.</summary>
    /// <param name="authentication">The application's schemes.</param>
    /// <param name="configure">Settings in code, after those of the configuration section <c>TokenSessions</c>.</param>
    public static AuthenticationBuilder AddTokenSessions(
        this AuthenticationBuilder authentication, Action<TokenSessionsOptions>? configure = null) =>
        authentication.AddTokenSessions(TokenSessionsDefaults.Scheme, TokenSessionsDefaults.Section, configure);

    /// <summary>A scheme of any name: for several issuers, or several audiences with rules of their own.</summary>
    /// <param name="authentication">The application's schemes.</param>
    /// <param name="scheme">Its name.</param>
    /// <param name="section">The configuration section with its settings; null for settings from code alone.</param>
    /// <param name="configure">Settings in code, after those of the section.</param>
    public static AuthenticationBuilder AddTokenSessions(
        this AuthenticationBuilder authentication, string scheme, string? section, Action<TokenSessionsOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(authentication);
        authentication.Services.AddBearerAuthentication(scheme, section, configure);
        authentication.Services.Configure<AuthenticationOptions>(options =>
            options.AddScheme(scheme, builder => builder.HandlerType = typeof(TokenSessionsHandler)));
        authentication.Services.TryAddSingleton(services => new BearerSchemes(
            services, services.GetRequiredService<IOptionsMonitor<TokenSessionsOptions>>(), IsUserTransformed(authentication.Services)));
        authentication.Services.TryAddTransient<TokenSessionsHandler>();
        return authentication;
    }

    /// <summary>
    /// All of a scheme but its handler: checked settings, a keyed <see cref="BearerAuthentication"/>, and the upkeep of keys and
    /// denylist. For handlers of other makers; everyone else calls <c>AddTokenSessions</c>.
    /// </summary>
    /// <param name="services">The application's services.</param>
    /// <param name="scheme">The handler's scheme.</param>
    /// <param name="section">The configuration section with its settings; null for settings from code alone.</param>
    /// <param name="configure">Settings in code, after those of the section.</param>
    /// <remarks>
    /// An application that brings a <c>KeySetCache</c> or <c>IKeySetSource</c>, a <c>DenylistSync</c> or <c>IDenylistFeed</c> of its
    /// own registers it as a singleton, keyed with the scheme's name or not: it is used instead of the HTTP ones.
    /// </remarks>
    public static IServiceCollection AddBearerAuthentication(
        this IServiceCollection services, string scheme, string? section, Action<TokenSessionsOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrEmpty(scheme);
        if (services.Any(service => service.ImplementationInstance is BearerSchemeName other && other.Name == scheme))
        {
            throw new InvalidOperationException($"The scheme {scheme} has been added before.");
        }

        services.AddSingleton(new BearerSchemeName(scheme));
        var options = services.AddOptions<TokenSessionsOptions>(scheme).ValidateOnStart();
        if (section is not null)
        {
            options.Configure<IConfiguration>((settings, configuration) =>
                TokenSessionsSettings.Read(configuration, section, settings));
        }

        if (configure is not null)
        {
            options.Configure(configure);
        }

        services.TryAddSingleton(TimeProvider.System);
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IValidateOptions<TokenSessionsOptions>, TokenSessionsOptionsCheck>());
        services.AddKeyedSingleton(scheme, (provider, _) => new BearerWiring(provider, scheme).Build());
        services.AddHostedService<Upkeep>(); // Only once, however many schemes.
        services.AddHttpClient(TokenSessionsDefaults.HttpClientName, http => http.Timeout = HttpTimeout)
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler
            {
                AllowAutoRedirect = false, // Whoever can redirect could choose the keys.
                UseCookies = false,
                ConnectTimeout = ConnectTimeout,
                PooledConnectionLifetime = ConnectionLifetime,
            })
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan) // The clients are kept; connections are renewed as above.
            .RemoveAllLoggers(); // One line for each poll would drown everything else.
        return services;
    }

    private static bool IsUserTransformed(IServiceCollection services) => services.Any(service =>
        service.ServiceType == typeof(IClaimsTransformation) && !service.IsKeyedService && service.ImplementationType != typeof(NoopClaimsTransformation));
}
