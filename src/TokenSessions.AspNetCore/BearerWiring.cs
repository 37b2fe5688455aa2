using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using TokenSessions.Validation;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Keys;

namespace TokenSessions.AspNetCore;

/// <summary>The name of a scheme whose tokens we validate: ours, or one of Microsoft's handler.</summary>
internal sealed record BearerSchemeName(string Name);

/// <summary>
/// Builds what one scheme needs. What the application registered itself comes first: a <see cref="KeySetCache"/> or
/// <see cref="IKeySetSource"/>, a <see cref="DenylistSync"/> or <see cref="IDenylistFeed"/>; under the scheme's name, or for all.
/// </summary>
internal sealed class BearerWiring(IServiceProvider services, string scheme)
{
    private readonly TokenSessionsOptions _options =
        services.GetRequiredService<IOptionsMonitor<TokenSessionsOptions>>().Get(scheme);

    private readonly TimeProvider _time = services.GetRequiredService<TimeProvider>();
    private readonly IMeterFactory? _meters = services.GetService<IMeterFactory>();

    public BearerAuthentication Build()
    {
        var keys = Find<KeySetCache>() ?? new KeySetCache(KeySetSource(), _time);
        KeySetCache? feedKeys = null;
        var denylist = _options.AcceptTokensWithoutDenylist
            ? null
            : Find<DenylistSync>() ?? new DenylistSync(Find<IDenylistFeed>() ?? HttpFeed(out feedKeys), _time, _meters);
        return new(
            new TokenValidator(_options.ToValidationOptions(), keys, denylist, _time, _meters),
            new(keys, feedKeys, denylist),
            _time,
            services.GetRequiredService<ILogger<BearerAuthentication>>());
    }

    private IKeySetSource KeySetSource()
    {
        if (Find<IKeySetSource>() is { } own)
        {
            return own;
        }

        if (_options.KeySetFile is { } file)
        {
            return new FileKeySetSource(Path.Combine(services.GetRequiredService<IHostEnvironment>().ContentRootPath, file));
        }

        return _options.KeySetUri is { } uri
            ? HttpKeySetSource.At(Http(), uri)
            : HttpKeySetSource.DiscoveredFrom(Http(), _options.Issuer);
    }

    private HttpDenylistFeed HttpFeed(out KeySetCache feedKeys)
    {
        feedKeys = new(HttpKeySetSource.At(Http(), _options.EffectiveDenylistKeySetUri), _time);
        return new(Http(), _options.EffectiveDenylistUri, _options.Issuer, feedKeys, _time, _options.MaxStaleness);
    }

    private HttpClient Http() =>
        services.GetRequiredService<IHttpClientFactory>().CreateClient(TokenSessionsDefaults.HttpClientName);

    private T? Find<T>()
        where T : class => services.GetKeyedService<T>(scheme) ?? services.GetService<T>();
}

/// <summary>What has to be read again and again for one scheme.</summary>
/// <param name="Keys">The keys of the tokens.</param>
/// <param name="FeedKeys">The keys of the denylist feed; null where the feed is not signed, or there is none.</param>
/// <param name="Denylist">The denylist; null where none is wanted.</param>
internal sealed record BearerSources(KeySetCache Keys, KeySetCache? FeedKeys, DenylistSync? Denylist);
