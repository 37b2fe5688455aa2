using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace TokenSessions.Service.Tests.Service;

public sealed class BadInputTests(BadInputTests.Fixture fixture) : IClassFixture<BadInputTests.Fixture>
{
    private const string Good = """{"username":"demo","password":"correct horse 42"}""";

    private readonly TestService _service = fixture.Service;

    public static TheoryData<string> BrokenJson =>
    [
        "", "{", "[]", "null", "\"x\"", "1", "{} {}", "{}x",
        """{"username":"demo","username":"demo","password":"x"}""",
        """{"username":"demo","user\u006eame":"demo","password":"x"}""",
        """{"username":1,"password":"x"}""",
        """{"username":{"a":1},"password":"x"}""",
        """{"username":["demo"],"password":"x"}""",
        """{"username":true,"password":"x"}""",
        """{"username":null,"password":"x"}""",
        """{"username":"","password":"x"}""",
        """{"username":"demo"}""",
        """{"username":"de\u0000mo","password":"x"}""",
        """{"username":"demo","password":"x\u0000"}""",
        """{"username":"\ud800","password":"x"}""",
        """{"username":"demo","password":"x","admin":true}""",
        """{"username":"demo","password":"x","audience":7}""",
        """{"username":"demo","password":"x",}""",
        """{"username":"demo",/* */"password":"x"}""",
        """{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}}}}}}}}}}}}""",
    ];

    public static TheoryData<string> BrokenForms =>
    [
        "", "grant_type=", "=refresh_token", "grant_type=refresh_token", "refresh_token=x", "&&&",
        "grant_type=refresh_token&refresh_token=",
        "grant_type=refresh_token&refresh_token=x&refresh_token=x",
        "grant_type=refresh_token&refresh_token=x&refresh%5Ftoken=y",
        "grant_type=refresh_token&grant_type=&refresh_token=x",
        "grant_type=refresh_token&refresh_token=%00",
        "grant_type=refresh_token&refresh_token=x&scope=%00",
        "grant_type=refresh_token&refresh_token=%",
        "grant_type=refresh_token&refresh_token=%4",
        "grant_type=refresh_token&refresh_token=%zz",
        "grant_type=refresh_token&refresh_token=%ff",
        "grant_type=refresh_token&refresh_token=%ed%a0%80",
        "grant_type=refresh_token&refresh_token=%0d%0a",
        "grant_type=refresh_token&refresh_token=x&scope=%0a",
    ];

    [Theory]
    [MemberData(nameof(BrokenJson))]
    public async Task Login_answers_400_to_what_is_no_flat_JSON_object_of_its_members(string body)
    {
        var answer = await _service.SendAsync(HttpMethod.Post, "/login", TestService.Json((object)body));

        Assert.Equal((400, "invalid_request"), (answer.Status, answer.Code));
    }

    [Theory]
    [InlineData(new byte[] { (byte)'{', 0xff, (byte)'}' })]
    [InlineData(new byte[] { 0xef, 0xbb, 0xbf, (byte)'{', (byte)'}' })]
    public async Task Login_answers_400_to_what_is_no_UTF_8_without_a_mark(byte[] body)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new("application/json");

        Assert.Equal(400, (await _service.SendAsync(HttpMethod.Post, "/login", content)).Status);
    }

    [Theory]
    [MemberData(nameof(BrokenForms))]
    public async Task Refresh_answers_400_to_forms_that_are_broken_or_say_something_twice(string body)
    {
        var answer = await _service.SendAsync(HttpMethod.Post, "/oauth2/token", TestService.RawForm(body));

        Assert.Equal((400, "invalid_request"), (answer.Status, answer.Code));
        Assert.Equal("invalid_request", JsonDocument.Parse(answer.Body).RootElement.GetProperty("error").GetString());
    }

    [Theory]
    [InlineData("grant_type=password&username=demo&password=x", "unsupported_grant_type")]
    [InlineData("grant_type=client_credentials", "unsupported_grant_type")]
    [InlineData("grant_type=refresh_token&refresh_token=x", "refresh_token_invalid")]
    [InlineData("grant_type=refresh_token&refresh_token=x&ignored=y", "refresh_token_invalid")]
    [InlineData("grant_type=refresh_token&refresh_token=a.b.c.d.e", "refresh_token_invalid")]
    public async Task Refresh_names_what_is_wrong(string body, string code) =>
        Assert.Equal((400, code), await StatusAndCodeAsync("/oauth2/token", TestService.RawForm(body)));

    [Theory]
    [InlineData(32, "refresh_token_invalid")]
    [InlineData(33, "invalid_request")]
    public async Task A_form_has_at_most_32_fields(int count, string code)
    {
        var more = string.Concat(Enumerable.Range(0, count - 2).Select(i => $"&f{i}=x"));

        Assert.Equal((400, code), await StatusAndCodeAsync("/oauth2/token", TestService.RawForm($"grant_type=refresh_token&refresh_token=x{more}")));
    }

    [Theory]
    [InlineData("username", 255, 401)]
    [InlineData("username", 256, 400)]
    [InlineData("password", 1024, 401)]
    [InlineData("password", 1025, 400)]
    [InlineData("audience", 255, 401)]
    [InlineData("audience", 256, 400)]
    [InlineData("client_id", 255, 401)]
    [InlineData("client_id", 256, 400)]
    public async Task Every_field_of_a_login_has_a_limit(string field, int length, int status)
    {
        var fields = new Dictionary<string, string> { ["username"] = "nobody", ["password"] = "x", [field] = new(field[0], length) };

        Assert.Equal(status, (await _service.LoginAsync(fields, "198.51.100.9")).Status);
    }

    [Fact]
    public async Task Limits_are_in_bytes()
    {
        Assert.Equal(400, (await _service.LoginAsync(new { username = new string('é', 128), password = "x" })).Status);
    }

    [Theory]
    [InlineData("/login")]
    [InlineData("/logout")]
    [InlineData("/oauth2/token")]
    public async Task A_body_beyond_16_KB_is_413_however_it_is_sent(string path)
    {
        var text = new string(' ', 16 * 1024);
        Assert.NotEqual(413, (await _service.SendAsync(HttpMethod.Post, path, TestService.Json((object)text))).Status);
        Assert.Equal((413, "request_too_large"), await StatusAndCodeAsync(path, TestService.Json((object)(text + " "))));

        using var chunked = new StreamContent(new Unseekable(Encoding.UTF8.GetBytes(text + " ")));
        chunked.Headers.ContentType = new("application/json");
        Assert.Equal((413, "request_too_large"), await StatusAndCodeAsync(path, chunked));
    }

    [Theory]
    [InlineData("/login", "application/x-www-form-urlencoded")]
    [InlineData("/login", "text/plain")]
    [InlineData("/login", "application/json; charset=utf-16")]
    [InlineData("/login", null)]
    [InlineData("/oauth2/token", "application/json")]
    [InlineData("/oauth2/token", "multipart/form-data; boundary=x")]
    [InlineData("/logout", "text/plain")]
    [InlineData("/admin/revocations", "application/x-www-form-urlencoded")]
    public async Task Any_other_content_type_is_415(string path, string? type)
    {
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(Good));
        content.Headers.ContentType = type is null ? null : MediaTypeHeaderValue.Parse(type);
        var bearer = path.StartsWith("/admin", StringComparison.Ordinal) ? await fixture.AdminTokenAsync() : null;

        var answer = await _service.SendAsync(HttpMethod.Post, path, content, bearer);

        Assert.Equal((415, "unsupported_media_type"), (answer.Status, answer.Code));
    }

    [Theory]
    [InlineData("application/json; charset=UTF-8")]
    [InlineData("Application/JSON")]
    public async Task The_content_type_is_read_as_HTTP_means_it(string type)
    {
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(Good));
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);

        Assert.Equal(200, (await _service.SendAsync(HttpMethod.Post, "/login", content)).Status);
    }

    [Fact]
    public async Task A_compressed_body_is_415()
    {
        using var content = TestService.Json((object)Good);
        content.Headers.ContentEncoding.Add("gzip");

        Assert.Equal(415, (await _service.SendAsync(HttpMethod.Post, "/login", content)).Status);
    }

    [Theory]
    [InlineData("GET", "/nothing", 404, "not_found")]
    [InlineData("GET", "/login", 405, "method_not_allowed")]
    [InlineData("DELETE", "/session", 405, "method_not_allowed")]
    [InlineData("POST", "/.well-known/jwks.json", 405, "method_not_allowed")]
    public async Task Addresses_and_methods_that_do_not_exist_get_a_problem_too(string method, string path, int status, string code)
    {
        var answer = await _service.SendAsync(new(method), path);

        Assert.Equal((status, code), (answer.Status, answer.Code));
    }

    [Theory]
    [InlineData("""{"kind":"session","reason":"r"}""", "value")]
    [InlineData("""{"kind":"session","value":"short","reason":"r"}""", "value")]
    [InlineData("""{"kind":"Session","value":"AAAAAAAAAAAAAAAAAAAAAA","reason":"r"}""", "kind")]
    [InlineData("""{"kind":"everything","reason":"r"}""", "kind")]
    [InlineData("""{"value":"x","reason":"r"}""", "kind")]
    [InlineData("""{"kind":"all","value":"x","reason":"r"}""", "value")]
    [InlineData("""{"kind":"subject","value":"","reason":"r"}""", "value")]
    [InlineData("""{"kind":"subject","value":"a\nb","reason":"r"}""", "value")]
    [InlineData("""{"kind":"subject","value":"demo","reason":"a\nb"}""", "reason")]
    [InlineData("""{"kind":"subject","value":"demo","reason":7}""", "reason")]
    [InlineData("""{"kind":"subject","value":"demo","reason":""}""", "reason")]
    [InlineData("""{"kind":"subject","value":"demo"}""", "reason")]
    [InlineData("""{"kind":"subject","value":"demo","issuer":"x","reason":"r"}""", "member")]
    [InlineData("""{"kind":"key","value":"x y","reason":"r"}""", "value")]
    public async Task A_revocation_that_cannot_be_made_names_the_member_and_writes_nothing(string body, string named)
    {
        var admin = await fixture.AdminTokenAsync();
        var before = await _service.SendAsync(HttpMethod.Get, "/admin/revocations", bearer: admin);

        var answer = await _service.SendAsync(HttpMethod.Post, "/admin/revocations", TestService.Json((object)body), admin);

        Assert.Equal((400, "invalid_request"), (answer.Status, answer.Code));
        Assert.Contains(named, JsonDocument.Parse(answer.Body).RootElement.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(before, await _service.SendAsync(HttpMethod.Get, "/admin/revocations", bearer: admin));
    }

    [Theory]
    [InlineData("limit=0")]
    [InlineData("limit=1001")]
    [InlineData("limit=x")]
    [InlineData("limit=1&limit=2")]
    [InlineData("after=")]
    [InlineData("after=nonsense")]
    [InlineData("after=a&after=b")]
    [InlineData("after=%00")]
    public async Task A_page_that_cannot_be_listed_is_400(string query)
    {
        var answer = await _service.SendAsync(HttpMethod.Get, $"/admin/revocations?{query}", bearer: await fixture.AdminTokenAsync());

        Assert.Equal((400, "invalid_request"), (answer.Status, answer.Code));
    }

    [Theory]
    [InlineData("")]
    [InlineData("?after=")]
    [InlineData("?after=nonsense")]
    [InlineData("?after=1&after=2")]
    [InlineData("?after=%00")]
    [InlineData("?after=99999999999999999999999999")]
    public async Task A_cursor_that_cannot_be_continued_gets_the_whole_feed(string query)
    {
        Assert.Equal(200, (await _service.SendAsync(HttpMethod.Get, $"/denylist/changes{query}")).Status);
    }

    private async Task<(int Status, string? Code)> StatusAndCodeAsync(string path, HttpContent content)
    {
        var answer = await _service.SendAsync(HttpMethod.Post, path, content);
        return (answer.Status, answer.Code);
    }

    /// <summary>One service for all: nothing here changes it, and that is one thing to show.</summary>
    public sealed class Fixture : IAsyncDisposable
    {
        private string? _adminToken;

        internal TestService Service { get; } = new();

        internal async Task<string> AdminTokenAsync() => _adminToken ??= await Service.AdminTokenAsync();

        public ValueTask DisposeAsync() => Service.DisposeAsync();
    }

    private sealed class Unseekable(byte[] content) : MemoryStream(content)
    {
        public override bool CanSeek => false;
    }
}
