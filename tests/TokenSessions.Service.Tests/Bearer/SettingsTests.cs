using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using TokenSessions.AspNetCore;

namespace TokenSessions.Service.Tests.Bearer;

/// <summary>Settings are read and checked once, before the server listens, all of them.</summary>
public sealed class SettingsTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    [Fact]
    public async Task Names_every_problem_at_once_with_setting_and_environment_variable()
    {
        var problems = await ProblemsAsync("Production", [
            ("ClockSkew", "abc"), ("MaxStaleness", "30"), ("MaxTokenLifetime", "1.00:00:01"), ("AcceptTokensWhileDenylistIsDown", "25:00:00"), ("AcceptTokensWithoutDenylist", "yes"),
            ("MaxRememberedTokens", "4294967296"), ("MaxRememberedBytes", "64 MB"), ("KeySetUri", "ftp://x"), ("DenylistUri", "http://feed.example"), ("KeySetFile", "missing.json"), ("Types:0", ""),
        ]);

        Assert.Equal(
            [
                "AcceptTokensWhileDenylistIsDown must be a duration written hh:mm:ss or days.hh:mm:ss, such as 00:10:00, or 0, but is '25:00:00'.",
                "AcceptTokensWithoutDenylist must be true or false, but is 'yes'.",
                "Audience is missing: give the aud that names this API.",
                "ClockSkew must be a duration written hh:mm:ss or days.hh:mm:ss, such as 00:10:00, or 0, but is 'abc'.",
                "DenylistUri must be https, or http on this machine, without query and fragment, but is 'http://feed.example/'.",
                "Issuer is missing: give the exact iss of the tokens to accept.",
                "KeySetFile names no file: 'missing.json'.",
                "KeySetUri must be an absolute URL, but is 'ftp://x'.",
                "MaxRememberedBytes must be a whole number, written in digits, but is '64 MB'.",
                "MaxRememberedTokens must be a whole number, written in digits, but is '4294967296'.",
                "MaxStaleness must be a duration written hh:mm:ss or days.hh:mm:ss, such as 00:10:00, or 0, but is '30'.",
                "MaxTokenLifetime must be above 0 and at most 1.00:00:00, but is 1.00:00:01.",
                "Types:0 must be a text that is not empty, but is ''.",
            ],
            problems.ToArray());
    }

    [Theory]
    [InlineData("Production", "https://id.example", true)]
    [InlineData("Production", "https://id.example/tenant", true)]
    [InlineData("Production", "https://id.example?x=1", false)]
    [InlineData("Production", "https://id.example#x", false)]
    [InlineData("Production", "http://localhost:5080", false)]
    [InlineData("Production", "id.example", false)]
    [InlineData("Development", "https://id.example", true)]
    [InlineData("Development", "http://localhost:5080", true)]
    [InlineData("Development", "http://127.0.0.1:5080", true)]
    [InlineData("Development", "http://id.example", false)]
    [InlineData("Development", "http://localhost.example", false)]
    [InlineData("Development", "http://localhost?x=1", false)]
    [InlineData("Development", "id.example", false)]
    public async Task The_issuer_is_https_or_in_development_http_on_this_machine(string environment, string issuer, bool isFine)
    {
        var problems = await ProblemsAsync(environment, [("Issuer", issuer), ("Audience", "api")]);

        Assert.Equal(isFine, problems.Count == 0);
        Assert.All(problems, problem => Assert.StartsWith("Issuer must be an https URL", problem, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Development", "any name", true)]
    [InlineData("Development", "http://id.example", true)]
    [InlineData("Production", "http://id.example", false)]
    public async Task In_development_a_key_set_file_allows_any_issuer(string environment, string issuer, bool isFine)
    {
        var problems = await ProblemsAsync(environment, [
            ("Issuer", issuer), ("Audience", "api"), ("KeySetFile", _file), ("AcceptTokensWithoutDenylist", "true"),
        ]);

        Assert.Equal(isFine, problems.Count == 0);
    }

    [Fact]
    public async Task A_feed_is_not_discovered_from_an_issuer_that_is_no_address()
    {
        var problems = await ProblemsAsync("Development", [("Issuer", "any name"), ("Audience", "api"), ("KeySetFile", _file)]);

        Assert.Equal(["DenylistKeySetUri is missing", "DenylistUri is missing"], problems.Select(problem => problem.Split(':')[0]));
    }

    [Fact]
    public async Task Contradictions_are_problems()
    {
        var problems = await ProblemsAsync("Production", [
            ("Issuer", "https://id.example"), ("Audience", "api"), ("KeySetFile", _file), ("KeySetUri", "https://id.example/keys"),
            ("DenylistUri", "https://id.example/denylist/"), ("AcceptTokensWithoutDenylist", "true"),
        ]);

        Assert.Equal(
            ["AcceptTokensWithoutDenylist contradicts DenylistUri: choose one.", "KeySetFile and KeySetUri are both given: choose one."],
            problems);
    }

    [Theory]
    [InlineData("Audience", "a", "a")]
    [InlineData("Audiences:0", "a", "a")]
    [InlineData("Types:0", "JWT", "JWT")]
    [InlineData("AcceptTokensWhileDenylistIsDown", "0", "00:00:00")]
    [InlineData("AcceptTokensWhileDenylistIsDown", "00:05:00", "00:05:00")]
    [InlineData("ClockSkew", "00:00:05", "00:00:05")]
    [InlineData("MaxStaleness", "", "00:00:30")] // Emptied means unset.
    [InlineData("MaxStaleness", "00:01:00", "00:01:00")]
    [InlineData("MaxTokenLifetime", "1.00:00:00", "1.00:00:00")]
    [InlineData("MaxRememberedTokens", "0", "0")]
    [InlineData("MaxRememberedTokens", "1000000", "1000000")]
    [InlineData("MaxRememberedBytes", "17179869184", "17179869184")]
    [InlineData("AcceptTokensWithoutDenylist", "TRUE", "True")]
    [InlineData("KeySetUri", "https://id.example/keys", "https://id.example/keys")]
    public void Reads_each_setting(string name, string value, string expected)
    {
        using var app = Build("Production", [(name, value)]);

        var options = app.Services.GetRequiredService<IOptionsFactory<TokenSessionsOptions>>();
        var read = Assert.Throws<OptionsValidationException>(() => options.Create("TokenSessions")); // No issuer, for one.
        Assert.DoesNotContain(read.Failures, failure => failure.Contains($":{name} ", StringComparison.Ordinal));

        var settings = Configure(app, "TokenSessions");
        Assert.Equal(expected, name switch
        {
            "Audience" => settings.Audience,
            "Audiences:0" => settings.Audiences.Single(),
            "Types:0" => settings.Types.Single(),
            "AcceptTokensWhileDenylistIsDown" => settings.AcceptTokensWhileDenylistIsDown.ToString(),
            "ClockSkew" => settings.ClockSkew.ToString(),
            "MaxStaleness" => settings.MaxStaleness.ToString(),
            "MaxTokenLifetime" => settings.MaxTokenLifetime.ToString(),
            "MaxRememberedTokens" => $"{settings.MaxRememberedTokens}",
            "MaxRememberedBytes" => $"{settings.MaxRememberedBytes}",
            "AcceptTokensWithoutDenylist" => settings.AcceptTokensWithoutDenylist.ToString(),
            _ => settings.KeySetUri?.ToString(),
        });
    }

    [Theory]
    [InlineData("30")] // The platform's parser: 30 days.
    [InlineData("10:00")] // 10 hours.
    [InlineData("24:00:00")] // 24 days.
    [InlineData("0:1:0")]
    [InlineData("-00:00:01")]
    [InlineData("00:00:00.5")]
    public async Task A_duration_that_could_be_misread_is_a_problem(string text)
    {
        var problems = await ProblemsAsync("Production", [("Issuer", "https://id.example"), ("Audience", "api"), ("ClockSkew", text)]);

        Assert.Equal([$"ClockSkew must be a duration written hh:mm:ss or days.hh:mm:ss, such as 00:10:00, or 0, but is '{text}'."], problems);
    }

    [Fact]
    public void Code_has_the_last_word()
    {
        using var app = Build("Production", [("Audience", "from settings")], options => options.Audience += ", and code");

        Assert.Equal("from settings, and code", Configure(app, "TokenSessions").Audience);
    }

    [Fact]
    public void A_scheme_cannot_be_added_twice() => Assert.Throws<InvalidOperationException>(() =>
        new ServiceCollection().AddBearerAuthentication("x", null).AddBearerAuthentication("x", null));

    public void Dispose() => File.Delete(_file);

    /// <summary>The problems in order, without the two names that each must begin with.</summary>
    private static async Task<IReadOnlyList<string>> ProblemsAsync(string environment, (string Name, string Value)[] settings)
    {
        await using var app = Build(environment, settings);
        try
        {
            await app.StartAsync(TestContext.Current.CancellationToken);
            return [];
        }
        catch (OptionsValidationException e)
        {
            return [.. e.Failures.Select(WithoutNames).Order(StringComparer.Ordinal)];
        }
    }

    private static string WithoutNames(string failure)
    {
        Assert.StartsWith("TokenSessions:", failure, StringComparison.Ordinal);
        var name = failure["TokenSessions:".Length..failure.IndexOf(' ', StringComparison.Ordinal)];
        var names = $"TokenSessions:{name} (environment variable TokenSessions__{name.Replace(":", "__", StringComparison.Ordinal)})";
        Assert.StartsWith(names, failure, StringComparison.Ordinal);
        return name + failure[names.Length..];
    }

    private static TokenSessionsOptions Configure(WebApplication app, string scheme)
    {
        var options = new TokenSessionsOptions();
        foreach (var step in app.Services.GetServices<IConfigureOptions<TokenSessionsOptions>>())
        {
            (step as IConfigureNamedOptions<TokenSessionsOptions>)?.Configure(scheme, options);
        }

        return options;
    }

    private static WebApplication Build(
        string environment, (string Name, string Value)[] settings, Action<TokenSessionsOptions>? configure = null)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { EnvironmentName = environment });
        builder.Configuration.Sources.Clear(); // The settings file of the sample API lies beside the tests.
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(
            settings.Select(setting => KeyValuePair.Create<string, string?>($"TokenSessions:{setting.Name}", setting.Value)));
        builder.Services.AddHttpClient(TokenSessionsDefaults.HttpClientName).ConfigurePrimaryHttpMessageHandler(() => new NoNetwork());
        builder.AddTokenSessions(configure);
        return builder.Build();
    }

    private sealed class NoNetwork : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            throw new HttpRequestException("No network.");
    }
}
