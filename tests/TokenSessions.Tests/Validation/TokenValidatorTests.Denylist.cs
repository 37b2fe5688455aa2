using System.Text.Json.Nodes;
using TokenSessions.Validation;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Tests.Validation;

/// <summary>Step 6: the denylist.</summary>
public sealed partial class TokenValidatorTests
{
    [Theory]
    [InlineData(RuleKind.Token, "Jti-0123456789abcdefgh", "Jti-0123456789abcdefgi")]
    [InlineData(RuleKind.Session, "Sid-0123456789abcdefgh", "Jti-0123456789abcdefgh")]
    [InlineData(RuleKind.Key, null, "other")]
    public async Task Refuses_what_a_rule_names_and_nothing_else(RuleKind kind, string? value, string other)
    {
        _feed.Deny(kind, other);
        await AssertAcceptedAsync(Token.Sign());

        _feed.Deny(kind, value ?? TestToken.Key.KeyId);
        await AssertRejectedAsync(TokenRejection.Revoked, Token.Sign());
    }

    [Theory]
    [InlineData(RuleKind.Subject, "alice", "s")]
    [InlineData(RuleKind.Client, "default", "c")]
    [InlineData(RuleKind.All, "", "a")]
    public async Task A_watermark_refuses_what_has_not_seen_it(RuleKind kind, string value, string member)
    {
        _feed.Deny(kind, value, watermark: 1000);

        await AssertRejectedAsync(TokenRejection.Revoked, Token.Sign());
        await AssertRejectedAsync(TokenRejection.Revoked, Token.With("seen", new JsonObject { [member] = 999 }).Sign());
        await AssertRejectedAsync(TokenRejection.Revoked, Token.With("seen", new JsonObject { ["x"] = 1000 }).Sign());
        await AssertAcceptedAsync(Token.With("seen", new JsonObject { [member] = 1000 }).Sign());
    }

    [Fact]
    public async Task Accepts_nothing_before_the_first_complete_sync()
    {
        _feed.IsDown = true;
        _options.AcceptTokensWhileDenylistIsDown = TimeSpan.FromHours(1);

        await AssertRejectedAsync(TokenRejection.RevocationUnknown, Token.Sign());
    }

    [Theory]
    [InlineData(0, 30_000, null)]
    [InlineData(0, 30_001, TokenRejection.RevocationUnknown)]
    [InlineData(60, 90_000, null)]
    [InlineData(60, 90_001, TokenRejection.RevocationUnknown)]
    [InlineData(3600, 3_630_000, null)] // Beyond the time for which the feed keeps rules.
    [InlineData(3600, 3_630_001, TokenRejection.RevocationUnknown)]
    public async Task Cannot_tell_once_the_snapshot_is_too_old(int outageSeconds, int milliseconds, TokenRejection? expected)
    {
        _feed.Head = _feed.Head with { Window = TimeSpan.FromMinutes(16), LongestAccessTokenLifetime = TimeSpan.FromMinutes(10) };
        _options.AcceptTokensWhileDenylistIsDown = TimeSpan.FromSeconds(outageSeconds);
        var validator = await BuildAsync();
        _clock.Advance(TimeSpan.FromMilliseconds(milliseconds));

        Assert.Equal(expected, Rejection(await validator.ValidateAsync(Token.Sign(), TestContext.Current.CancellationToken)));
    }

    [Theory]
    [InlineData(10, 40_000, null)]
    [InlineData(10, 40_001, TokenRejection.RevocationUnknown)] // Lowered from 60 s.
    [InlineData(3600, 90_000, null)]
    [InlineData(3600, 90_001, TokenRejection.RevocationUnknown)] // Not raised above 60 s.
    public async Task One_call_can_lower_the_outage_policy_and_never_raise_it(int seconds, int milliseconds, TokenRejection? expected)
    {
        _options.AcceptTokensWhileDenylistIsDown = TimeSpan.FromSeconds(60);
        var validator = await BuildAsync();
        _clock.Advance(TimeSpan.FromMilliseconds(milliseconds));

        var result = await validator.ValidateAsync(Token.Sign().AsMemory(), TimeSpan.FromSeconds(seconds), TestContext.Current.CancellationToken);

        Assert.Equal(expected, Rejection(result));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(24 * 60)]
    public async Task What_an_old_snapshot_denies_is_denied_for_certain(int minutes)
    {
        _feed.Deny(RuleKind.Subject, "alice", watermark: 1);
        var validator = await BuildAsync();
        _clock.Advance(TimeSpan.FromMinutes(minutes));

        Assert.Equal(TokenRejection.Revoked, Rejection(await validator.ValidateAsync(Token.Sign(), TestContext.Current.CancellationToken)));
    }

    [Fact]
    public async Task Goes_without_a_denylist_only_when_told_to()
    {
        var cache = new KeySetCache(_keys, _clock);
        Assert.Throws<ArgumentException>(() => new TokenValidator(_options, cache, denylist: null, _clock));

        _options.AcceptTokensWithoutDenylist = true;
        var validator = new TokenValidator(_options, cache, denylist: null, _clock);

        Assert.True((await validator.ValidateAsync(Token.Sign(), TestContext.Current.CancellationToken)).IsValid);
    }

    [Theory]
    [InlineData("at+jwt", true)]
    [InlineData("application/at+jwt", false)] // Would match nothing.
    [InlineData("Application/at+jwt", false)]
    [InlineData("", false)]
    public void Types_stand_without_application_in_the_options(string type, bool isUsable)
    {
        _options.Types = ["at+jwt", type];

        Assert.Equal(isUsable, !_options.Problems().Any());
        Assert.All(_options.Problems(), problem => Assert.Contains(nameof(_options.Types), problem, StringComparison.Ordinal));
    }
}
