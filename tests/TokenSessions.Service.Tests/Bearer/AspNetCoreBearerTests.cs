using Microsoft.AspNetCore.Builder;
using TokenSessions.AspNetCore;

namespace TokenSessions.Service.Tests.Bearer;

/// <summary>The suite with our own scheme.</summary>
public sealed class AspNetCoreBearerTests : BearerTests
{
    protected override void Add(WebApplicationBuilder builder) => builder.AddTokenSessions();
}
