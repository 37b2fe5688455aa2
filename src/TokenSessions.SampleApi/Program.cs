using Microsoft.AspNetCore.Authentication.JwtBearer;
using TokenSessions.Aws.DynamoDb;
using TokenSessions.Validation.Denylist;

var builder = WebApplication.CreateBuilder(args);
if (builder.Configuration["Bearer"] == "JwtBearer")
{
    builder.Services.AddAuthorization();
    builder.Services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer(_ => { }).UseTokenSessions();
}
else
{
    builder.AddTokenSessions();
}

if (builder.Configuration["TokenSessions:DynamoDb:Table"] is { Length: > 0 } table)
{
    // Revocations straight from the issuer's table: they reach this API while no service runs.
    builder.Services.AddSingleton<IDenylistFeed>(_ => new DynamoDbFeed(DynamoDbClients.Create(), new() { Table = table }, TimeProvider.System));
}

// The default address, unless one of the standard settings names another.
string[] addresses = ["Urls", "Http_Ports", "Https_Ports", "Kestrel:Endpoints"];
if (!addresses.Any(address => builder.Configuration.GetSection(address).Exists()))
{
    builder.WebHost.UseUrls("http://localhost:5090");
}

var app = builder.Build();
app.MapGet("/open", () => "Anybody may read this.");
app.MapGet("/me", (HttpContext context) => Results.Bytes(context.GetValidatedToken().Payload, "application/json"))
    .RequireAuthorization();
app.MapGet("/reports", () => "The scope reports.read may read this.").RequireScope("reports.read");
app.MapGet("/admin", () => "The role admin may read this.").RequireAuthorization(policy => policy.RequireRole("admin"));
app.Run();
