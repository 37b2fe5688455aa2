using System.Text.Json.Nodes;
using TokenSessions.Validation;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Validation;

/// <summary>Step 6, where more than one region writes the denylist.</summary>
public sealed partial class TokenValidatorTests
{
    public static TheoryData<RuleKind, string, string> Watermarks => new()
    {
        { RuleKind.Subject, "alice", "s" },
        { RuleKind.Client, "default", "c" },
        { RuleKind.All, "", "a" },
    };

    [Theory]
    [MemberData(nameof(Watermarks))]
    public async Task A_watermark_of_a_region_refuses_what_has_not_seen_it_there(RuleKind kind, string value, string member)
    {
        _feed.Head = _feed.Head with { Regions = 4 };
        var seen = new JsonObject();
        for (var region = 1; region < DenylistHead.MaxRegions; region++)
        {
            _feed.Deny(kind, value, watermark: 1000, region);

            await AssertRejectedAsync(TokenRejection.Revoked, Token.With("seen", seen.DeepClone()).Sign());
            seen[$"{member}{region}"] = 999;
            await AssertRejectedAsync(TokenRejection.Revoked, Token.With("seen", seen.DeepClone()).Sign());
            seen[$"{member}{region}"] = 1000;
            await AssertAcceptedAsync(Token.With("seen", seen.DeepClone()).Sign());
        }
    }

    [Theory]
    [MemberData(nameof(Watermarks))]
    public async Task What_was_seen_in_one_region_says_nothing_of_another(RuleKind kind, string value, string member)
    {
        _feed.Head = _feed.Head with { Regions = 2 };
        _feed.Deny(kind, value, watermark: 1000, region: 0);
        await AssertRejectedAsync(TokenRejection.Revoked, Token.With("seen", new JsonObject { [$"{member}1"] = 2000 }).Sign());
        await AssertAcceptedAsync(Token.With("seen", new JsonObject { [member] = 1000 }).Sign());

        _feed.Deny(kind, value, watermark: 2000, region: 1);
        await AssertRejectedAsync(TokenRejection.Revoked, Token.With("seen", new JsonObject { [member] = 2000 }).Sign());
        await AssertRejectedAsync(
            TokenRejection.Revoked, Token.With("seen", new JsonObject { [member] = 1000, [$"{member}1"] = 1999 }).Sign());
        await AssertAcceptedAsync(Token.With("seen", new JsonObject { [member] = 1000, [$"{member}1"] = 2000 }).Sign());
    }

    [Fact]
    public async Task Only_the_regions_of_the_head_are_asked_and_of_those_every_one()
    {
        _feed.Deny(RuleKind.Subject, "alice", watermark: 1000, region: 2);
        _feed.Head = _feed.Head with { Regions = 2 };
        await AssertAcceptedAsync(Token.Sign());

        _feed.Head = _feed.Head with { Regions = 3 };
        await AssertRejectedAsync(TokenRejection.Revoked, Token.Sign());
    }

    [Theory]
    [InlineData(RuleKind.Token, "Jti-0123456789abcdefgh")]
    [InlineData(RuleKind.Session, "Sid-0123456789abcdefgh")]
    [InlineData(RuleKind.Key, null)]
    public async Task What_denies_outright_has_no_region(RuleKind kind, string? value)
    {
        _feed.Head = _feed.Head with { Regions = 4 };
        _feed.Deny(kind, value ?? TestToken.Key.KeyId);

        await AssertRejectedAsync(TokenRejection.Revoked, Token.With("seen", new JsonObject { ["s"] = 9000, ["s1"] = 9000 }).Sign());
    }

    [Theory]
    [InlineData("s1", "-1")]
    [InlineData("a3", "1.5")]
    [InlineData("c2", "\"1000\"")]
    [InlineData("zz", "-1")] // Unknown names mean nothing, yet all are numbers.
    public async Task A_seen_that_is_no_number_from_0_on_makes_the_claims_invalid(string member, string value) =>
        await AssertRejectedAsync(TokenRejection.ClaimsInvalid, Token.With("seen", new JsonObject { [member] = JsonNode.Parse(value) }).Sign());

    [Theory]
    [InlineData("s0")] // Region 0 has no digit.
    [InlineData("s4")]
    [InlineData("s11")]
    [InlineData("S1")]
    [InlineData("k1")]
    [InlineData("1")]
    public async Task An_unknown_name_in_seen_means_nothing(string member)
    {
        _feed.Head = _feed.Head with { Regions = 4 };
        await AssertAcceptedAsync(Token.With("seen", new JsonObject { [member] = 5000 }).Sign());

        var seen = new JsonObject { [member] = 5000 };
        for (var region = 0; region < DenylistHead.MaxRegions; region++)
        {
            _feed.Deny(RuleKind.Subject, "alice", watermark: 1000, region);
            await AssertRejectedAsync(TokenRejection.Revoked, Token.With("seen", seen.DeepClone()).Sign());
            seen[region == 0 ? "s" : $"s{region}"] = 1000;
        }

        await AssertAcceptedAsync(Token.With("seen", seen).Sign());
    }
}
