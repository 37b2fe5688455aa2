using Microsoft.AspNetCore.Authentication.JwtBearer;

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
