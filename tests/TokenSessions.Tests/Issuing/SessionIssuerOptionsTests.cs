using TokenSessions.Issuing;
using TokenSessions.Issuing.Keys;
using TokenSessions.Tests.Issuing.Keys;

namespace TokenSessions.Tests.Issuing;

public sealed class SessionIssuerOptionsTests
{
    private static SessionIssuerOptions Good => new() { Issuer = IssuerUnderTest.Issuer, DefaultAudience = IssuerUnderTest.Audience };

    [Theory]
    [InlineData("https://issuer.example")]
    [InlineData("https://issuer.example/tenants/a")]
    [InlineData("https://issuer.example:8443")]
    [InlineData("http://localhost:5080")]
    [InlineData("http://127.0.0.1:5080")]
    [InlineData("http://[::1]:5080")]
    public void An_issuer_is_an_address_written_in_one_way_only(string issuer) => Assert.Empty((Good with { Issuer = issuer }).Problems());

    [Theory]
    [InlineData("")]
    [InlineData("issuer.example")]
    [InlineData("/issuer")]
    [InlineData("http://issuer.example")]
    [InlineData("ftp://issuer.example")]
    [InlineData("https://issuer.example/")]
    [InlineData("https://Issuer.example")]
    [InlineData("HTTPS://issuer.example")]
    [InlineData("https://issuer.example:443")]
    [InlineData("https://issuer.example?a=b")]
    [InlineData("https://issuer.example#a")]
    [InlineData("https://user@issuer.example")]
    public void Any_other_issuer_is_refused(string issuer) =>
        Assert.Contains(nameof(SessionIssuerOptions.Issuer), Assert.Single((Good with { Issuer = issuer }).Problems()));

    [Fact]
    public void Every_duration_has_its_range()
    {
        var (tick, minute, day) = (TimeSpan.FromTicks(1), TimeSpan.FromMinutes(1), TimeSpan.FromDays(1));
        foreach (var (set, least, most) in new (Func<TimeSpan, SessionIssuerOptions>, TimeSpan, TimeSpan)[]
        {
            (value => Good with { AccessTokenLifetime = value }, minute, day),
            (value => Good with { RefreshIdleLifetime = value }, minute, 366 * day),
            (value => Good with { SessionLifetime = value }, minute, 366 * day),
            (value => Good with { Grace = value }, TimeSpan.Zero, 5 * minute),
            (value => Good with { ClockSkew = value }, TimeSpan.Zero, 5 * minute),
            (value => Good with { ReplicationLag = value }, TimeSpan.Zero, 5 * minute),
        })
        {
            Assert.Empty(set(least).Problems());
            Assert.Empty(set(most).Problems());
            Assert.Single(set(least - tick).Problems());
            Assert.Single(set(most + tick).Problems());
        }
    }

    [Theory]
    [InlineData(1, 0, true)]
    [InlineData(1, 1, false)] // The first of one is 0.
    [InlineData(1, -1, false)]
    [InlineData(4, 3, true)]
    [InlineData(4, 4, false)]
    [InlineData(0, 0, false)]
    [InlineData(5, 0, false)]
    public void A_region_is_one_of_1_to_4(int regions, int region, bool isUsable) =>
        Assert.Equal(isUsable, !(Good with { Regions = regions, Region = region }).Problems().Any());

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    [InlineData(64, true)]
    [InlineData(65, false)]
    public void A_feed_has_1_to_64_parts(int shards, bool isUsable) =>
        Assert.Equal(isUsable, !(Good with { FeedShards = shards }).Problems().Any());

    [Fact]
    public void All_problems_are_told_at_once()
    {
        var options = new SessionIssuerOptions
        {
            ClientIds = ["", new string('x', 256)],
            Grace = TimeSpan.FromHours(1),
            Audiences =
            [
                new() { Uri = "a", Algorithm = "HS256", Type = "at", Scopes = ["two words"] },
                new() { Uri = "a" },
                new(),
            ],
        };

        var problems = options.Problems().ToArray();

        Assert.Equal(10, problems.Length);
        using var ring = new RingDirectory(TimeProvider.System);
        using var keys = ring.Load(TimeProvider.System);
        var message = Assert.Throws<ArgumentException>(() => new SessionIssuer(
            options, keys, new FaultyStore(null!), new FakeSubjects(), TimeProvider.System)).Message;
        Assert.All(problems, problem => Assert.Contains(problem, message));
    }

    [Fact]
    public void The_default_audience_keeps_the_rules_of_every_audience()
    {
        Assert.Empty((Good with { DefaultAudience = new string('a', 255) }).Problems());
        foreach (var audience in new[] { new string('a', 256), "a\nb", "a\ud800" })
        {
            Assert.StartsWith(nameof(Good.DefaultAudience), Assert.Single((Good with { DefaultAudience = audience }).Problems()));
        }
    }

    [Fact]
    public void A_name_may_not_have_half_of_a_surrogate_pair()
    {
        // In a loop: as data of a theory such texts would not survive their way to the runner.
        Assert.Empty((Good with { ClientIds = ["\ud83d\ude00", "\ufffd"] }).Problems());
        foreach (var name in new[] { "\ud83d", "\ude00\ud83d", "\ufffd\ud83d", "\ud83d\ud83d\ude00" })
        {
            Assert.Single((Good with { ClientIds = [name] }).Problems());
        }
    }

    [Fact]
    public void Without_clients_there_is_no_issuer() => Assert.Single((Good with { ClientIds = [] }).Problems());

    [Fact]
    public async Task The_ring_must_keep_its_keys_for_as_long_as_these_options_need_them()
    {
        await using var issuer = new IssuerUnderTest();
        var keep = new KeyRingOptions();

        issuer.NewIssuer(Good with { AccessTokenLifetime = keep.KeepPublished - Good.ClockSkew, RefreshIdleLifetime = keep.LongestRefreshIdle });
        var second = TimeSpan.FromSeconds(1);
        var published = Good with { AccessTokenLifetime = keep.KeepPublished - Good.ClockSkew + second };
        Assert.Contains(nameof(KeyRingOptions.KeepPublished), Assert.Throws<ArgumentException>(() => issuer.NewIssuer(published)).Message);
        var idle = Good with { RefreshIdleLifetime = keep.LongestRefreshIdle + second };
        Assert.Contains(nameof(KeyRingOptions.LongestRefreshIdle), Assert.Throws<ArgumentException>(() => issuer.NewIssuer(idle)).Message);
    }

    [Fact]
    public async Task An_issuer_goes_on_with_the_options_it_was_built_with()
    {
        await using var issuer = new IssuerUnderTest();

        issuer.Options.ClientIds.Clear();
        issuer.Options.Issuer = "https://changed.example";

        Assert.Equal(IssuerUnderTest.Issuer, (string)IssuerUnderTest.Claims(await issuer.StartAsync())["iss"]!);
    }
}
