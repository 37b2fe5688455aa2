using Microsoft.AspNetCore.Builder;
using TokenSessions.Validation;

namespace TokenSessions.AspNetCore;

/// <summary>
/// Lowers <see cref="TokenValidationOptions.AcceptTokensWhileDenylistIsDown"/> for an endpoint. It cannot raise it: where
/// several values meet (option, group, endpoint), the smallest counts.
/// </summary>
/// <param name="atMostSeconds">0: this endpoint answers 503 as soon as the denylist is stale.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method | AttributeTargets.Delegate)]
public sealed class AcceptTokensWhileDenylistIsDownAttribute(int atMostSeconds) : Attribute
{
    /// <summary>For how long at most, in seconds.</summary>
    public int AtMostSeconds { get; } = atMostSeconds;
}

/// <summary>The same for endpoints that are mapped.</summary>
public static class AcceptTokensWhileDenylistIsDownExtensions
{
    /// <inheritdoc cref="AcceptTokensWhileDenylistIsDownAttribute"/>
    /// <typeparam name="TBuilder">The kind of builder.</typeparam>
    /// <param name="builder">An endpoint or a group of them.</param>
    /// <param name="atMost">For how long at most, in whole seconds; 0 for never.</param>
    public static TBuilder AcceptTokensWhileDenylistIsDown<TBuilder>(this TBuilder builder, TimeSpan atMost)
        where TBuilder : IEndpointConventionBuilder
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(atMost, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(atMost, TimeSpan.FromHours(1));
        return builder.WithMetadata(new AcceptTokensWhileDenylistIsDownAttribute((int)atMost.TotalSeconds));
    }
}
