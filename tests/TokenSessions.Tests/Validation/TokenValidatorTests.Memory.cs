using System.Security.Cryptography;
using System.Text.Json.Nodes;
using TokenSessions.Tests.Keys;
using TokenSessions.Validation;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Jose;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Tests.Validation;

/// <summary>The memory of verified tokens: a repeat costs no signature check, and gets the answer of its own moment.</summary>
public sealed partial class TokenValidatorTests
{
    private const int MaxRemembered = 64;

    [Fact]
    public async Task A_repeat_of_a_good_token_allocates_nothing()
    {
        var (validator, token) = (await BuildWithKeysAsync(), Token.Sign());

        Assert.True(Validate(validator, token).IsValid);

        Assert.True(IsRemembered(validator, token));
        Assert.True(IsRemembered(validator, new string(token))); // The text counts, not the object.
    }

    [Fact]
    public async Task With_nothing_to_remember_every_token_is_verified_anew()
    {
        _options.MaxRememberedTokens = 0;
        var (validator, token) = (await BuildWithKeysAsync(), Token.Sign());

        Assert.True(Validate(validator, token).IsValid);
        Assert.False(IsRemembered(validator, token));
        Assert.True(Validate(validator, token).IsValid);
    }

    [Theory]
    [InlineData(629_999, null)]
    [InlineData(630_000, TokenRejection.Expired)]
    public async Task A_remembered_token_expires(int milliseconds, TokenRejection? expected)
    {
        var (validator, token) = (await BuildWithKeysAsync(), Token.Sign());
        Assert.True(Validate(validator, token).IsValid);

        await AdvanceAsync(TimeSpan.FromMilliseconds(milliseconds));

        Assert.Equal(expected, Rejection(Validate(validator, token)));
    }

    [Theory]
    [InlineData("iat", -30_000, null)]
    [InlineData("iat", -30_001, TokenRejection.NotYetValid)]
    [InlineData("nbf", -30_000, null)]
    [InlineData("nbf", -30_001, TokenRejection.NotYetValid)]
    public async Task A_remembered_token_is_not_yet_valid_once_the_clock_was_set_back(string claim, int milliseconds, TokenRejection? expected)
    {
        var earlier = _clock.GetUtcNow().ToUnixTimeSeconds() - (claim == "iat" ? 0 : 100);
        var (validator, token) = (await BuildWithKeysAsync(), Token.With("iat", earlier).With("nbf", _clock.GetUtcNow().ToUnixTimeSeconds()).Sign());
        Assert.True(Validate(validator, token).IsValid);

        _clock.StepWallClock(TimeSpan.FromMilliseconds(milliseconds));

        Assert.Equal(expected, Rejection(Validate(validator, token)));
    }

    [Theory]
    [InlineData(RuleKind.Token, "Jti-0123456789abcdefgh")]
    [InlineData(RuleKind.Session, "Sid-0123456789abcdefgh")]
    [InlineData(RuleKind.Key, null)]
    [InlineData(RuleKind.Subject, "alice")]
    [InlineData(RuleKind.Client, "default")]
    [InlineData(RuleKind.All, "")]
    public async Task A_rule_of_any_kind_ends_a_remembered_token_and_no_other(RuleKind kind, string? value)
    {
        var (validator, token) = (await BuildWithKeysAsync(), Token.Sign());
        Assert.True(Validate(validator, token).IsValid);

        await DenyAsync(RuleKind.Session, "another");
        Assert.True(Validate(validator, token).IsValid);

        await DenyAsync(kind, value ?? TestToken.Key.KeyId);
        Assert.Equal(TokenRejection.Revoked, Rejection(Validate(validator, token)));
    }

    [Theory]
    [InlineData(RuleKind.Subject, "alice")]
    [InlineData(RuleKind.Client, "default")]
    [InlineData(RuleKind.All, "")]
    public async Task A_watermark_of_any_region_ends_a_remembered_token(RuleKind kind, string value)
    {
        var (validator, token) = (await BuildWithKeysAsync(), Token.Sign());
        Assert.True(Validate(validator, token).IsValid);
        for (var region = 1; region < DenylistHead.MaxRegions; region++)
        {
            _feed.Head = _feed.Head with { Regions = region + 1 };
            await DenyAsync(RuleKind.Session, "another");
            Assert.True(Validate(validator, token).IsValid);
        }

        await DenyAsync(kind, value, watermark: 1, region: DenylistHead.MaxRegions - 1);
        Assert.Equal(TokenRejection.Revoked, Rejection(Validate(validator, token)));
    }

    [Fact]
    public async Task A_watermark_that_was_raised_ends_a_remembered_token_that_has_seen_less()
    {
        _feed.Deny(RuleKind.Subject, "alice", watermark: 1000);
        var (validator, token) = (await BuildWithKeysAsync(), Token.With("seen", new JsonObject { ["s"] = 1000 }).Sign());
        Assert.True(Validate(validator, token).IsValid);

        await DenyAsync(RuleKind.Subject, "alice", watermark: 1001);

        Assert.Equal(TokenRejection.Revoked, Rejection(Validate(validator, token)));
    }

    [Fact]
    public async Task A_head_that_was_raised_is_asked_for_a_remembered_token_too()
    {
        _feed.Deny(RuleKind.Subject, "alice", watermark: 1000, region: 1); // A region that the head does not know yet.
        var (validator, token) = (await BuildWithKeysAsync(), Token.Sign());
        Assert.True(Validate(validator, token).IsValid);

        _feed.Head = _feed.Head with { Regions = 2 };
        await _denylist.SyncAsync(TestContext.Current.CancellationToken);

        Assert.Equal(TokenRejection.Revoked, Rejection(Validate(validator, token)));
    }

    [Fact]
    public async Task A_remembered_token_is_unknown_on_a_snapshot_that_is_too_old()
    {
        var (validator, token) = (await BuildWithKeysAsync(), Token.Sign());
        Assert.True(Validate(validator, token).IsValid);

        _clock.Advance(TimeSpan.FromMilliseconds(30_001));

        Assert.Equal(TokenRejection.RevocationUnknown, Rejection(Validate(validator, token)));
    }

    [Fact]
    public async Task A_remembered_token_ends_with_its_key()
    {
        var keys = new KeySetCache(_keys, _clock);
        var (validator, token) = (await BuildWithKeysAsync(keys), Token.Sign());
        Assert.True((await validator.ValidateAsync(token, TestContext.Current.CancellationToken)).IsValid);

        _keys.Keys = new([NewKey()]);
        await keys.ReloadAsync(TestContext.Current.CancellationToken);

        Assert.Equal(TokenRejection.KeyUnknown, Rejection(await validator.ValidateAsync(token, TestContext.Current.CancellationToken)));
    }

    [Fact]
    public async Task A_remembered_token_is_verified_anew_when_its_kid_names_another_key()
    {
        var keys = new KeySetCache(_keys, _clock);
        var (validator, token) = (await BuildWithKeysAsync(keys), Token.Sign());
        Assert.True((await validator.ValidateAsync(token, TestContext.Current.CancellationToken)).IsValid);

        var other = NewKey();
        _keys.Keys = KeySet.Parse(KeySetDocument.Of(
            KeySetDocument.Jwk(other).Replace(other.KeyId, TestToken.Key.KeyId, StringComparison.Ordinal)));
        await keys.ReloadAsync(TestContext.Current.CancellationToken);

        Assert.Equal(TokenRejection.SignatureInvalid, Rejection(Validate(validator, token)));
    }

    [Fact]
    public async Task A_remembered_token_goes_on_under_a_key_set_that_was_fetched_again()
    {
        var keys = new KeySetCache(_keys, _clock);
        var (validator, token) = (await BuildWithKeysAsync(keys), Token.Sign());
        Assert.True((await validator.ValidateAsync(token, TestContext.Current.CancellationToken)).IsValid);

        _keys.Keys = KeySet.Parse(_keys.Keys.ToJson()); // The same keys in other objects.
        await keys.ReloadAsync(TestContext.Current.CancellationToken);

        Assert.True(IsRemembered(validator, token));
    }

    [Fact]
    public async Task Whatever_differs_from_a_remembered_token_is_verified_by_itself()
    {
        var (validator, token) = (await BuildWithKeysAsync(), Token.Sign());
        Assert.True(Validate(validator, token).IsValid);

        for (var i = 0; i < token.Length; i++)
        {
            var other = token[i] == 'A' ? 'B' : 'A';
            Assert.False(Validate(validator, $"{token[..i]}{other}{token[(i + 1)..]}").IsValid, $"Changed at {i}.");
        }

        Assert.False(Validate(validator, token[1..]).IsValid);
        Assert.False(Validate(validator, $"{token}A").IsValid);
        Assert.True(IsRemembered(validator, token));
    }

    [Fact]
    public async Task A_token_that_was_rejected_is_not_remembered()
    {
        var validator = await BuildWithKeysAsync();
        var early = Token.With("iat", _clock.GetUtcNow().ToUnixTimeSeconds() + 60).Sign();
        Assert.Equal(TokenRejection.NotYetValid, Rejection(Validate(validator, early)));

        Assert.False(IsRemembered(validator, early));

        _clock.Advance(TimeSpan.FromSeconds(30));
        Assert.True(Validate(validator, early).IsValid);
        Assert.True(IsRemembered(validator, early));
    }

    [Fact]
    public async Task A_text_that_its_owner_can_change_is_copied()
    {
        var (validator, token) = (await BuildWithKeysAsync(), Token.Sign());
        var buffer = token.ToCharArray();
        Assert.True((await validator.ValidateAsync(buffer, TimeSpan.MaxValue, TestContext.Current.CancellationToken)).IsValid);

        buffer[^5] = buffer[^5] == 'A' ? 'B' : 'A';

        Assert.False((await validator.ValidateAsync(buffer, TimeSpan.MaxValue, TestContext.Current.CancellationToken)).IsValid);
        Assert.True(IsRemembered(validator, token));
    }

    [Fact]
    public async Task A_part_of_a_longer_text_is_the_same_token()
    {
        var (validator, token) = (await BuildWithKeysAsync(), Token.Sign());
        foreach (var beside in new[] { "Bearer ", new string(' ', 1000) })
        {
            Assert.True((await validator.ValidateAsync(
                $"{beside}{token}".AsMemory(beside.Length), TimeSpan.MaxValue, TestContext.Current.CancellationToken)).IsValid);
        }

        Assert.True(IsRemembered(validator, token));
    }

    [Theory]
    [InlineData(MaxRemembered, 64 * 1024 * 1024)]
    [InlineData(100_000, 1024 * 1024)]
    public async Task Remembers_no_more_than_it_may(int maxTokens, long maxBytes)
    {
        (_options.MaxRememberedTokens, _options.MaxRememberedBytes) = (maxTokens, maxBytes);
        var validator = await BuildWithKeysAsync();
        var tokens = NewTokens(1500);
        AcceptAll(validator, tokens);

        var bytesEach = 512 + (12 * tokens[0].Length);
        var most = Math.Min(maxTokens, maxBytes / bytesEach) + 1;
        Assert.InRange(tokens.Count(token => IsRememberedWithoutAdding(validator, token)), Math.Min(most, MaxRemembered) / 2, most);
    }

    [Fact]
    public async Task A_memory_that_was_filled_many_times_over_still_remembers()
    {
        (_options.MaxRememberedTokens, _options.MaxRememberedBytes) = (MaxRemembered, 1024 * 1024);
        var validator = await BuildWithKeysAsync();
        AcceptAll(validator, NewTokens(4_000));

        var remembered = NewTokens(100).Count(token => Validate(validator, token).IsValid && IsRemembered(validator, token));
        Assert.InRange(remembered, MaxRemembered / 2, MaxRemembered); // Each is in use from now on; the last ones seldom find a place.
    }

    [Fact]
    public async Task Expired_tokens_make_room_however_often_they_were_used()
    {
        _options.MaxRememberedTokens = MaxRemembered;
        var validator = await BuildWithKeysAsync();
        var old = NewTokens(MaxRemembered);
        AcceptAll(validator, old.Concat(old));

        await AdvanceAsync(TimeSpan.FromMinutes(10) + _options.ClockSkew - TimeSpan.FromSeconds(1));
        foreach (var token in old.Concat(old))
        {
            Validate(validator, token); // In use to the very last.
        }

        await AdvanceAsync(TimeSpan.FromSeconds(2));
        var later = NewTokens(MaxRemembered);
        AcceptAll(validator, later);

        Assert.InRange(later.Count(token => IsRemembered(validator, token)), MaxRemembered / 4, MaxRemembered);
    }

    [Fact]
    public async Task A_request_cannot_change_what_the_next_one_reads_of_the_token()
    {
        var validator = await BuildWithKeysAsync();
        var token = Token.With("roles", new JsonArray("clerk")).With("scope", "a b").Sign();
        var first = Validate(validator, token).Token!;

        Assert.Throws<NotSupportedException>(() => ((IList<string>)first.Roles)[0] = "admin");
        Assert.Throws<NotSupportedException>(() => ((IList<string>)first.Scopes)[0] = "root");
        Assert.Throws<NotSupportedException>(() => ((IList<string>)first.Audiences)[0] = "other");
        Assert.Same(first, Validate(validator, token).Token);
    }

    [Fact]
    public async Task A_rule_against_one_client_finds_its_tokens_whatever_other_client_came_before()
    {
        var validator = await BuildWithKeysAsync();
        for (var i = 0; i < 200; i++) // Names of one length, of which many share a place where a client's keys are kept.
        {
            Assert.True(Validate(validator, Token.With("client_id", $"app-{i % 10}-{i / 10:00}-x").Sign()).IsValid);
        }

        var token = Token.With("client_id", "app-2-07-x").With("jti", "another").Sign();
        await DenyAsync(RuleKind.Client, "app-2-07-x");
        Assert.Equal(TokenRejection.Revoked, Validate(validator, token).Rejection);
    }

    [Fact]
    public async Task A_flood_of_new_tokens_does_not_drive_out_those_in_use()
    {
        _options.MaxRememberedTokens = MaxRemembered;
        var validator = await BuildWithKeysAsync();
        var live = NewTokens(MaxRemembered / 4);
        AcceptAll(validator, live.Concat(live));

        var inUse = live.Where(token => IsRemembered(validator, token)).ToArray();
        Assert.NotEmpty(inUse);
        for (var round = 0; round < 5; round++)
        {
            AcceptAll(validator, NewTokens(MaxRemembered * 4));

            await AdvanceAsync(TimeSpan.FromSeconds(25));
            Assert.All(inUse, token => Assert.True(IsRemembered(validator, token)));
        }
    }

    [Fact]
    public async Task What_nobody_uses_makes_room()
    {
        _options.MaxRememberedTokens = MaxRemembered;
        var validator = await BuildWithKeysAsync();
        AcceptAll(validator, NewTokens(MaxRemembered).SelectMany(token => new[] { token, token, token })); // Found again, so in use.

        await AdvanceAsync(TimeSpan.FromSeconds(61));
        var later = NewTokens(MaxRemembered);
        AcceptAll(validator, later);

        Assert.InRange(later.Count(token => IsRememberedWithoutAdding(validator, token)), MaxRemembered / 4, MaxRemembered);
    }

    [Fact]
    public async Task Many_threads_and_a_flood_get_the_right_answers()
    {
        _options.MaxRememberedTokens = MaxRemembered;
        var validator = await BuildWithKeysAsync();
        var good = NewTokens(200);
        var denied = NewTokens(20, subject: "denied");
        AcceptAll(validator, good.Concat(denied));

        await DenyAsync(RuleKind.Subject, "denied", watermark: 1);
        var forged = good.Select(token => $"{token[..^8]}AAAAAAAA").ToArray();

        Parallel.For(0, 8000, i =>
        {
            Assert.True(Validate(validator, good[i % good.Length]).IsValid);
            Assert.Equal(TokenRejection.Revoked, Rejection(Validate(validator, denied[i % denied.Length])));
            if (i % 10 == 0)
            {
                Assert.False(Validate(validator, forged[i % forged.Length]).IsValid);
            }
        });
    }

    private static TokenValidationResult Validate(TokenValidator validator, string token)
    {
        var validation = validator.ValidateAsync(token, TestContext.Current.CancellationToken);
        return validation.IsCompletedSuccessfully
            ? validation.Result
            : throw new InvalidOperationException("The key set is there, so nothing should have to be fetched.");
    }

    private static void AcceptAll(TokenValidator validator, IEnumerable<string> tokens) =>
        Assert.All(tokens, token => Assert.True(Validate(validator, token).IsValid));

    /// <summary>The platform's signature check allocates, and finding a remembered token does not.</summary>
    private static bool IsRemembered(TokenValidator validator, string token)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var before = GC.GetAllocatedBytesForCurrentThread();
        var validation = validator.ValidateAsync(token, cancellation);
        var isFree = GC.GetAllocatedBytesForCurrentThread() == before;
        Assert.True(validation.IsCompletedSuccessfully);
        return isFree;
    }

    /// <summary>A token that is not there would take the place of another: asked of one that is not valid now, it does not.</summary>
    private bool IsRememberedWithoutAdding(TokenValidator validator, string token)
    {
        _clock.StepWallClock(TimeSpan.FromHours(-1));
        var isRemembered = IsRemembered(validator, token);
        _clock.StepWallClock(TimeSpan.FromHours(1));
        return isRemembered;
    }

    private static VerificationKey NewKey()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return VerificationKey.From(key, SignatureAlgorithm.ES256);
    }

    private string[] NewTokens(int count, string subject = "alice") =>
        [.. Enumerable.Range(0, count).Select(_ => Token.With("sub", subject).With("jti", Guid.NewGuid().ToString()).Sign())];

    /// <summary>Time passes, and the denylist is read meanwhile.</summary>
    private async Task AdvanceAsync(TimeSpan time)
    {
        _clock.Advance(time);
        await _denylist.SyncAsync(TestContext.Current.CancellationToken);
    }

    private async Task DenyAsync(RuleKind kind, string value, long watermark = 0, int region = 0)
    {
        _feed.Deny(kind, value, watermark == 0 && kind.IsWatermark() ? 1 : watermark, region);
        await _denylist.SyncAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>A validator that has its keys, so that it answers without waiting.</summary>
    private async Task<TokenValidator> BuildWithKeysAsync(KeySetCache? keys = null)
    {
        keys ??= new(_keys, _clock);
        await keys.ReloadAsync(TestContext.Current.CancellationToken);
        await _denylist.SyncAsync(TestContext.Current.CancellationToken);
        return new(_options, keys, _denylist, _clock);
    }
}
