using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Service.Tests.Service;

public sealed class DiscoveryTests : IAsyncDisposable
{
    private readonly TestService _service = new(new() { ["JwksMaxAge"] = "00:05:00" });

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    [Theory]
    [InlineData("/.well-known/jwks.json")]
    [InlineData("/.well-known/denylist-jwks.json")]
    public async Task A_key_set_may_be_cached_for_less_than_the_announce_time_and_is_not_sent_twice(string path)
    {
        using var first = await _service.RespondAsync(HttpMethod.Get, path);
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        using var second = await _service.CreateClient().SendAsync(request, TestContext.Current.CancellationToken);
        var keys = KeySet.Parse(await first.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));

        Assert.Equal("application/jwk-set+json", first.Content.Headers.ContentType!.ToString());
        Assert.Equal("public, max-age=300, stale-if-error=86100", string.Join(", ", first.Headers.GetValues("Cache-Control")));
        Assert.Equal(2, keys.Keys.Count);
        Assert.All(keys.Keys, key => Assert.Equal(key.Thumbprint(), key.KeyId));
        Assert.Equal(304, (int)second.StatusCode);
        Assert.Empty(await second.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("/.well-known/jwks.json")]
    [InlineData("/.well-known/denylist-jwks.json")]
    public async Task No_key_set_is_published_before_it_is_known_which_keys_are_revoked(string path)
    {
        await using var service = new TestService { IsFeedBroken = true };
        using var response = await service.RespondAsync(HttpMethod.Get, path);

        Assert.Equal(503, (int)response.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(2), response.Headers.RetryAfter!.Delta);
    }

    [Theory]
    [InlineData("/.well-known/jwks.json")]
    [InlineData("/.well-known/denylist-jwks.json")]
    [InlineData("/.well-known/openid-configuration")]
    [InlineData("/.well-known/oauth-authorization-server")]
    public async Task HEAD_is_answered_as_GET_without_the_body(string path)
    {
        using var get = await _service.RespondAsync(HttpMethod.Get, path);
        using var head = await _service.RespondAsync(HttpMethod.Head, path);

        Assert.Equal(200, (int)head.StatusCode);
        Assert.Equal(get.Headers.ETag, head.Headers.ETag);
        Assert.Equal(get.Content.Headers.ContentType, head.Content.Headers.ContentType);
        Assert.Empty(await head.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Keys_of_tokens_and_keys_of_the_feed_are_never_in_one_set()
    {
        var tokens = KeySet.Parse(System.Text.Encoding.UTF8.GetBytes((await _service.SendAsync(HttpMethod.Get, "/.well-known/jwks.json")).Body));
        var feed = KeySet.Parse(System.Text.Encoding.UTF8.GetBytes((await _service.SendAsync(HttpMethod.Get, "/.well-known/denylist-jwks.json")).Body));

        Assert.Empty(tokens.Keys.Select(key => key.KeyId).Intersect(feed.Keys.Select(key => key.KeyId)));
    }

    [Theory]
    [InlineData("/.well-known/openid-configuration")]
    [InlineData("/.well-known/oauth-authorization-server")]
    public async Task The_metadata_name_the_configured_issuer_whatever_host_was_asked_and_only_endpoints_that_exist(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Host = "evil.example";
        using var response = await _service.CreateClient().SendAsync(request, TestContext.Current.CancellationToken);
        var metadata = JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).RootElement;

        Assert.Equal(TestService.Issuer, metadata.GetProperty("issuer").GetString());
        Assert.Equal(["ES256"], metadata.GetProperty("id_token_signing_alg_values_supported").EnumerateArray().Select(alg => alg.GetString()));
        var addresses = metadata.EnumerateObject()
            .Where(member => member.Name.EndsWith("_uri", StringComparison.Ordinal) || member.Name.EndsWith("_endpoint", StringComparison.Ordinal))
            .Select(member => member.Value.GetString()!)
            .ToArray();
        Assert.Equal(2, addresses.Length);
        foreach (var address in addresses)
        {
            Assert.StartsWith(TestService.Issuer, address, StringComparison.Ordinal);
            Assert.NotEqual(404, (await _service.SendAsync(HttpMethod.Get, new Uri(address).AbsolutePath)).Status);
        }
    }

    [Theory]
    [InlineData("/denylist/snapshot")]
    [InlineData("/denylist/changes")]
    public async Task The_feed_is_a_signed_document_that_may_be_cached_for_a_second(string path)
    {
        using var response = await _service.RespondAsync(HttpMethod.Get, path);
        var document = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        Assert.Equal(200, (int)response.StatusCode);
        Assert.Equal("public, max-age=1", response.Headers.CacheControl!.ToString());
        Assert.Equal("application/denylist+jwt", response.Content.Headers.ContentType!.ToString());
        Assert.Equal(3, document.Split('.').Length);
    }

    [Fact]
    public async Task Health_is_live_and_ready_without_a_token()
    {
        Assert.Equal((200, """{"status":"live","problems":[]}"""), await GetAsync("/health/live"));
        Assert.Equal((200, """{"status":"ready","problems":[]}"""), await GetAsync("/health/ready"));
    }

    [Theory]
    [InlineData(30, 200)]
    [InlineData(31, 503)]
    public async Task An_instance_whose_denylist_is_older_than_30_seconds_is_not_ready(int seconds, int status)
    {
        await _service.UntilSyncedAsync();
        _service.BreakStore(); // From here on no sync succeeds.
        _service.Clock.Advance(TimeSpan.FromSeconds(seconds));

        var (actual, body) = await GetAsync("/health/ready");

        Assert.Equal(503, actual);
        Assert.Equal(status == 503, body.Contains("denylist was last read", StringComparison.Ordinal));
        Assert.Contains("store does not answer", body, StringComparison.Ordinal);
    }

    /// <summary>Without a head no sync succeeds, and an instance that is not ready gets no login that would write it.</summary>
    [Fact]
    public async Task An_instance_that_is_asked_whether_it_is_ready_writes_the_head_that_an_emptied_store_has_lost()
    {
        await _service.UntilSyncedAsync();
        var store = _service.Services.GetRequiredService<BreakableStore>();
        store.HasLostHead = true;
        Assert.Equal(503, (await GetAsync("/health/ready")).Status); // It is remembered for 30 seconds that there was one.
        _service.Clock.Advance(TimeSpan.FromSeconds(30));

        await GetAsync("/health/ready");

        Assert.False(store.HasLostHead);
    }

    private async Task<(int Status, string Body)> GetAsync(string path)
    {
        var answer = await _service.SendAsync(HttpMethod.Get, path);
        return (answer.Status, answer.Body);
    }
}
