using System.Security.Claims;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;

namespace TokenSessions.AspNetCore;

/// <summary>Lets in only tokens with one of these scopes; put it twice where both of two are needed.</summary>
/// <param name="scopes">At least one word of <c>scope</c> (RFC 6749 §3.3), compared ordinally.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method, AllowMultiple = true)]
public sealed class RequireScopeAttribute(params string[] scopes) : AuthorizeAttribute, IAuthorizationRequirementData
{
    private readonly ScopeRequirement _requirement = new(scopes);

    /// <summary>The scopes, any of which will do.</summary>
    public IReadOnlyList<string> Scopes => _requirement.Scopes;

    /// <inheritdoc/>
    public IEnumerable<IAuthorizationRequirement> GetRequirements() => [_requirement];
}

/// <summary>The same for policies and for endpoints that are mapped.</summary>
public static class RequireScopeExtensions
{
    /// <summary>Lets in only tokens with one of these scopes; call it twice where both of two are needed.</summary>
    /// <param name="policy">The policy being built.</param>
    /// <param name="scopes">At least one.</param>
    public static AuthorizationPolicyBuilder RequireScope(this AuthorizationPolicyBuilder policy, params string[] scopes)
    {
        ArgumentNullException.ThrowIfNull(policy);
        return policy.RequireAuthenticatedUser().AddRequirements(new ScopeRequirement(scopes));
    }

    /// <inheritdoc cref="RequireScopeAttribute"/>
    /// <typeparam name="TBuilder">The kind of builder.</typeparam>
    /// <param name="builder">An endpoint or a group of them.</param>
    /// <param name="scopes">At least one.</param>
    public static TBuilder RequireScope<TBuilder>(this TBuilder builder, params string[] scopes)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new RequireScopeAttribute(scopes));
}

/// <summary>One of these scopes must have been granted.</summary>
internal sealed class ScopeRequirement : AuthorizationHandler<ScopeRequirement>, IAuthorizationRequirement
{
    public ScopeRequirement(IEnumerable<string> scopes)
    {
        Scopes = [.. scopes];
        if (Scopes.Count == 0 || Scopes.Any(scope => scope.Length == 0 || scope.Contains(' ', StringComparison.Ordinal)))
        {
            throw new ArgumentException("Give at least one scope, each a single word.", nameof(scopes));
        }
    }

    public IReadOnlyList<string> Scopes { get; }

    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, ScopeRequirement requirement)
    {
        if (requirement.AreInUntouched(context.User) || requirement.AreInClaims(context.User))
        {
            context.Succeed(requirement);
        }

        return Task.CompletedTask;
    }

    /// <summary>What nobody has looked at, nobody can have changed: then the token tells, and no claims are built.</summary>
    private bool AreInUntouched(ClaimsPrincipal user)
    {
        foreach (var identity in user.Identities)
        {
            if (identity is ValidatedTokenIdentity { AreClaimsBuilt: false } untouched && Allows(untouched.Token.Scopes))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>From the claims, so that it also works for users of other schemes and for users that were transformed.</summary>
    private bool AreInClaims(ClaimsPrincipal user) => user.FindAll("scope").Any(claim => Allows(claim.Value.Split(' ')));

    private bool Allows(IReadOnlyList<string> granted) => granted.Any(Scopes.Contains);
}
