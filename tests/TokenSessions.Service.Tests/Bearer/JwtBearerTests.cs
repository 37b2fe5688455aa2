using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using TokenSessions.JwtBearer;

namespace TokenSessions.Service.Tests.Bearer;

/// <summary>The suite inside Microsoft's AddJwtBearer.</summary>
public sealed class JwtBearerTests : BearerTests
{
    protected override void Add(WebApplicationBuilder builder)
    {
        builder.Services.AddAuthorization();
        builder.Services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer(_ => { }).UseTokenSessions();
    }
}
