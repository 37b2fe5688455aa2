using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using TokenSessions.Issuing.Keys;

namespace TokenSessions.Service.Tests.Service;

public sealed class KeyRingTests
{
    [Theory]
    [InlineData("1.00:00:00", 23, 2006)]
    [InlineData("1.00:00:00", 25, 2005)]
    [InlineData("01:00:00", 2, 2005)] // A shorter time that caches keep the key set needs a shorter announcement.
    public async Task A_changed_ring_is_taken_unless_its_new_key_would_sign_before_it_was_announced(string announceTime, int hours, int expected)
    {
        await using var service = new TestService(new() { ["AnnounceTime"] = announceTime });
        Assert.Equal(2, await PublishedAsync(service));

        var keyId = AddSigningKey(service, service.Clock.GetUtcNow().AddHours(hours));
        await service.EventuallyAsync(() => service.Log.Of(2005).Concat(service.Log.Of(2006)).Any());

        Assert.Single(service.Log.Of(expected));
        Assert.Equal(expected == 2006, service.Log.Of(2006).Any(line => line.Text.Contains($"{keyId} is new and starts", StringComparison.Ordinal)));
        Assert.Equal(expected == 2005 ? 3 : 2, await PublishedAsync(service));
    }

    [Fact]
    public async Task A_superseded_key_stays_published_for_65_minutes_at_least_because_tokens_may_have_lived_longer_before()
    {
        await using var service = new TestService(new() { ["AccessTokenLifetime"] = "00:10:00" });
        Assert.Equal(2, await PublishedAsync(service));

        service.Clock.StepWallClock(TimeSpan.FromDays(365) + TimeSpan.FromMinutes(65) - TimeSpan.FromSeconds(1)); // The standby's start, and then.
        Assert.Equal(2, await PublishedAsync(service));

        service.Clock.StepWallClock(TimeSpan.FromSeconds(1));
        Assert.Equal(1, await PublishedAsync(service));
    }

    /// <summary>As it is for every other error of the program: else the ring would never be read again, and nothing would say so.</summary>
    [Fact]
    public async Task A_ring_that_cannot_be_read_again_for_no_foreseen_reason_stops_the_service()
    {
        await using var service = new TestService();
        await PublishedAsync(service);
        var stopping = service.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;

        service.Services.GetRequiredService<KeyRingFile>().Dispose(); // What no reload expects.

        await service.EventuallyAsync(() => stopping.IsCancellationRequested);
    }

    private static async Task<int> PublishedAsync(TestService service)
    {
        var answer = await service.SendAsync(HttpMethod.Get, "/.well-known/jwks.json");
        return JsonDocument.Parse(answer.Body).RootElement.GetProperty("keys").GetArrayLength();
    }

    /// <summary>Adds a key from another ring, as an operator would.</summary>
    private static string AddSigningKey(TestService service, DateTimeOffset startsAt)
    {
        var keys = Path.Combine(service.DataDirectory, "keys");
        var other = Path.Combine(keys, "other.json");
        KeyRingWriter.Create(other, service.Clock); // Its keys lie beside ours.
        var key = JsonNode.Parse(File.ReadAllText(other))!["keys"]!.AsArray().First(entry => (string)entry!["purpose"]! == "sign")!.DeepClone();
        key["starts_at"] = startsAt.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'");

        var path = Path.Combine(keys, "ring.json");
        var ring = JsonNode.Parse(File.ReadAllText(path))!;
        ring["keys"]!.AsArray().Add(key);
        File.WriteAllText(path, ring.ToJsonString());
        return (string)key["kid"]!;
    }
}
