using TokenSessions.Aws.Keys;
using TokenSessions.Issuing.Keys;
using TokenSessions.Service.Settings;

namespace TokenSessions.Service.Keys;

/// <summary>Keys in KMS and keys wrapped by it. Nothing is called before a ring names one.</summary>
internal static class KeySourceRegistration
{
    public static void AddKeySources(this IServiceCollection services)
    {
        services.AddSingleton(provider => new KmsClients(new(), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<KmsKeys>();
        services.AddSingleton<IKeySource, KmsKeySource>();
        services.AddSingleton<IKeySource>(provider => new KmsWrappedKeySource(
            provider.GetRequiredService<ServiceSettings>().Issuer, provider.GetRequiredService<KmsClients>()));
    }
}
