using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace TokenSessions.AspNetCore;

/// <summary>What a request needs of its scheme, at hand: to look up a keyed service and named options costs more than to validate.</summary>
/// <param name="services">The application's.</param>
/// <param name="options">Of all schemes.</param>
/// <param name="isUserTransformed">Whether the application has a transformation of claims.</param>
internal sealed class BearerSchemes(IServiceProvider services, IOptionsMonitor<TokenSessionsOptions> options, bool isUserTransformed)
{
    private readonly ConcurrentDictionary<string, BearerScheme> _schemes = new(StringComparer.Ordinal);

    /// <summary>
    /// Whether a user's claims are built at once: a transformation may copy the identity by the one constructor that goes past all
    /// its members, and would lose them.
    /// </summary>
    public bool BuildsClaimsAtOnce => isUserTransformed;

    /// <param name="name">A scheme that was added; there are never more of them than the application has.</param>
    public BearerScheme Get(string name) =>
        _schemes.TryGetValue(name, out var scheme) ? scheme : _schemes.GetOrAdd(name, Find); // A delegate only once.

    private BearerScheme Find(string name) => new(services.GetRequiredKeyedService<BearerAuthentication>(name), options.Get(name));
}

/// <summary>One scheme.</summary>
/// <param name="Bearer">Finds and validates its tokens.</param>
/// <param name="Options">Its settings, read once.</param>
internal sealed record BearerScheme(BearerAuthentication Bearer, TokenSessionsOptions Options);
