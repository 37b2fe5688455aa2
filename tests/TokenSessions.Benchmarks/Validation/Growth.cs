using TokenSessions.Benchmarks.Measuring;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Benchmarks.Validation;

/// <summary>Validation while the denylist and the memory of tokens grow: it must not notice.</summary>
internal static class Growth
{
    /// <summary>What counts as flat. Less than that the machine itself takes back and forth.</summary>
    private const double Flat = 1.05;

    private const int Tokens = 1_000;

    public static Task<IReadOnlyList<Row>> MeasureAsync(Effort effort)
    {
        using var issuer = new SignedTokens(SignatureAlgorithm.ES256);
        var tokens = issuer.Sign(Tokens);
        int[] counts = effort.IsQuick ? [0, 100_000] : [0, 1_000, 100_000, 1_000_000];
        (int Rules, Api Api)[] apis = [.. counts.Select(rules => (rules, new Api([issuer.Key], rules, remembered: Tokens)))];
        return Task.FromResult<IReadOnlyList<Row>>(
        [
            .. WithRules("first time", Rounds.Measure(effort, [.. apis.Select(api => FirstTime($"{api.Rules:N0} rules", api.Api, tokens))])),
            .. WithRules("seen before", Rounds.Measure(effort, [.. apis.Select(api => Seen($"{api.Rules:N0} rules", api.Api, tokens))])),
            .. WithTokens(effort, issuer, tokens),
        ]);
    }

    private static IEnumerable<Row> WithRules(string what, Figure[] figures)
    {
        yield return Row.Of($"growth: {what}, {figures[0].Name}", figures[0].ToString());
        foreach (var figure in figures[1..])
        {
            var ratio = figure.RatioTo(figures[0]);
            yield return Row.Of($"growth: {what}, {figure.Name}", $"≤ {Row.Times(Flat)} of none", figure.ToString(), Row.Times(ratio), ratio <= Flat);
        }
    }

    private static IEnumerable<Row> WithTokens(Effort effort, SignedTokens issuer, string[] tokens)
    {
        var (empty, full, hot) = (new Api([issuer.Key], remembered: Tokens), new Api([issuer.Key]), tokens[0]);
        full.See([hot]);
        Parallel.ForEach(issuer.Sign(effort.ManyTokens), token =>
        {
            full.Accept(token);
            full.Accept(hot); // In use all the time, so it keeps its place.
        });
        var figures = Rounds.Measure(effort, FirstTime("an empty memory", empty, tokens), FirstTimeIn(full, issuer));
        var first = figures[1].RatioTo(figures[0]);
        yield return Row.Of(
            $"growth: first time, after {effort.ManyTokens:N0} other tokens", $"≤ {Row.Times(Flat)} of none", figures[1].ToString(), Row.Times(first), first <= Flat);

        figures = Rounds.Measure(effort, Seen("few", empty, [hot]), Seen("many", full, [hot]));
        var seen = figures[1].RatioTo(figures[0]);
        yield return Row.Of(
            $"growth: one hot token, after {effort.ManyTokens:N0} other tokens", $"≤ {Row.Times(Flat)} of none", figures[1].ToString(), Row.Times(seen), seen <= Flat);
    }

    private static Contestant FirstTime(string name, Api api, string[] tokens) => new(
        name,
        times =>
        {
            api.Forget();
            return Spent.On(count => Accept(api, tokens, count), times);
        },
        tokens.Length);

    /// <summary>Tokens that this one has never seen: others in each run, signed before its time begins.</summary>
    private static Contestant FirstTimeIn(Api api, SignedTokens issuer) => new(
        "a full memory",
        times =>
        {
            var tokens = issuer.Sign(times);
            return Spent.On(count => Accept(api, tokens, count), times);
        },
        Tokens);

    private static Contestant Seen(string name, Api api, string[] tokens)
    {
        api.See(tokens);
        var received = new Received(tokens);
        return new(name, times => received.Give(times, api.Accept));
    }

    private static void Accept(Api api, string[] tokens, int count)
    {
        foreach (var token in tokens.AsSpan(0, count))
        {
            api.Accept(token);
        }
    }
}
