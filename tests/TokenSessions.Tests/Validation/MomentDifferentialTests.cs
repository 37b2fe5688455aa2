using System.Globalization;
using System.Text;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Validation;

/// <summary>
/// The validator against the reference while time passes, keys come and go and rules arrive: what it said of a token a moment ago
/// must not be what it says now.
/// </summary>
public sealed class MomentDifferentialTests
{
    private const int Steps = 10;

    private readonly ReferenceKey[] _keys = DifferentialWorlds.NewKeys();
    private readonly ReferenceKey _impostor = new("RS256", "rsa"); // Another key under a name that was published before.
    private readonly List<string> _tokens = [];

    [Fact]
    public async Task Says_at_any_moment_what_the_reference_says()
    {
        foreach (var key in (ReferenceKey[])[_keys[2], _keys[2], _keys[2], _keys[2], _keys[0], _impostor])
        {
            AddTokens(key);
        }

        await DifferentialRun.RunAsync(
            10, LiveAsync, "KeyUnknown", "KeysUnavailable", "SignatureInvalid", "Expired", "LifetimeTooLong", "NotYetValid", "Revoked",
            "RevocationUnknown", "Accepted");
    }

    /// <summary>Several for each key, alike but for one thing: who, what it has seen, and from when until when it is good.</summary>
    private void AddTokens(ReferenceKey key)
    {
        var header = $$"""{"alg":"{{key.Algorithm}}","kid":"{{key.KeyId}}","typ":"at+jwt"}""";
        foreach (var (sub, seen) in ((string, string)[])[("alice", ""), ("bob", ""), ("bob", "\"s\":50"), ("bob", "\"s1\":50,\"a\":50,\"c2\":50")])
        {
            foreach (var (from, lifetime) in ((int, int)[])[(0, 600), (-300, 301), (20, 3600)])
            {
                var issuedAt = DifferentialWorld.Start + from;
                var claims = $$"""
                    {"iss":"{{TestToken.Issuer}}","sub":"{{sub}}","aud":"second","client_id":"default","iat":{{issuedAt}},
                    "exp":{{issuedAt + lifetime}},"jti":"jti{{_tokens.Count % 12}}","seen":{ {{seen}} },"sid":"sid-{{sub}}"}
                    """;
                _tokens.Add(key.SignToken(Encoding.UTF8.GetBytes(header), Encoding.UTF8.GetBytes(claims)));
            }
        }
    }

    /// <summary>One world and a few tokens, asked for again after everything that happens.</summary>
    private async Task<(string? Disagreement, IReadOnlyList<string> Verdicts)> LiveAsync(Random random)
    {
        var options = DifferentialWorlds.Options() with
        {
            ClockSkew = TimeSpan.FromSeconds(random.Next(2) * 30),
            AcceptTokensWhileDenylistIsDown = TimeSpan.FromSeconds(random.Next(2) * 60),
        };
        var head = DifferentialWorlds.Head with
        {
            Regions = random.Next(1, 5),
            LongestAccessTokenLifetime = TimeSpan.FromSeconds(random.Next(4) == 0 ? 600 : 3600),
        };
        var world = await DifferentialWorld.BeginAsync(options, _keys, head);
        var tokens = Enumerable.Range(0, 3).Select(_ => _tokens[random.Next(_tokens.Count)]).ToArray();
        var (story, verdicts) = (new StringBuilder("moments"), new List<string>());
        for (var step = 0; step < Steps; step++)
        {
            var token = tokens[random.Next(tokens.Length)];
            TimeSpan? outage = random.Next(4) == 0 ? TimeSpan.FromSeconds(random.Next(3) * 30) : null;
            var (disagreement, verdict) = await world.CompareAsync(token, random.Next(1, 4), outage);
            if (disagreement is not null)
            {
                return ($"{disagreement}\n  {story}; asked at step {step}, outage {outage}\n  {token}", verdicts);
            }

            verdicts.Add(verdict);
            story.Append("; ").Append(await HappenAsync(random, world));
        }

        return (null, verdicts);
    }

    private async Task<string> HappenAsync(Random random, DifferentialWorld world)
    {
        switch (random.Next(16))
        {
            case < 4:
                int[] seconds = [0, 1, 5, 29, 30, 31, 60, 90, 91, 300, 570, 600, 629, 630, 3600];
                var by = TimeSpan.FromSeconds(seconds[random.Next(seconds.Length)]) + TimeSpan.FromMilliseconds(random.Next(-1, 2));
                world.Advance(by < TimeSpan.Zero ? TimeSpan.Zero : by);
                return string.Create(CultureInfo.InvariantCulture, $"{by} pass");

            case 4:
                var step = TimeSpan.FromSeconds(random.Next(-40, 41));
                world.StepWallClock(step);
                return $"the wall clock is set by {step}";

            case < 8:
                await world.SyncAsync();
                return "sync";

            case < 12:
                var rule = Rule(random);
                world.Deny(rule);
                if (random.Next(3) == 0)
                {
                    return $"{rule}, not read yet";
                }

                await world.SyncAsync();
                return $"{rule}, read";

            case 12:
                await world.PublishAsync(_keys);
                return "all keys are published";

            case 13:
                await world.PublishAsync([.. _keys.Where(key => key.KeyId != "rsa"), .. random.Next(2) == 0 ? [] : (ReferenceKey[])[_impostor]]);
                return "rsa is withdrawn or another";

            case 14:
                await world.LoseKeySetAsync();
                return "the key set is down";

            default:
                if (random.Next(4) == 0)
                {
                    await world.SleepForADayAsync();
                    return "a day passes";
                }

                await world.PublishAsync([_keys[0]]);
                return "only p256 is published";
        }
    }

    private static ReferenceRule Rule(Random random)
    {
        var (watermark, region) = (random.Next(49, 52), random.Next(4));
        return random.Next(7) switch
        {
            0 => new(RuleKind.Token, $"jti{random.Next(12)}"),
            1 => new(RuleKind.Session, "sid-alice"),
            2 => new(RuleKind.Subject, random.Next(2) == 0 ? "bob" : "alice", watermark, region),
            3 => new(RuleKind.Client, "default", watermark, region),
            4 => new(RuleKind.Key, random.Next(2) == 0 ? "rsa" : "p256"),
            5 => new(RuleKind.All, "", watermark, region),
            _ => new(RuleKind.Session, "sid-nobody"),
        };
    }
}
