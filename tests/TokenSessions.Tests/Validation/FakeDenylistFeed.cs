using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Validation;

/// <summary>A feed that answers what the test put in it, or is down.</summary>
internal sealed class FakeDenylistFeed(TimeProvider time) : IDenylistFeed
{
    public List<DenylistRule> Rules { get; } = [];

    public DenylistHead Head { get; set; } = new()
    {
        Window = TimeSpan.FromMinutes(66),
        LongestAccessTokenLifetime = TimeSpan.FromHours(1),
        LongestRefreshLife = TimeSpan.FromDays(30),
    };

    public bool IsDown { get; set; }

    public void Deny(RuleKind kind, string value, long watermark = 0, int region = 0) => Rules.Add(
        new(RuleKey.For(TestToken.Issuer, kind, value, region), time.GetUtcNow().ToUnixTimeMilliseconds(), watermark, kind.IsStanding()));

    public Task<DenylistChanges> ReadAsync(DateTimeOffset? since, CancellationToken cancellationToken) => IsDown
        ? throw new DenylistUnavailableException("The feed is down.")
        : Task.FromResult(new DenylistChanges(time.GetUtcNow(), Head, [.. Rules], IsWholeWindow: true));
}
