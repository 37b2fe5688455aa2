namespace TokenSessions.Tests.Peers;

/// <summary>The differences from one peer that were seen, how often, and for example where.</summary>
internal sealed class DifferenceCounts
{
    private const int MostExamples = 5;

    private readonly Dictionary<Difference, List<string>> _examples = [];

    /// <summary>Among the tokens that the table counts.</summary>
    public Dictionary<Difference, int> Counted { get; } = [];

    /// <summary>Among all tokens.</summary>
    public Dictionary<Difference, int> All { get; } = [];

    /// <summary>Asks both, and adds what differs.</summary>
    /// <param name="peer">The other one.</param>
    /// <param name="question">The tokens.</param>
    /// <param name="describe">By its place, of which file or kind a token is, what a person would call it, and whether the table counts it.</param>
    /// <returns>What we say.</returns>
    public async Task<IReadOnlyList<OwnAnswer>> CompareAsync(
        PeerProcess peer, PeerQuestion question, Func<int, (string Where, string Example, bool IsCounted)> describe)
    {
        var own = await OwnAnswer.AskAsync(question, TestContext.Current.CancellationToken);
        var others = await peer.AskAsync(question, TestContext.Current.CancellationToken);
        for (var i = 0; i < own.Count; i++)
        {
            var (where, example, isCounted) = describe(i);
            if (Difference.Find(where, question.Tokens[i], own[i], others[i]) is { } difference)
            {
                Add(difference, example, isCounted);
            }
        }

        return own;
    }

    /// <summary>The end of a sentence: a few tokens over which the peer differs so.</summary>
    public string Examples(Difference difference) => _examples.TryGetValue(difference, out var examples)
        ? $", for example{string.Concat(examples.Select(example => $"\n    {example}"))}"
        : ".";

    private void Add(Difference difference, string example, bool isCounted)
    {
        All[difference] = All.GetValueOrDefault(difference) + 1;
        if (isCounted)
        {
            Counted[difference] = Counted.GetValueOrDefault(difference) + 1;
        }

        var examples = _examples.TryGetValue(difference, out var known) ? known : _examples[difference] = [];
        if (examples.Count < MostExamples)
        {
            examples.Add(example);
        }
    }
}
