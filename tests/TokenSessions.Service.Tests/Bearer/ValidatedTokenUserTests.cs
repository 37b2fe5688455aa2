using System.Security.Claims;
using System.Text.Json.Nodes;
using TokenSessions.AspNetCore;
using TokenSessions.Tests;
using TokenSessions.Tests.Validation;
using TokenSessions.Validation;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Service.Tests.Bearer;

/// <summary>The user made of a validated token, whose claims are built when somebody first asks for them.</summary>
public sealed class ValidatedTokenUserTests
{
    private static readonly string[] Expected =
    [
        $"iss={TestToken.Issuer}", "sub=alice", $"aud={TestToken.Audience}", "client_id=default", "iat", "exp",
        "jti=Jti-0123456789abcdefgh", "sid=Sid-0123456789abcdefgh", "scope=a b", "roles=user", "roles=admin", "scope=a", "scope=b",
    ];

    /// <summary>Every way to reach the claims of an identity that nobody has asked before.</summary>
    public static TheoryData<string, Func<ClaimsIdentity, IEnumerable<Claim>>> Ways => new()
    {
        { "its claims", identity => identity.Claims },
        { "the claims of its user", identity => new ClaimsPrincipal(identity).Claims },
        { "all that match", identity => identity.FindAll(_ => true) },
        { "its clone", identity => identity.Clone().Claims },
        { "the clone of its user", identity => new ClaimsPrincipal(identity).Clone().Claims },
        { "a copy", identity => new ClaimsIdentity(identity).Claims },
        { "a copy with more", identity => new ClaimsIdentity(identity, [new("sub", "more")]).Claims.SkipLast(1) },
        { "what was written of it", identity => Read(identity).Claims },
        { "after one was found", identity => After(identity, () => identity.FindFirst("sub")) },
        { "after two were found", identity => After(identity, () => _ = (identity.FindFirst("roles"), identity.FindFirst("sub"))) },
        { "after none was found", identity => After(identity, () => identity.FindFirst("email")) },
        { "after one was added", identity => After(identity, () => identity.AddClaim(new("sub", "more"))).SkipLast(1) },
        { "after some were added", identity => After(identity, () => identity.AddClaims([new("sub", "more")])).SkipLast(1) },
        { "after one that is not there was removed", identity => After(identity, () => identity.TryRemoveClaim(new("sub", "alice"))) },
    };

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Every_way_to_its_claims_finds_those_of_the_token(string way, Func<ClaimsIdentity, IEnumerable<Claim>> find)
    {
        var claims = find(NewIdentity(await ValidateAsync())).Select(Text);

        Assert.True(Expected.SequenceEqual(claims), way);
    }

    [Fact]
    public async Task Its_first_question_may_be_any()
    {
        var token = await ValidateAsync();

        Assert.Equal("alice", NewIdentity(token).Name);
        Assert.Equal("TokenSessions", NewIdentity(token).AuthenticationType);
        Assert.True(NewIdentity(token).IsAuthenticated);
        Assert.True(new ClaimsPrincipal(NewIdentity(token)).IsInRole("admin"));
        Assert.False(new ClaimsPrincipal(NewIdentity(token)).IsInRole("Admin"));
        Assert.True(NewIdentity(token).HasClaim("scope", "b"));
        Assert.True(NewIdentity(token).HasClaim(claim => claim.Value == "b"));
        Assert.Equal(2, NewIdentity(token).FindAll("roles").Count());
        Assert.Equal("default", NewIdentity(token).FindFirst("client_id")!.Value);
        Assert.Equal("default", NewIdentity(token).FindFirst(claim => claim.Type == "client_id")!.Value);
        Assert.Throws<InvalidOperationException>(() => NewIdentity(token).RemoveClaim(new("sub", "alice")));
    }

    [Fact]
    public async Task A_claim_belongs_to_one_identity_and_is_the_same_each_time()
    {
        var identity = NewIdentity(await ValidateAsync());

        Assert.All(identity.Claims, claim => Assert.Same(identity, claim.Subject));
        Assert.All(identity.Claims, claim => Assert.Equal(TestToken.Issuer, claim.Issuer));
        Assert.Same(identity.FindFirst("sub"), identity.FindFirst("sub"));
        identity.RemoveClaim(identity.FindFirst("sub"));
        Assert.Null(identity.Name);
    }

    [Fact]
    public async Task The_one_claim_that_was_asked_for_is_among_all_of_them_afterwards()
    {
        var identity = NewIdentity(await ValidateAsync());

        var role = identity.FindFirst("roles");
        Assert.Same(identity, role!.Subject);
        Assert.Same(role, identity.FindFirst("roles"));
        var subject = identity.FindFirst("sub");

        Assert.Single(identity.Claims, claim => ReferenceEquals(claim, role));
        Assert.Single(identity.Claims, claim => ReferenceEquals(claim, subject));
        identity.RemoveClaim(role);
        Assert.Equal(["admin"], identity.FindAll("roles").Select(claim => claim.Value));
        Assert.Null(identity.FindFirst("email"));
    }

    [Fact]
    public async Task What_is_done_to_one_user_no_other_user_of_the_token_sees()
    {
        var token = await ValidateAsync();
        var (before, changed) = (NewIdentity(token), NewIdentity(token));
        Assert.NotEmpty(before.Claims);

        changed.AddClaim(new("roles", "root"));
        changed.RemoveClaim(changed.FindFirst("scope"));
        changed.FindFirst("sub")!.Properties["x"] = "y";
        var copy = changed.Clone();
        copy.AddClaim(new("roles", "copied"));

        Assert.Equal(Expected, before.Claims.Select(Text));
        Assert.Equal(Expected, NewIdentity(token).Claims.Select(Text));
        Assert.Empty(before.FindFirst("sub")!.Properties);
        Assert.Empty(NewIdentity(token).FindFirst("sub")!.Properties);
        Assert.False(changed.HasClaim("roles", "copied"));
    }

    [Fact]
    public async Task Many_may_ask_at_once_for_the_first_time()
    {
        const int Readers = 4;
        for (var attempt = 0; attempt < 200; attempt++)
        {
            var identity = NewIdentity(await ValidateAsync());
            using var start = new Barrier(Readers);

            var claims = await Task.WhenAll(Enumerable.Range(0, Readers).Select(_ => Task.Factory.StartNew(
                () =>
                {
                    start.SignalAndWait(TestContext.Current.CancellationToken);
                    return (First: identity.FindFirst("sub"), All: identity.Claims.ToArray());
                },
                TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default)));

            Assert.Equal(Expected, claims[0].All.Select(Text));
            Assert.All(claims, others => Assert.True(claims[0].All.SequenceEqual(others.All)));
            Assert.All(claims, others => Assert.Contains(others.First, others.All));
        }
    }

    private static async Task<ValidatedToken> ValidateAsync()
    {
        var clock = new FakeClock();
        var validator = new TokenValidator(
            new() { Issuer = TestToken.Issuer, Audiences = [TestToken.Audience], AcceptTokensWithoutDenylist = true },
            new KeySetCache(new FakeKeySetSource(TestToken.Key), clock), denylist: null, clock);
        var token = new TestToken(clock.GetUtcNow()).With("scope", "a b").With("roles", new JsonArray("user", "admin"));
        return (await validator.ValidateAsync(token.Sign(), TestContext.Current.CancellationToken)).Token!;
    }

    private static ClaimsIdentity NewIdentity(ValidatedToken token) =>
        (ClaimsIdentity)BearerAuthentication.CreatePrincipal(token, "TokenSessions").Identity!;

    private static IEnumerable<Claim> After(ClaimsIdentity identity, Action change)
    {
        change();
        return identity.Claims;
    }

    private static ClaimsIdentity Read(ClaimsIdentity identity)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        identity.WriteTo(writer);
        stream.Position = 0;
        using var reader = new BinaryReader(stream);
        return new(reader);
    }

    private static string Text(Claim claim) => claim.Type is "iat" or "exp" ? claim.Type : $"{claim.Type}={claim.Value}";
}
