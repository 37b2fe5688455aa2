namespace TokenSessions.Benchmarks.Measuring;

/// <summary>How much is measured: everything for the table that is published, less for a look within a minute.</summary>
internal sealed record Effort
{
    public static readonly Effort Full = new()
    {
        Rounds = 201,
        RoundLength = TimeSpan.FromMilliseconds(5),
        WarmUp = TimeSpan.FromSeconds(1),
        FewTokens = 2_000,
        ManyTokens = 200_000,
    };

    public static readonly Effort Quick = new()
    {
        Rounds = 31,
        RoundLength = TimeSpan.FromMilliseconds(2),
        WarmUp = TimeSpan.FromMilliseconds(100),
        FewTokens = 500,
        ManyTokens = 20_000,
    };

    /// <summary>In each of them every contestant runs once. Odd, so that there is a median.</summary>
    public required int Rounds { get; init; }

    /// <summary>How long one contestant runs in one round, about: so short that most runs end before the machine gives the core to somebody else.</summary>
    public required TimeSpan RoundLength { get; init; }

    /// <summary>How long each contestant runs before the first round: until it is compiled for good.</summary>
    public required TimeSpan WarmUp { get; init; }

    /// <summary>As many as a round can check the signatures of.</summary>
    public required int FewTokens { get; init; }

    /// <summary>Live at once, where it shows whether their number matters.</summary>
    public required int ManyTokens { get; init; }

    public bool IsQuick => this == Quick;
}
