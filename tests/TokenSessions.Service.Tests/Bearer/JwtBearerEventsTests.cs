using System.IdentityModel.Tokens.Jwt;
using System.Security.Claims;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;
using TokenSessions.AspNetCore;
using TokenSessions.JwtBearer;
using TokenSessions.Tests.Validation;

namespace TokenSessions.Service.Tests.Bearer;

/// <summary>What an application hung on AddJwtBearer goes on working; accepting is not among it.</summary>
public sealed class JwtBearerEventsTests
{
    private static readonly Dictionary<string, string?> NoSettings = new()
    {
        ["TokenSessions:Issuer"] = null,
        ["TokenSessions:Audience"] = null,
    };

    [Fact]
    public async Task The_application_may_find_the_token_elsewhere()
    {
        await using var api = await StartAsync(options => options.Events = new()
        {
            OnMessageReceived = context =>
            {
                context.Token = context.Request.Query["access_token"];
                return Task.CompletedTask;
            },
        });

        api.Leaks.IsOff = true;
        Assert.Equal("alice", (await api.GetAsync($"/me?access_token={api.Token.Sign()}")).Body);
        Assert.Equal("alice", (await api.GetWithAsync("/me", api.Token)).Body);
        Assert.Equal("token_expired", (await api.GetAsync($"/me?access_token={api.Token.With("exp", 2).With("iat", 1).Sign()}")).Code);
    }

    [Fact]
    public async Task An_event_cannot_accept_a_token_that_was_not_validated()
    {
        static void Accept(ResultContext<JwtBearerOptions> context)
        {
            context.Principal = new(new ClaimsIdentity([new("sub", "mallory")], "forged", "sub", "roles"));
            context.Success();
        }

        await using var early = await StartAsync(options => options.Events = new()
        {
            OnMessageReceived = context =>
            {
                Accept(context);
                return Task.CompletedTask;
            },
        });
        await using var late = await StartAsync(options => options.Events = new()
        {
            OnAuthenticationFailed = context =>
            {
                Accept(context);
                return Task.CompletedTask;
            },
        });

        Assert.Equal("invalid_token", (await early.GetAsync("/me")).Code);
        Assert.Equal("invalid_token", (await late.GetAsync("/me", "Bearer x")).Code);
    }

    [Fact]
    public async Task An_event_can_refuse_before_and_after_validation()
    {
        await using var early = await StartAsync(options => options.Events = new()
        {
            OnMessageReceived = context =>
            {
                context.NoResult();
                return Task.CompletedTask;
            },
        });
        await using var late = await StartAsync(options => options.Events = new()
        {
            OnTokenValidated = context =>
            {
                context.Fail("Not on Fridays.");
                return Task.CompletedTask;
            },
        });

        Assert.Equal("token_missing", (await early.GetWithAsync("/me", early.Token)).Code);
        Assert.Equal("invalid_token", (await late.GetWithAsync("/me", late.Token)).Code);
    }

    [Fact]
    public async Task OnTokenValidated_sees_the_token_and_may_add_claims()
    {
        JwtSecurityToken? seen = null;
        await using var api = await StartAsync(
            options => options.Events = new()
            {
                OnTokenValidated = context =>
                {
                    seen = context.SecurityToken as JwtSecurityToken;
                    ((ClaimsIdentity)context.Principal!.Identity!).AddClaim(new("roles", "admin"));
                    return Task.CompletedTask;
                },
            },
            app => app.MapGet("/admin", () => "in").RequireAuthorization(policy => policy.RequireRole("admin")));

        Assert.Equal(200, (await api.GetWithAsync("/admin", api.Token)).Status);
        Assert.Equal("alice", seen!.Subject);
    }

    [Fact]
    public async Task What_an_event_does_to_token_and_user_no_other_request_with_the_token_sees()
    {
        var (tokens, users) = (new List<JwtSecurityToken>(), new List<ClaimsPrincipal>());
        await using var api = await StartAsync(options => options.Events = new()
        {
            OnTokenValidated = context =>
            {
                tokens.Add((JwtSecurityToken)context.SecurityToken);
                Assert.False(tokens[^1].Payload.ContainsKey("tenant"));
                tokens[^1].Payload["tenant"] = "changed";
                users.Add(context.Principal!);
                ((ClaimsIdentity)context.Principal!.Identity!).AddClaim(new("seen", "once"));
                return Task.CompletedTask;
            },
        });
        var (first, other) = (api.Token.Sign(), api.Token.With("sub", "bob").Sign());

        await api.GetAsync("/me", $"Bearer {first}");
        await api.GetAsync("/me", $"bearer  {first}");
        await api.GetAsync("/me", $"Bearer {other}");

        Assert.Equal([first, first, other], tokens.Select(token => token.RawData));
        Assert.Equal(3, tokens.Distinct().Count());
        Assert.All(users, user => Assert.Single(user.FindAll("seen")));
    }

    [Fact]
    public async Task A_rejection_is_an_exception_of_its_own_for_each_request()
    {
        var seen = new List<Exception>();
        await using var api = await StartAsync(options => options.Events = new()
        {
            OnAuthenticationFailed = context =>
            {
                Assert.Empty(context.Exception.Data);
                context.Exception.Data["path"] = "/me";
                seen.Add(context.Exception);
                return Task.CompletedTask;
            },
        });

        await api.GetAsync("/me", "Bearer x");
        await api.GetAsync("/me", "Bearer x");

        Assert.Equal(2, seen.Count);
        Assert.Equal("The access token was rejected: Malformed.", seen[1].Message);
    }

    [Fact]
    public async Task OnAuthenticationFailed_gets_the_exception_it_looks_for()
    {
        var seen = new List<string>();
        await using var api = await StartAsync(options => options.Events = new()
        {
            OnAuthenticationFailed = context =>
            {
                seen.Add(context.Exception.GetType().Name);
                return Task.CompletedTask;
            },
        });

        await api.GetWithAsync("/me", api.Token.With("exp", 2).With("iat", 1));
        await api.GetWithAsync("/me", api.Token.With("aud", "x"));
        await api.GetAsync("/me", "Bearer x");
        await api.GetAsync("/me");

        Assert.Equal(
            [nameof(SecurityTokenExpiredException), nameof(SecurityTokenInvalidAudienceException), nameof(SecurityTokenValidationException)],
            seen);
    }

    [Fact]
    public async Task OnChallenge_may_answer_itself_or_leave_it_to_us()
    {
        await using var api = await StartAsync(options => options.Events = new()
        {
            OnChallenge = context =>
            {
                if (context.AuthenticateFailure is SecurityTokenExpiredException)
                {
                    context.Response.StatusCode = 418;
                    context.HandleResponse();
                }

                return Task.CompletedTask;
            },
        });

        Assert.Equal(418, (await api.GetWithAsync("/me", api.Token.With("exp", 2).With("iat", 1))).Status);
        Assert.Equal("invalid_token", (await api.GetAsync("/me", "Bearer x")).Code);
    }

    [Fact]
    public async Task Events_may_come_as_a_subclass_or_a_type()
    {
        await using var subclass = await StartAsync(options => options.Events = new BobEvents());
        await using var type = await StartAsync(
            options => options.EventsType = typeof(BobEvents), services: services => services.AddScoped<BobEvents>());

        foreach (var api in (TestApi[])[subclass, type])
        {
            Assert.Equal("bob", (await api.GetWithAsync("/me", api.Token)).Body);
            Assert.Equal("invalid_token", (await api.GetAsync("/me", "Bearer x")).Code);
        }
    }

    [Fact]
    public async Task Claim_types_saved_tokens_and_times_are_as_the_application_chose()
    {
        await using var api = await StartAsync(
            options =>
            {
                options.SaveToken = true;
                options.TokenValidationParameters.NameClaimType = "nick";
                options.TokenValidationParameters.RoleClaimType = "groups";
            },
            app => app.MapGet("/saved", async (HttpContext context) =>
            {
                var result = await context.AuthenticateAsync();
                return $"{await context.GetTokenAsync("access_token")} {result.Properties!.ExpiresUtc:HH:mm:ss}";
            }).RequireAuthorization(policy => policy.RequireRole("staff")));
        var token = api.Token.With("nick", "al").With("groups", new JsonArray("staff")).Sign();

        api.Leaks.IsOff = true;
        Assert.Equal("al", (await api.GetAsync("/me", $"Bearer {token}")).Body);
        Assert.Equal($"{token} 12:10:00", (await api.GetAsync("/saved", $"Bearer {token}")).Body);
    }

    [Theory] // Whether or not an event has to see the token.
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_token_found_elsewhere_is_saved_too(bool isWatched)
    {
        await using var api = await StartAsync(
            options =>
            {
                options.SaveToken = true;
                options.Events = new()
                {
                    OnMessageReceived = context =>
                    {
                        context.Token = context.Request.Query["access_token"];
                        return Task.CompletedTask;
                    },
                };
                if (isWatched)
                {
                    options.Events.OnTokenValidated = _ => Task.CompletedTask;
                }
            },
            app => app.MapGet("/saved", async (HttpContext context) => $"{await context.GetTokenAsync("access_token")}").RequireAuthorization());
        var (header, query) = (api.Token.Sign(), api.Token.With("sub", "bob").Sign());

        api.Leaks.IsOff = true;
        Assert.Equal(query, (await api.GetAsync($"/saved?access_token={query}", $"Bearer {header}")).Body);
        Assert.Equal(header, (await api.GetAsync("/saved", $"Bearer {header}")).Body);
    }

    [Fact]
    public async Task Takes_issuer_and_audience_over_where_no_settings_name_them()
    {
        await using var api = await StartAsync(
            options => (options.Authority, options.Audience) = (TestToken.Issuer, TestToken.Audience), settings: NoSettings);

        Assert.Equal("alice", (await api.GetWithAsync("/me", api.Token)).Body);
        Assert.Equal("invalid_token", (await api.GetWithAsync("/me", api.Token.With("aud", "other"))).Code);
        Assert.Equal("invalid_token", (await api.GetWithAsync("/me", api.Token.With("iss", "https://other.example"))).Code);
    }

    [Fact]
    public async Task Does_not_start_without_AddJwtBearer_or_an_issuer()
    {
        var missing = await Assert.ThrowsAsync<OptionsValidationException>(() => TestApi.StartAsync(builder =>
        {
            builder.Services.AddAuthorization();
            builder.Services.AddAuthentication().UseTokenSessions();
        }));
        var nameless = await Assert.ThrowsAsync<OptionsValidationException>(() => StartAsync(_ => { }, settings: NoSettings));

        Assert.Contains("AddJwtBearer", missing.Message, StringComparison.Ordinal);
        Assert.Contains("TokenSessions__Issuer", nameless.Message, StringComparison.Ordinal);
        Assert.Contains("TokenSessions__Audience", nameless.Message, StringComparison.Ordinal);
    }

    private static Task<TestApi> StartAsync(
        Action<JwtBearerOptions> configure,
        Action<WebApplication>? map = null,
        Action<IServiceCollection>? services = null,
        Dictionary<string, string?>? settings = null) => TestApi.StartAsync(
            builder =>
            {
                services?.Invoke(builder.Services);
                builder.Services.AddAuthorization();
                builder.Services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer(configure).UseTokenSessions();
            },
            map,
            settings);

    private sealed class BobEvents : JwtBearerEvents
    {
        /// <summary>Without calling the base: an override must not switch our validation off.</summary>
        public override Task MessageReceived(MessageReceivedContext context) => Task.CompletedTask;

        public override Task TokenValidated(TokenValidatedContext context)
        {
            Assert.NotNull(context.Principal!.FindValidatedToken());
            Assert.Equal("alice", Assert.IsType<JwtSecurityToken>(context.SecurityToken).Subject);
            context.Principal = new(new ClaimsIdentity([new("sub", "bob")], "test", "sub", "roles"));
            return Task.CompletedTask;
        }
    }
}
