namespace TokenSessions.Tests.Peers;

/// <summary>What differs, in a few words: the same of all tokens to which one explanation applies.</summary>
/// <param name="Where">The file of the vector, or what the mutation changed.</param>
/// <param name="WeSay">Our verdict; the peer's is the other one.</param>
internal sealed record Difference(string Where, string WeSay)
{
    /// <summary>Both accept, and do not read the same claims.</summary>
    public const string ReadOtherwise = "Accepted, reading other claims";

    /// <summary>Null where both say the same.</summary>
    public static Difference? Find(string where, string token, OwnAnswer own, string?[]? peer) => (own.Rejection, peer) switch
    {
        (null, null) => new(where, "Accepted"),
        (null, not null) => own.Read.SequenceEqual(peer) ? null : new(where, ReadOtherwise),
        (_, null) => null,
        ({ } rejection, not null) => new(where, OwnReason.Of(token, rejection)),
    };

    public override string ToString() => $"<{Where}: {WeSay}>";
}
