using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using TokenSessions.Issuing;
using TokenSessions.Issuing.Keys;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Tests.Issuing;

public sealed class RefreshTokenSealTests : IAsyncDisposable
{
    private readonly IssuerUnderTest _issuer = new();

    public ValueTask DisposeAsync() => _issuer.DisposeAsync();

    [Fact]
    public async Task A_refresh_token_is_a_compact_JWE_that_shows_nothing_of_the_session()
    {
        var tokens = await _issuer.StartAsync();

        var segments = tokens.RefreshToken.Split('.');
        Assert.Equal(5, segments.Length);
        Assert.Equal("", segments[1]); // dir: no encrypted key (RFC 7518 §4.5).
        Assert.Equal(
            """{"alg":"dir","enc":"A256GCM","kid":"KID","typ":"rt+jwt"}""".Replace("KID", _issuer.Ring.KidOf("seal", 0)),
            Encoding.ASCII.GetString(StrictBase64Url.Decode(segments[0])!));
        Assert.DoesNotContain("ada", Encoding.Latin1.GetString(StrictBase64Url.Decode(segments[3])!));
    }

    [Fact]
    public async Task No_two_seals_share_a_nonce()
    {
        var nonces = new HashSet<string>();
        for (var i = 0; i < 200; i++)
        {
            Assert.True(nonces.Add((await _issuer.StartAsync()).RefreshToken.Split('.')[2]));
        }
    }

    [Fact]
    public async Task Every_changed_or_cut_character_makes_it_invalid_without_touching_the_store()
    {
        var token = (await _issuer.StartAsync()).RefreshToken;
        _issuer.Store.Forget();

        for (var i = 0; i < token.Length; i += 3)
        {
            var other = token[i] == 'A' ? 'B' : 'A';
            await RejectsAsync(token[..i] + other + token[(i + 1)..]);
            await RejectsAsync(token[..i]);
        }

        await RejectsAsync(token + "A");
        await RejectsAsync(token + "=");
        await RejectsAsync(" " + token);
        await RejectsAsync(token + ".");
        Assert.Empty(_issuer.Store.Calls);

        async Task RejectsAsync(string junk)
        {
            var rejection = (await _issuer.RefreshAsync(junk)).Rejection;
            // A changed kid may have become that of another key.
            Assert.True(rejection is SessionRejection.RefreshTokenInvalid or SessionRejection.SealingKeyUnknown, $"{rejection} for {junk}");
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("....")]
    [InlineData("a.b.c.d.e")]
    [InlineData("....................................")]
    [InlineData("\0\ud800.é")]
    [InlineData("eyJhbGciOiJub25lIn0..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA")]
    public async Task Junk_is_invalid_without_touching_the_store(string junk)
    {
        Assert.Equal(SessionRejection.RefreshTokenInvalid, (await _issuer.RefreshAsync(junk)).Rejection);
        Assert.Equal(SessionRejection.RefreshTokenInvalid, (await _issuer.Sessions.EndAsync(junk, false, TestContext.Current.CancellationToken)).Rejection);
        Assert.Empty(_issuer.Store.Calls);
    }

    [Theory]
    [InlineData(".%%. .")]
    [InlineData("..AAAA.AAAAAAAAAAAAAAAAAAAAAA")] // No nonce.
    [InlineData(".AAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData(".AAAAAAAAAAAAAAAA.AAAB+.AAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData(".AAAAAAAAAAAAAAAA.AAAA.")]
    [InlineData(".AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAB")] // Spare bits.
    [InlineData(".AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAAA")]
    public async Task Junk_behind_a_header_under_an_unknown_key_is_invalid_and_no_trouble_of_ours(string rest)
    {
        const string Header = """{"alg":"dir","enc":"A256GCM","kid":"AAAAAAAAAAAAAAAAAAAAAA","typ":"rt+jwt"}""";
        var header = StrictBase64Url.Encode(Encoding.ASCII.GetBytes(Header));

        Assert.Equal(SessionRejection.RefreshTokenInvalid, (await _issuer.RefreshAsync($"{header}.{rest}")).Rejection);
        var wellFormed = $"{header}..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA";
        Assert.Equal(SessionRejection.SealingKeyUnknown, (await _issuer.RefreshAsync(wellFormed)).Rejection);
    }

    [Fact]
    public async Task Random_bytes_of_any_length_never_throw()
    {
        for (var length = 0; length < 9000; length += 97)
        {
            var junk = Encoding.Latin1.GetString(RandomNumberGenerator.GetBytes(length));
            Assert.Equal(SessionRejection.RefreshTokenInvalid, (await _issuer.RefreshAsync(junk)).Rejection);
        }
    }

    [Fact]
    public async Task A_token_longer_than_8192_characters_is_not_opened()
    {
        Assert.Equal("Issued", (await _issuer.RefreshAsync(await SealAsync(8192))).ToString());
        Assert.Equal(SessionRejection.RefreshTokenInvalid, (await _issuer.RefreshAsync(await SealAsync(8194))).Rejection);
    }

    [Fact]
    public async Task What_is_not_a_refresh_token_of_ours_is_invalid_even_under_our_key()
    {
        var seal = RefreshSeal.Of(_issuer);
        var good = await ContentAsync();
        Assert.Equal("Issued", (await _issuer.RefreshAsync(seal.Seal(good))).ToString());

        foreach (var member in new[] { "iss", "sub", "sid", "gen", "client_id", "aud", "auth_time", "iat", "exp", "end" })
        {
            var without = good.DeepClone().AsObject();
            without.Remove(member);
            Assert.Equal(SessionRejection.RefreshTokenInvalid, (await _issuer.RefreshAsync(seal.Seal(without))).Rejection);
        }

        foreach (var (member, value) in new[]
        {
            ("gen", "-1"), ("gen", "2147483647"), ("gen", "1.5"), ("gen", "\"1\""), ("exp", "1e400"), ("scope", "\"a b\""), ("amr", "[1]"), ("sub", "null"), ("sid", "\"s1\""),
            ("sub", "\"\""), ("sub", $"\"{new string('n', 256)}\""), ("sub", $"\"{new string('n', 600)}\""), ("sub", "\"a\\u0000\""), ("client_id", "\"\""), ("client_id", $"\"{new string('n', 600)}\""),
        })
        {
            var changed = good.DeepClone().AsObject();
            changed[member] = JsonNode.Parse(value);
            Assert.Equal(SessionRejection.RefreshTokenInvalid, (await _issuer.RefreshAsync(seal.Seal(changed))).Rejection);
        }

        Assert.Equal(SessionRejection.RefreshTokenInvalid, (await _issuer.RefreshAsync(seal.Seal("not json"))).Rejection);
        var state = Encoding.UTF8.GetBytes(seal.Header.Replace("rt+jwt", "state+jwt"));
        Assert.Equal(SessionRejection.RefreshTokenInvalid, (await _issuer.RefreshAsync(seal.Seal(state, Encoding.UTF8.GetBytes(good.ToJsonString())))).Rejection);
    }

    [Fact]
    public async Task A_token_under_a_key_that_is_not_in_the_ring_yet_is_our_trouble_and_one_under_a_revoked_key_is_not()
    {
        var tokens = await _issuer.StartAsync();
        await using var other = new IssuerUnderTest();
        Assert.Equal(SessionRejection.SealingKeyUnknown, (await other.RefreshAsync(tokens)).Rejection);
        Assert.DoesNotContain("ReadAsync", other.Store.Calls);

        await _issuer.RevokeAsync(RuleKind.Key, _issuer.Ring.KidOf("seal", 0));
        Assert.Equal(SessionRejection.RefreshTokenInvalid, (await _issuer.RefreshAsync(tokens)).Rejection);
        Assert.Equal(SessionRejection.RefreshTokenInvalid, (await EndAsync(tokens, everywhere: false)).Rejection);
        Assert.Equal(SessionRejection.RefreshTokenInvalid, (await EndAsync(tokens, everywhere: true)).Rejection);
        Assert.Null(await _issuer.ItemAsync(RuleKind.Session, tokens.SessionId)); // Whoever has the key cannot sign others out.
    }

    [Theory]
    [InlineData(0, SessionRejection.RefreshTokenInvalid)]
    [InlineData(-1, SessionRejection.NotDecided)]
    public async Task A_superseded_sealing_key_opens_until_the_idle_limit_and_a_day_have_passed(int seconds, SessionRejection expected)
    {
        var content = await ContentAsync();
        _issuer.Time.Advance(TimeSpan.FromDays(365 + 14 + 1) + TimeSpan.FromSeconds(seconds));
        var later = _issuer.Time.GetUtcNow().ToUnixTimeSeconds() + 60;
        (content["exp"], content["end"]) = (later, later); // Whoever stole the key can date tokens as he likes.

        var result = await _issuer.RefreshAsync(RefreshSeal.Of(_issuer).Seal(content));

        Assert.Equal(expected, result.Rejection);
        Assert.Equal(expected == SessionRejection.NotDecided, result.IsIssued);
    }

    [Fact]
    public async Task A_new_sealing_key_takes_over_and_the_old_tokens_are_still_opened()
    {
        _issuer.Time.Advance(TimeSpan.FromDays(365) - TimeSpan.FromSeconds(1));
        var old = await _issuer.StartAsync();
        _issuer.Time.Advance(TimeSpan.FromSeconds(1));

        var next = await _issuer.RefreshedAsync(old);

        Assert.Equal(_issuer.Ring.KidOf("seal", 0), (string)IssuerUnderTest.ReadSegment(old.RefreshToken, 0)["kid"]!);
        Assert.Equal(_issuer.Ring.KidOf("seal", 1), (string)IssuerUnderTest.ReadSegment(next.RefreshToken, 0)["kid"]!);
        Assert.Equal(_issuer.Ring.KidOf("sign", 1), (string)IssuerUnderTest.ReadSegment(next.AccessToken, 0)["kid"]!);
    }

    [Fact]
    public async Task A_standby_sealing_key_opens_what_an_instance_ahead_of_us_has_sealed()
    {
        var content = await ContentAsync();

        Assert.Equal("Issued", (await _issuer.RefreshAsync(RefreshSeal.Of(_issuer, index: 1).Seal(content))).ToString());
    }

    [Fact]
    public async Task Without_a_sealing_key_in_use_there_is_no_token_but_a_503()
    {
        await _issuer.RevokeAsync(RuleKind.Key, _issuer.Ring.KidOf("seal", 0));
        await _issuer.RevokeAsync(RuleKind.Key, _issuer.Ring.KidOf("seal", 1));

        var problem = await Assert.ThrowsAsync<SigningKeyUnavailableException>(() => _issuer.StartAsync());
        Assert.Contains("sealing", problem.Message);
    }

    private Task<EndResult> EndAsync(IssuedTokens tokens, bool everywhere) =>
        _issuer.Sessions.EndAsync(tokens.RefreshToken, everywhere, TestContext.Current.CancellationToken);

    /// <summary>What the issuer seals.</summary>
    private async Task<JsonObject> ContentAsync() => RefreshSeal.Of(_issuer).OpenJson((await _issuer.StartAsync()).RefreshToken);

    private async Task<string> SealAsync(int length)
    {
        var (seal, content) = (RefreshSeal.Of(_issuer), await ContentAsync());
        content["pad"] = "";
        var room = (length - seal.Seal(content).Length) * 3 / 4;
        content["pad"] = new string('x', room);
        var token = seal.Seal(content);
        for (var more = 1; token.Length < length; more++)
        {
            content["pad"] = new string('x', room + more);
            token = seal.Seal(content);
        }

        Assert.Equal(length, token.Length);
        return token;
    }
}
