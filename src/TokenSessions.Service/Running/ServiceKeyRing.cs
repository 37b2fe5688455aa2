using TokenSessions.Issuing;
using TokenSessions.Issuing.Keys;
using TokenSessions.Service.Settings;

namespace TokenSessions.Service.Running;

/// <summary>The key ring as this service loads it. It is opened before the host starts, because a key may have to be asked for over the network.</summary>
internal sealed class ServiceKeyRing(
    ServiceSettings settings, SessionIssuerOptions issuer, IEnumerable<IKeySource> sources, TimeProvider time)
{
    private KeyRingFile? _file;

    /// <summary>The opened ring. Disposed with the services.</summary>
    public KeyRingFile File => _file ?? throw new InvalidOperationException("The key ring has not been opened.");

    /// <summary>Where private halves can be, beside files.</summary>
    public IEnumerable<IKeySource> Sources => sources;

    /// <summary>How the ring is loaded.</summary>
    public KeyRingOptions Options
    {
        get
        {
            var usual = new KeyRingOptions();
            return usual with
            {
                AllowPrivateKeysInFiles = settings.IsDevelopment || settings.AllowPrivateKeysInFiles,

                // At least the usual, so that tokens issued under a longer setting outlive its shortening.
                KeepPublished = Longer(usual.KeepPublished, settings.AccessTokenLifetime + issuer.ClockSkew),
                LongestRefreshIdle = Longer(usual.LongestRefreshIdle, settings.RefreshIdleLifetime),
                AnnounceTime = settings.AnnounceTime,
            };
        }
    }

    /// <summary>Opens the ring, once.</summary>
    /// <exception cref="KeyRingException">It cannot be used.</exception>
    public async Task OpenAsync(CancellationToken cancellationToken) =>
        _file = await KeyRingFile.OpenAsync(settings.KeyRing, Options, time, sources, cancellationToken);

    private static TimeSpan Longer(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
