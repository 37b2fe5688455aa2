using System.Buffers.Text;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text;
using Microsoft.Extensions.Logging;

namespace TokenSessions.Service.Tests.Leaks;

/// <summary>The watch over all tests with a host notices what it is there for.</summary>
public sealed class LeakWatchTests
{
    private readonly string _secret = $"{Guid.NewGuid():N}"; // Telemetry is of the whole process: each test has its own.
    private readonly string _token = $"eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.{Guid.NewGuid():N}.{Guid.NewGuid():N}";
    private readonly LeakWatch _watch = new();

    public LeakWatchTests()
    {
        Learn(_watch);
        _watch.Check();
    }

    [Theory]
    [InlineData("log")]
    [InlineData("exception")]
    [InlineData("value")]
    [InlineData("scope")]
    [InlineData("trace tag")]
    [InlineData("trace name")]
    [InlineData("trace baggage")]
    [InlineData("trace event")]
    [InlineData("trace event tag")]
    [InlineData("trace link")]
    [InlineData("trace status")]
    [InlineData("metric")]
    [InlineData("observed metric")]
    [InlineData("body")]
    [InlineData("header")]
    public void A_secret_or_a_part_of_it_is_noticed_wherever_it_is_told(string place)
    {
        foreach (var told in (string[])[_secret, $"x{_secret[7..(7 + Secrets.PartLength)]}y", _token, _token[^Secrets.PartLength..]])
        {
            var watch = new LeakWatch();
            Learn(watch);
            Tell(watch, place, told);

            Assert.ThrowsAny<Xunit.Sdk.XunitException>(watch.Check);
        }
    }

    [Fact]
    public void Every_place_is_named_also_where_the_same_text_was_told_twice()
    {
        foreach (var place in (string[])["log", "trace tag", "trace status", "metric", "body", "header"])
        {
            Tell(_watch, place, _secret);
        }

        var message = Assert.ThrowsAny<Xunit.Sdk.XunitException>(_watch.Check).Message;

        Assert.Equal(
            ["body of a test", "header of a test", "log a test 1 (Trace)", "metric x, tag x", "trace a test x", "trace a test x, tag x"],
            message.Split('\n')[1..].Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("a+b/c?d>e~f?g>h", false)]
    [InlineData("a+b/c?d>e~f?g>h", true)]
    public void A_password_is_noticed_in_base64_too(string password, bool isUrl)
    {
        _watch.Sent([], $$"""{"password":"{{password}}"}""");
        var bytes = Encoding.UTF8.GetBytes(password);

        Tell(_watch, "body", isUrl ? Base64Url.EncodeToString(bytes) : Convert.ToBase64String(bytes));

        Assert.ThrowsAny<Xunit.Sdk.XunitException>(_watch.Check);
    }

    [Fact]
    public void What_everybody_knows_and_what_is_too_short_to_tell_anything_is_no_leak()
    {
        foreach (var known in (string[])[_token[.._token.IndexOf('.', StringComparison.Ordinal)], _secret[..(Secrets.PartLength - 1)], "demo", "x"])
        {
            foreach (var place in (string[])["log", "scope", "body", "header"])
            {
                Tell(_watch, place, known);
            }
        }

        _watch.Check();
    }

    [Theory]
    [InlineData("grant_type=refresh_token&refresh_token={0}")]
    [InlineData("password={0}&username=demo")]
    [InlineData("""{"refresh_token" : "{0}"}""")]
    [InlineData("""{"a":1,"token":"{0}","b":2""")]
    [InlineData("""{"token":"\u12G4{0}"}""")]
    [InlineData("""{"token":"\u0041{0}"}""")]
    public void Secrets_are_learnt_from_forms_and_JSON_even_broken_ones(string body)
    {
        var secret = Guid.NewGuid().ToString("N");
        _watch.Sent([], body.Replace("{0}", secret, StringComparison.Ordinal));
        _watch.Check();

        Tell(_watch, "body", $"It was {secret}.");

        Assert.ThrowsAny<Xunit.Sdk.XunitException>(_watch.Check);
    }

    [Fact]
    public async Task The_answer_that_hands_a_token_out_may_tell_it_and_no_other_may()
    {
        var secret = Guid.NewGuid().ToString("N");
        using var handedOut = new HttpResponseMessage { Content = new StringContent($$"""{"access_token":"{{secret}}"}""") };
        await _watch.AnsweredAsync(handedOut);
        _watch.Check();

        using var other = new HttpResponseMessage { Content = new StringContent($$"""{"detail":"{{secret}}"}""") };
        await _watch.AnsweredAsync(other);

        Assert.ThrowsAny<Xunit.Sdk.XunitException>(_watch.Check);
    }

    [Fact]
    public void A_document_that_the_issuer_signs_may_name_what_a_token_names_and_must_not_hold_a_secret()
    {
        var token = Signed("""{"iss":"http://localhost","sid":"a-session-of-somebody"}""", _secret);
        var watch = new LeakWatch();
        Learn(watch);
        watch.Sent([token], "");
        Tell(watch, "body", Signed("""{"iss":"http://localhost","sid":"a-session-of-somebody"}""", "of another document"));
        watch.Check();

        Tell(watch, "body", Signed($$"""{"iss":"http://localhost","token":"x{{_secret}}"}""", "of another document"));

        Assert.ThrowsAny<Xunit.Sdk.XunitException>(watch.Check);

        static string Signed(string content, string signature) =>
            $"eyJhbGciOiJFUzI1NiJ9.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(content))}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(signature))}";
    }

    private void Learn(LeakWatch watch) => watch.Sent([_token, "x"], $$"""{"username":"demo","password":"{{_secret}}"}""");

    private static void Tell(LeakWatch watch, string place, string told)
    {
        var logger = watch.Log.CreateLogger("a test");
        var failure = new InvalidOperationException(told);
        var values = new Dictionary<string, object?> { ["x"] = new[] { told } };
        using var source = new ActivitySource("a test");
        using var meter = new Meter("a test");
        switch (place)
        {
            case "log":
                logger.Log(LogLevel.Trace, 1, told, null, (state, _) => state);
                break;
            case "exception":
                logger.Log(LogLevel.Trace, 1, "", failure, (state, _) => state);
                break;
            case "value":
                logger.Log(LogLevel.Trace, 1, values, null, (_, _) => "");
                break;
            case "scope":
                logger.BeginScope(values)?.Dispose();
                break;
            case "trace tag":
                source.StartActivity("x")!.SetTag("x", told).Dispose();
                break;
            case "trace name":
                source.StartActivity(told)!.Dispose();
                break;
            case "trace baggage":
                source.StartActivity("x")!.SetBaggage("x", told).Dispose();
                break;
            case "trace event":
                source.StartActivity("x")!.AddEvent(new(told)).Dispose();
                break;
            case "trace event tag":
                source.StartActivity("x")!.AddEvent(new("x", default, new() { ["x"] = told })).Dispose();
                break;
            case "trace link":
                source.StartActivity("x")!.AddLink(new(default, new() { ["x"] = told })).Dispose();
                break;
            case "trace status":
                source.StartActivity("x")!.SetStatus(ActivityStatusCode.Error, told).Dispose();
                break;
            case "metric":
                meter.CreateCounter<long>("x").Add(1, KeyValuePair.Create("x", (object?)told));
                break;
            case "observed metric":
                meter.CreateObservableGauge("x", () => new Measurement<int>(1, KeyValuePair.Create("x", (object?)told)));
                Telemetry.Observe(); // As hosts do before they end.
                break;
            case "body":
                watch.Answered("a test", [], told);
                break;
            default:
                watch.Answered("a test", [told], "");
                break;
        }
    }
}
