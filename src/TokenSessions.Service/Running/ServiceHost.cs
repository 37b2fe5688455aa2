using TokenSessions.Issuing;
using TokenSessions.Service.Admin;
using TokenSessions.Service.Denylist;
using TokenSessions.Service.Discovery;
using TokenSessions.Service.Health;
using TokenSessions.Service.Http;
using TokenSessions.Service.Keys;
using TokenSessions.Service.Regions;
using TokenSessions.Service.Sessions;
using TokenSessions.Service.Settings;
using TokenSessions.Service.Store;
using TokenSessions.Service.Users;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Service.Running;

/// <summary>Puts the service together. Nothing is read or written before the host starts.</summary>
internal static class ServiceHost
{
    /// <summary>What one request may take; past it nothing is signed, and nothing written but the issuer's own rules.</summary>
    private static readonly TimeSpan RequestDeadline = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(20);

    /// <summary>The settings by which ASP.NET Core is told where to listen.</summary>
    private static readonly string[] AddressSettings = ["urls", "http_ports", "https_ports"];

    public static WebApplication Build(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        Listen(builder);
        AddParts(builder.Services);
        builder.Services.AddBearerSchemes();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownTimeout);
        builder.Services.AddRequestTimeouts(timeouts => timeouts.DefaultPolicy = new()
        {
            Timeout = RequestDeadline,
            TimeoutStatusCode = StatusCodes.Status503ServiceUnavailable,
            WriteTimeoutResponse = context =>
                ProblemAnswer.Unavailable("This took too long and was given up.", TimeSpan.FromSeconds(1)).ExecuteAsync(context),
        });

        var app = builder.Build();
        app.UseProblemAnswers();
        app.UseRouting();
        app.UseRequestTimeouts();
        app.UseAuthorization(); // Authenticates as well, with the scheme that the endpoint's policy names.
        Map(app);
        return app;
    }

    private static void Listen(WebApplicationBuilder builder)
    {
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = RequestFields.MaxBodyLength;
        });

        var configuration = builder.Configuration;
        var isToldWhere = AddressSettings.Any(name => !string.IsNullOrEmpty(configuration[name]))
            || configuration.GetSection("Kestrel:Endpoints").Exists();
        if (builder.Environment.IsDevelopment() && !isToldWhere)
        {
            builder.WebHost.UseUrls(ServiceSettings.DevelopmentIssuer);
        }
    }

    private static void AddParts(IServiceCollection services)
    {
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(Console.Out);
        services.AddSingleton<Log>();
        services.AddSingleton(provider => ServiceSettings.Read(
            provider.GetRequiredService<IConfiguration>(), provider.GetRequiredService<IHostEnvironment>().IsDevelopment()));
        services.AddSingleton(provider => provider.GetRequiredService<ServiceSettings>().ToIssuerOptions());

        services.AddSingleton<ServiceKeyRing>();
        services.AddSingleton(provider => provider.GetRequiredService<ServiceKeyRing>().File);
        services.AddKeySources();
        services.AddStore();
        services.AddSingleton(provider => new UserDirectory(provider.GetRequiredService<ServiceSettings>().Users));
        services.AddSingleton<ISubjectDirectory>(provider => provider.GetRequiredService<UserDirectory>());

        services.AddSingleton<DenylistSync>();
        services.AddSingleton<LocalDenylist>();
        services.AddSingleton<PublishedKeys>();
        services.AddSingleton(provider => new KeySetCache(
            provider.GetRequiredService<PublishedKeys>(), provider.GetRequiredService<TimeProvider>()));
        services.AddDenylistFeed();

        services.AddSingleton<SessionIssuer>();
        services.AddSingleton<SessionRevoker>();
        services.AddSingleton<Logout>();
        services.AddSingleton<HomeRegion>();
        HomeRegion.AddClient(services);
        services.AddSingleton<PasswordChecks>();
        services.AddSingleton<LoginThrottle>();
        services.AddSingleton<LoginWarnings>();

        services.AddSingleton<KeysCommand>();
        services.AddSingleton<RevokedKeys>();
        services.AddSingleton<TableCommand>();
        services.AddSingleton<FirstRun>();
        services.AddSingleton<FileReloads>();
        services.AddSingleton<ServiceStart>();
        services.AddHostedService<FileReloadsHost>();
    }

    private static void Map(WebApplication app)
    {
        app.MapLogin();
        app.MapToken();
        app.MapLogout();
        app.MapSession();
        app.MapDiscovery();
        app.MapDenylistFeed();
        app.MapHealth();
        var admin = app.MapGroup("/admin").RequireAuthorization(BearerSchemes.AdminPolicy);
        admin.MapRevocations();
        admin.MapKeys();
    }
}
