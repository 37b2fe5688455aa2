using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using TokenSessions.Issuing;
using TokenSessions.Issuing.Keys;
using TokenSessions.Issuing.Stores;
using TokenSessions.Tests.Issuing.Keys;
using TokenSessions.Tests.Stores;

namespace TokenSessions.Tests.Issuing;

/// <summary>Sessions from an application's own endpoints and its own user table, as the README shows it.</summary>
public sealed class OwnEndpointTests : IDisposable
{
    private const int MostLines = 20;

    private readonly RingDirectory _ring = new(TimeProvider.System);
    private readonly ScratchDirectory _scratch = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _ring.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public async Task An_endpoint_of_ones_own_starts_and_refreshes_a_session()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var app = builder.Build();
        var (ringPath, storePath) = (_ring.Path, _scratch.Path);

#pragma warning disable xUnit1051 // The page's lines run outside a test.
        // <snippet>
        var time = TimeProvider.System;
        using var keys = await KeyRingFile.OpenAsync(ringPath, new() { AllowPrivateKeysInFiles = true }, time);
        await using var store = JournalStore.Open(storePath, time);
        var options = new SessionIssuerOptions { Issuer = "https://id.example.com", DefaultAudience = "https://api.example.com" };
        var sessions = new SessionIssuer(options, keys, store, new UserTable(), time);

        app.MapPost("/login", async (Login login) => UserTable.Check(login)
            ? Answer(await sessions.StartAsync(new() { Subject = login.Name }))
            : Results.Unauthorized());
        app.MapPost("/refresh", async (Refresh refresh) =>
            Answer(await sessions.RefreshAsync(new() { RefreshToken = refresh.Token })));

        static IResult Answer(SessionResult result) =>
            result.IsIssued ? Results.Json(result.Tokens) : Results.BadRequest(result.Rejection.ToString());
        // </snippet>
#pragma warning restore xUnit1051

        await app.StartAsync(Cancellation);
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        using var http = new HttpClient { BaseAddress = new(address) };

        using var refused = await http.PostAsJsonAsync("/login", new Login("ada", "wrong"), Cancellation);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);

        var first = await PostAsync(http, "/login", new Login("ada", "right"));
        var second = await PostAsync(http, "/refresh", new Refresh((string)first["refreshToken"]!));
        Assert.Equal((string)first["sessionId"]!, (string)second["sessionId"]!);
        Assert.Equal("reports.read", (string)IssuerUnderTest.ReadSegment((string)second["accessToken"]!, 1)["scope"]!);

        using var junk = await http.PostAsJsonAsync("/refresh", new Refresh("junk"), Cancellation);
        Assert.Equal("\"RefreshTokenInvalid\"", await junk.Content.ReadAsStringAsync(Cancellation));
    }

    [Theory]
    [InlineData("README.md")]
    [InlineData("src/TokenSessions.Issuing/README.md")]
    public void The_pages_show_these_very_lines_and_they_are_fewer_than_20(string page)
    {
        var source = File.ReadAllLines(Path.Combine(SourceTree.Root, "tests/TokenSessions.Tests/Issuing/OwnEndpointTests.cs"));
        var lines = source.SkipWhile(line => line.Trim() != "// <snippet>").Skip(1).TakeWhile(line => line.Trim() != "// </snippet>")
            .Select(line => line.Length > 8 ? line[8..] : "").ToArray();

        Assert.InRange(lines.Count(line => line.Length > 0), 10, MostLines - 1);
        var readme = File.ReadAllText(Path.Combine(SourceTree.Root, page));
        Assert.Contains(string.Join('\n', lines), readme.ReplaceLineEndings("\n"));
    }

    private static async Task<JsonObject> PostAsync<T>(HttpClient http, string path, T body)
    {
        using var answer = await http.PostAsJsonAsync(path, body, Cancellation);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancellation))!.AsObject();
    }

    private sealed record Login(string Name, string Password);

    private sealed record Refresh(string Token);

    /// <summary>Stands for the application's own users.</summary>
    private sealed class UserTable : ISubjectDirectory
    {
        public static bool Check(Login login) => login is { Name: "ada", Password: "right" };

        public ValueTask<SubjectRecord?> FindAsync(string subject, CancellationToken cancellationToken) =>
            new(subject == "ada" ? new SubjectRecord { Scopes = ["reports.read"] } : null);
    }
}
