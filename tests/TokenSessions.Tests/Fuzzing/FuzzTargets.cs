namespace TokenSessions.Tests.Fuzzing;

/// <summary>Every target there is. A new one is a class and a line.</summary>
internal static class FuzzTargets
{
    private const int Kilo = 1024;

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new("token", 210, 16 * Kilo, 8, async () => await TokenTarget.BeginAsync()),
        new("header", 150, 16 * Kilo, 16, async () => await HeaderTarget.BeginAsync()),
        new("claims", 100, 16 * Kilo, 64, async () => await ClaimsTarget.BeginAsync()),
        new("key-set", 120, 64 * Kilo, 64, () => Begin(new KeySetTarget())),
        new("discovery", 60, 64 * Kilo, 64, () => Begin(new DiscoveryTarget())),
        new("public-key", 60, 64 * Kilo, 16, () => Begin(new PublicKeyTarget())),
        new("signature", 148, 4 * Kilo, 16, () => Begin(new SignatureTarget())),
        new("key-file", 8, 256 * Kilo, 16, () => Begin(new KeyFileTarget())),
        new("ring", 8, 256 * Kilo, 64, async () => await RingTarget.BeginAsync()),
        new("sealed-token", 50, 64 * Kilo, 16, async () => await SealedTokenTarget.BeginAsync()),
        new("sealed-header", 20, 64 * Kilo, 16, async () => await SealedHeaderTarget.BeginAsync()),
        new("sealed-content", 10, 256 * Kilo, 64, async () => await SealedContentTarget.BeginAsync()) { GoesElsewhere = true },
        new("feed", 30, 64 * Kilo, 16, async () => await FeedTarget.BeginAsync()),
        new("feed-content", 20, 128 * Kilo, 64, async () => await FeedContentTarget.BeginAsync()) { GoesElsewhere = true },
        new("journal", 3, 4 * Kilo * Kilo, 16, async () => await JournalTarget.BeginAsync()) { GoesElsewhere = true },
        new("journal-record", 3, 4 * Kilo * Kilo, 64, async () => await JournalRecordTarget.BeginAsync()) { GoesElsewhere = true },
    ];

    private static Task<IFuzzTarget> Begin(IFuzzTarget target) => Task.FromResult(target);
}
