namespace TokenSessions.Service.Tests.Service;

public sealed class LoginLimitTests : IAsyncDisposable
{
    private readonly TestService _service = new();

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    [Fact]
    public async Task An_account_has_twenty_failures_at_once_from_one_address_then_one_every_ten_seconds()
    {
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(401, (await FailAsync("nobody", "10.0.1.1")).Status);
        }

        var refused = await FailAsync("nobody", "10.0.1.1");
        Assert.Equal((429, "too_many_attempts", "10"), (refused.Status, refused.Code, refused.RetryAfter));

        _service.Clock.Advance(TimeSpan.FromSeconds(9.9));
        Assert.Equal(429, (await FailAsync("nobody", "10.0.1.1")).Status);
        _service.Clock.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal(401, (await FailAsync("nobody", "10.0.1.1")).Status);
        Assert.Equal(429, (await FailAsync("nobody", "10.0.1.1")).Status);
        Assert.Equal(3, _service.Log.Of(2201).Count);
    }

    [Fact]
    public async Task Too_many_failures_keep_even_the_right_password_out_but_nobody_elsewhere()
    {
        for (var i = 0; i < 20; i++)
        {
            await FailAsync("demo", "10.0.1.1");
        }

        Assert.Equal(429, (await LoginAsync("demo", "10.0.1.1")).Status);
        Assert.Equal(200, (await LoginAsync("admin", "10.0.1.1")).Status);
        Assert.Equal(200, (await LoginAsync("demo", "10.0.1.2")).Status);
    }

    [Fact]
    public async Task An_address_that_failed_too_often_gets_no_answer_for_anybody()
    {
        foreach (var batch in Enumerable.Range(0, 100).Chunk(25))
        {
            await Task.WhenAll(batch.Select(i => FailAsync($"user{i}", "192.0.2.7")));
        }

        var refused = await LoginAsync("demo", "192.0.2.7");
        Assert.Equal((429, "1"), (refused.Status, refused.RetryAfter));
        Assert.Equal(200, (await LoginAsync("demo", "192.0.2.8")).Status);
    }

    [Fact]
    public async Task Logins_that_succeed_are_never_limited()
    {
        for (var i = 0; i < 5; i++)
        {
            // More at once would wait beyond their deadline on a busy machine.
            var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => LoginAsync("demo", "192.0.2.7")));
            Assert.All(answers, answer => Assert.Equal(200, answer.Status));
        }
    }

    [Fact]
    public async Task More_logins_than_the_queue_holds_are_told_to_come_back()
    {
        await LoginAsync("demo", "192.0.2.7");
        var capacity = Environment.ProcessorCount * 33; // One at work and 32 waiting for each core.

        var more = capacity * 4; // On a busy machine they come slowly, and many are done before the last is there.
        var answers = await Task.WhenAll(Enumerable.Range(0, capacity + more).Select(_ => LoginAsync("demo", "192.0.2.7")));

        // On a machine that is busy with other things some may wait beyond the request's deadline: 503 too, but to be retried sooner.
        var refused = answers.Where(answer => answer.Status != 200).ToArray();
        var full = refused.Where(answer => answer.RetryAfter == "3").ToArray();
        Assert.All(refused, answer => Assert.Equal((503, "temporarily_unavailable"), (answer.Status, answer.Code)));
        Assert.InRange(full.Length, 1, more);
        Assert.Single(_service.Log.Of(2202)); // Not one for each: within a minute.
        Assert.Contains(answers, answer => answer.Status == 200);
        Assert.Equal(200, (await LoginAsync("demo", "192.0.2.7")).Status);
    }

    [Theory]
    [InlineData(null, 1)]
    [InlineData("false", 1)]
    [InlineData("true", 0)]
    public async Task A_forwarded_address_that_is_not_believed_is_warned_of_once(string? isForwarding, int warnings)
    {
        await using var service = new TestService(forwarding: isForwarding);
        await service.LoginAsync();
        Assert.Empty(service.Log.Of(2022));

        for (var i = 0; i < 2; i++)
        {
            using var client = service.CreateClient();
            client.DefaultRequestHeaders.Add("X-Forwarded-For", "192.0.2.7");
            using var body = TestService.Json(new { username = "demo", password = TestService.Password });
            using var response = await client.PostAsync("/login", body, TestContext.Current.CancellationToken);
            Assert.Equal(200, (int)response.StatusCode);
        }

        Assert.Equal(warnings, service.Log.Of(2022).Count);
    }

    private Task<Bearer.Answer> FailAsync(string user, string address) =>
        _service.LoginAsync(new { username = user, password = "wrong" }, address);

    private Task<Bearer.Answer> LoginAsync(string user, string address) =>
        _service.LoginAsync(new { username = user, password = TestService.Password }, address);
}
