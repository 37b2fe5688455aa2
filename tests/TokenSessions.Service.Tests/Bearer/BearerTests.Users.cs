using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using TokenSessions.AspNetCore;

namespace TokenSessions.Service.Tests.Bearer;

public abstract partial class BearerTests
{
    [Fact]
    public async Task What_a_request_does_to_its_user_the_next_one_with_the_same_token_does_not_see()
    {
        await using var api = await StartAsync(app =>
        {
            app.MapGet("/roles", (ClaimsPrincipal user) => string.Join(',', user.FindAll("roles").Select(role => role.Value)))
                .RequireAuthorization();
            app.MapGet("/promote", (ClaimsPrincipal user) => ((ClaimsIdentity)user.Identity!).AddClaim(new("roles", "admin")))
                .RequireAuthorization();
            app.MapGet("/admin", () => "in").RequireAuthorization(policy => policy.RequireRole("admin"));
        });
        var token = api.Token.With("roles", new System.Text.Json.Nodes.JsonArray("user"));

        Assert.Equal(200, (await api.GetWithAsync("/promote", token)).Status);

        Assert.Equal("user", (await api.GetWithAsync("/roles", token)).Body);
        Assert.Equal(403, (await api.GetWithAsync("/admin", token)).Status);
    }

    [Theory]
    [InlineData("added", "reports.read", 200)]
    [InlineData("added", "reports.write", 200)]
    [InlineData("removed", "reports.read", 403)]
    [InlineData("removed", "reports.write", 403)]
    public async Task A_transformation_of_claims_decides_the_scopes_too(string change, string scope, int status)
    {
        await using var api = await TestApi.StartAsync(
            builder =>
            {
                Add(builder);
                builder.Services.AddSingleton<IClaimsTransformation>(new ScopeTransformation(change == "added"));
            },
            app => app.MapGet("/scope", () => "in").RequireScope(scope));

        var token = change == "added" ? api.Token : api.Token.With("scope", "reports.read reports.write");

        Assert.Equal(status, (await api.GetWithAsync("/scope", token)).Status);
    }

    [Theory]
    [InlineData(null, 200)]
    [InlineData("true", 403)]
    public async Task A_transformation_that_copies_the_identity_under_another_name_loses_no_claim(string? suspended, int status)
    {
        await using var api = await TestApi.StartAsync(
            builder =>
            {
                Add(builder);
                builder.Services.AddTransient<IClaimsTransformation, CopyingTransformation>();
            },
            app => app.MapGet("/in", () => "in").RequireAuthorization(policy =>
                policy.RequireAssertion(context => !context.User.HasClaim("suspended", "true"))));

        Assert.Equal(status, (await api.GetWithAsync("/in", suspended is null ? api.Token : api.Token.With("suspended", true))).Status);
    }

    private sealed class CopyingTransformation : IClaimsTransformation
    {
        public Task<ClaimsPrincipal> TransformAsync(ClaimsPrincipal principal) =>
            Task.FromResult<ClaimsPrincipal>(new(new ClaimsIdentity(principal.Identity, [new("tenant", "a")], "Other", "sub", "roles")));
    }

    /// <summary>Adds two scopes, or takes all away.</summary>
    private sealed class ScopeTransformation(bool adds) : IClaimsTransformation
    {
        public Task<ClaimsPrincipal> TransformAsync(ClaimsPrincipal principal)
        {
            var identity = (ClaimsIdentity)principal.Identity!;
            if (adds)
            {
                identity.AddClaim(new("scope", "reports.read reports.write"));
            }

            foreach (var scope in adds ? [] : identity.FindAll("scope").ToArray())
            {
                identity.RemoveClaim(scope);
            }

            return Task.FromResult(principal);
        }
    }
}
