using TokenSessions.Validation;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Validation;

/// <summary>Worlds that differ in what they accept and deny, all under the same keys.</summary>
internal static class DifferentialWorlds
{
    public static DenylistHead Head { get; } = new()
    {
        Regions = DenylistHead.MaxRegions,
        Window = TimeSpan.FromMinutes(66),
        LongestAccessTokenLifetime = TimeSpan.FromHours(1),
        LongestRefreshLife = TimeSpan.FromDays(30),
    };

    /// <summary>One key of every algorithm, and two whose names are long or not ASCII.</summary>
    public static ReferenceKey[] NewKeys() =>
    [
        new("ES256", "p256"), new("ES384", "p384"), new("RS256", "rsa"), new("PS256", "pss"), new("ES256", "ключ-😀"),
        new("ES256", new string('k', 128)), new("ES256", "dead"),
    ];

    public static TokenValidationOptions Options() =>
        new() { Issuer = TestToken.Issuer, Audiences = [TestToken.Audience, "second", "ünï"] };

    public static async Task<DifferentialWorld[]> BeginAsync(IReadOnlyList<ReferenceKey> keys) =>
    [
        await DifferentialWorld.BeginAsync(Options(), keys, head: null),
        await DifferentialWorld.BeginAsync(
            Options(), keys, Head, new(RuleKind.Subject, "bob", 1000), new(RuleKind.Subject, "carol", 2000, Region: 1),
            new(RuleKind.Client, "leaked", 500, Region: 3), new(RuleKind.Client, "far", 700, Region: 2), new(RuleKind.Subject, "Zoë😀", 5),
            new(RuleKind.Subject, ClaimsMutator.LongName, 1), new(RuleKind.Token, "dead"), new(RuleKind.Session, "gone"),
            new(RuleKind.Key, "dead"), new(RuleKind.Subject, "alice", 9, Issuer: "https://other.example"), new(RuleKind.Session, "alice")),
        await DifferentialWorld.BeginAsync(
            Options(), keys, Head with { LongestAccessTokenLifetime = TimeSpan.FromMinutes(10) },
            new(RuleKind.All, "", 5), new(RuleKind.Subject, "bob", 1000)),
        await DifferentialWorld.BeginAsync(
            Options() with
            {
                AcceptAnyAudience = true,
                Types = ["JWT", "at+jwt"],
                ClockSkew = TimeSpan.Zero,
                MaxTokenLifetime = TimeSpan.FromMinutes(10),
                AcceptTokensExpiredFor = TimeSpan.FromHours(1),
            },
            keys, Head, new ReferenceRule(RuleKind.Client, "default", 5, Region: 3)),
        await DifferentialWorld.BeginAsync(Options() with { AcceptTokensWithoutDenylist = true }, keys, head: null),
    ];
}
