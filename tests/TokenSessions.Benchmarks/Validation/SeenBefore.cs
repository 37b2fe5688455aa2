using TokenSessions.Benchmarks.Measuring;
using TokenSessions.Benchmarks.Peers;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Benchmarks.Validation;

/// <summary>A token that was validated before: what nearly every request brings.</summary>
/// <remarks>
/// What is validated are other string instances than those that the validator saw first, as each request brings one of its own:
/// the comparison cannot end with the reference. They are taken in random order, so that neither side lies in the cache of the
/// processor when there are many.
/// </remarks>
internal static class SeenBefore
{
    private const int Rules = 1_000;
    private const int SomeTokens = Api.DefaultRemembered;

    public static async Task<IReadOnlyList<Row>> MeasureAsync(Effort effort)
    {
        using var issuer = new SignedTokens(SignatureAlgorithm.ES256);
        var many = issuer.Sign(effort.ManyTokens);
        var some = many[..SomeTokens];
        var (api, busy) = (new Api([issuer.Key], Rules), new Api([issuer.Key], Rules, remembered: effort.ManyTokens));
        api.See(some);
        busy.See(many);
        var microsoft = IdentityModel.Newest.JsonWebTokenHandler(issuer);
        var (node, missing) = await NodePeers.StartAsync((issuer, some));
        using (node)
        {
            List<Contestant> contestants =
            [
                Seen("one hot token", api, many[..1]),
                Seen($"{SomeTokens:N0} live tokens", api, some),
                Seen($"{effort.ManyTokens:N0} live tokens", busy, many),
                Contestant.Of($"JsonWebTokenHandler {IdentityModel.Newest.Version}", times => Repeat(times, many[..1], token => microsoft(token))),
                .. node is null ? Array.Empty<Contestant>() : [node.Verify(NodePeers.FastJwtCached, issuer, 1), node.Verify(NodePeers.FastJwtCached, issuer, SomeTokens)],
            ];
            var figures = Rounds.Measure(effort, contestants);
            var changing = new Api([issuer.Key], Rules);
            changing.See(some);
            var changed = Rounds.Measure(effort, Seen("unchanged", api, some), AfterChange(changing, some));
            return [.. Rows(figures, changed, node, missing), TwoThreads(effort, api, some)];
        }
    }

    private static IEnumerable<Row> Rows(Figure[] figures, Figure[] changed, NodePeers? node, string missing)
    {
        foreach (var (figure, limit) in figures.Zip([100d, 400d, 1_000d]))
        {
            yield return Row.Of($"seen before: {figure.Name}", $"≤ {Row.Time(limit)}, 0 B", figure.WithBytes(), "", figure.Time <= limit && figure.Bytes == 0);
        }

        yield return Row.Of($"seen before: {changed[1].Name}", changed[1].WithBytes(), $"{Row.Times(changed[1].RatioTo(changed[0]))} of unchanged");
        var (hot, handler) = (figures[0], figures[3]);
        yield return Row.Of($"… one hot token, beside {handler.Name}", "≥ 150 × faster", handler.WithBytes(), Row.Times(handler.RatioTo(hot)), handler.RatioTo(hot) >= 150);
        if (node is null)
        {
            yield return Row.Of("… beside fast-jwt with its cache", missing);
            yield break;
        }

        var (one, several) = (figures[4], figures[5]);
        yield return Row.Of(
            $"… one hot token, beside {one.Name} ({node.Versions})", "≥ 5 × faster", one.ToString(), Row.Times(one.RatioTo(hot)), one.RatioTo(hot) >= 5);
        yield return Row.Of($"… {figures[1].Name}, beside {several.Name}", several.ToString(), Row.Times(several.RatioTo(figures[1])));
    }

    private static Row TwoThreads(Effort effort, Api api, string[] tokens)
    {
        var order = InRandomOrder(tokens);
        var figures = Rounds.Measure(
            effort,
            new Contestant("one", times => Spent.OnThreads(1, Loop, times)),
            new Contestant("two", times => Spent.OnThreads(2, Loop, times)));
        var scale = 2 * figures[0].RatioTo(figures[1]);
        return Row.Of($"seen before: {tokens.Length:N0} live tokens on two threads", "≥ 1.8 × one thread", $"{Row.Time(figures[1].Time / 2)} a token", Row.Times(scale), scale >= 1.8);

        void Loop(int thread, int times)
        {
            for (var i = 0; i < times; i++)
            {
                api.Accept(order[(i + (thread * order.Length / 2)) % order.Length]);
            }
        }
    }

    private static Contestant Seen(string name, Api api, string[] tokens)
    {
        var (order, next) = (InRandomOrder(tokens), 0);
        return Contestant.Of(name, times =>
        {
            for (var i = 0; i < times; i++) // On from where the last round ended: every token has its turn.
            {
                api.Accept(order[next]);
                next = next + 1 < order.Length ? next + 1 : 0;
            }
        });
    }

    /// <summary>Each token once after the snapshot has become another one: every kind of rule is asked for again.</summary>
    private static Contestant AfterChange(Api api, string[] tokens)
    {
        var order = InRandomOrder(tokens);
        return new($"{tokens.Length:N0} live tokens, the first time after the snapshot changed", times =>
        {
            api.ChangeSnapshot();
            return Spent.On(count => Repeat(count, order, api.Accept), times);
        }, tokens.Length);
    }

    private static void Repeat(int times, string[] tokens, Action<string> check)
    {
        for (var i = 0; i < times; i++)
        {
            check(tokens[i % tokens.Length]);
        }
    }

    private static void Repeat(int times, string[] tokens, Func<string, bool> check) => Repeat(times, tokens, token =>
    {
        if (!check(token))
        {
            throw new InvalidOperationException("A good token was refused.");
        }
    });

    private static string[] InRandomOrder(string[] tokens)
    {
        var order = tokens.ToArray();
        new Random(1).Shuffle(order);
        return order;
    }
}
