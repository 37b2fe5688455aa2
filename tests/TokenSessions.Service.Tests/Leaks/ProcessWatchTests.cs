using TokenSessions.Service.Tests.Processes;

namespace TokenSessions.Service.Tests.Leaks;

/// <summary>The watch over processes notices what it is there for.</summary>
public sealed class ProcessWatchTests : IAsyncLifetime
{
    private static readonly string Secret = $"{Guid.NewGuid():N}";
    private static readonly string Part = $"x{Secret[7..(7 + Secrets.PartLength)]}y";

    private readonly DirectoryInfo _files = Directory.CreateTempSubdirectory("tokensessions-");
    private readonly ProcessWatch _watch = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _watch.DisposeAsync();
        _files.Delete(recursive: true);
    }

    [Fact]
    public async Task What_a_host_prints_is_looked_at_whole_also_if_it_ends_before_it_listens()
    {
        var start = _watch.StartAsync(
            RunningProcess.Built("TokenSessions.SampleApi"),
            RunningProcess.FreeAddress(),
            new Dictionary<string, string> { ["TokenSessions__Issuer"] = $"ftp://{Part}.example" },
            Cancelled);

        Assert.Contains(Part, (await Assert.ThrowsAsync<InvalidOperationException>(() => start)).Message, StringComparison.Ordinal);
        _watch.Secrets.Add(Secret); // It was printed before anybody knew that it is one.
        await AssertNoticedAsync();
    }

    [Theory]
    [InlineData("sent")]
    [InlineData("body")]
    [InlineData("header")]
    [InlineData("told")]
    public async Task What_a_client_is_answered_is_looked_at_and_what_it_sent_and_got_is_learnt(string place)
    {
        using var client = new HttpClient(new WatchedHandler(_watch, new Answering(place)));
        using var answer = await client.PostAsync(
            new Uri("http://localhost/"), new StringContent($$"""{"password":"{{(place == "sent" ? Secret : "x")}}"}"""), Cancelled);

        if (place is "sent" or "told")
        {
            _watch.Told("a command", Part);
        }

        await AssertNoticedAsync();
    }

    [Theory]
    [InlineData("ring.json", """{"keys":[{"wrapped": "{0}"}]}""")]
    [InlineData("users.json", """{"users":[{"name":"demo","password_hash":"\u002B{0}"}]}""")]
    [InlineData("key.pem", "-----BEGIN PRIVATE KEY-----\r\n{0}\r\nAAAA\r\n-----END PRIVATE KEY-----\r\n")]
    [InlineData("key", "{0}\n")]
    public async Task What_lies_in_files_of_keys_and_users_is_learnt(string name, string content)
    {
        await File.WriteAllTextAsync(
            Path.Combine(_files.CreateSubdirectory("keys").FullName, name), content.Replace("{0}", Secret, StringComparison.Ordinal), Cancelled);
        _watch.Told("a command", Part);

        await AssertNoticedAsync();
    }

    [Fact]
    public async Task A_host_that_does_not_log_all_it_can_is_noticed()
    {
        await _watch.StartAsync(
            RunningProcess.Built("TokenSessions.SampleApi"),
            RunningProcess.FreeAddress(),
            new Dictionary<string, string> { ["Logging__Console__LogLevel__Default"] = "Information", ["TokenSessions__Issuer"] = "https://localhost:9" },
            Cancelled);

        await AssertNoticedAsync();
    }

    [Fact]
    public async Task Where_nothing_is_told_nothing_is_noticed()
    {
        _watch.Secrets.Add(Secret);
        _watch.Told("a command", Secret[..(Secrets.PartLength - 1)]);

        await _watch.EndAsync(_files);
    }

    private Task<Xunit.Sdk.XunitException> AssertNoticedAsync() => Assert.ThrowsAnyAsync<Xunit.Sdk.XunitException>(() => _watch.EndAsync(_files));

    /// <summary>Hands out a secret, and tells it in a place where it must not stand.</summary>
    private sealed class Answering(string place) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var token = place == "sent" ? "" : Secret;
            var answer = new HttpResponseMessage
            {
                RequestMessage = request,
                Content = new StringContent($$"""{"access_token":"{{token}}","detail":"{{(place == "body" ? Part : "")}}"}"""),
            };
            if (place == "header")
            {
                answer.Headers.Add("X-Detail", Part);
            }

            return Task.FromResult(answer);
        }
    }
}
