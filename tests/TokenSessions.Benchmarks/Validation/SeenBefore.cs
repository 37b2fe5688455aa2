using TokenSessions.Benchmarks.Measuring;
using TokenSessions.Benchmarks.Peers;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Benchmarks.Validation;

/// <summary>A token that was validated before: what nearly every request brings.</summary>
/// <remarks>
/// They come in random order, each as text that was written just now, as a server's is (see <see cref="Received"/>). What the
/// validator remembers lies wherever it has stood since: with many tokens, not in the processor's cache.
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
                Contestant.Of($"JsonWebTokenHandler {IdentityModel.Newest.Version}", times => Repeat(times, many[0], microsoft)),
                .. node is null ? Array.Empty<Contestant>() : [node.Take(NodePeers.FastJwtCached, issuer, 1), node.Take(NodePeers.FastJwtCached, issuer, SomeTokens)],
            ];
            var figures = Rounds.Measure(effort, contestants);
            var changing = new Api([issuer.Key], Rules);
            changing.See(some);
            var changed = Rounds.Measure(effort, Seen("unchanged", api, some), AfterChange(changing, some));
            return [.. Rows(figures, changed, node, missing), TwoThreads(effort, "one hot token", api, many[..1]), TwoThreads(effort, $"{SomeTokens:N0} live tokens", api, some)];
        }
    }

    private static IEnumerable<Row> Rows(Figure[] figures, Figure[] changed, NodePeers? node, string missing)
    {
        foreach (var (figure, limit) in figures.Zip([100d, 400d, 1_000d]))
        {
            yield return Row.Of($"seen before: {figure.Name}", $"≤ {Row.Time(limit)}, 0 B", figure.WithBytes(), "", figure.Time <= limit && figure.IsWithoutBytes);
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

    private static Row TwoThreads(Effort effort, string name, Api api, string[] tokens)
    {
        var order = InRandomOrder(tokens);
        var figures = Rounds.Measure(effort, OnThreads(1), OnThreads(2));
        var scale = 2 * figures[0].RatioTo(figures[1]);
        return Row.Of($"seen before: {name} on two threads", "≥ 1.8 × one thread", $"{Row.Time(figures[1].Time / 2)} a token", Row.Times(scale), scale >= 1.8);

        Contestant OnThreads(int threads)
        {
            var received = Enumerable.Range(0, threads).Select(thread => new Received(order, order.Length / 2 * thread)).ToArray();
            var spent = new Spent[threads];
            return new($"{threads}", times =>
            {
                Spent.OnThreads(threads, (thread, count) => spent[thread] = received[thread].Give(count, api.Accept), times);
                return new(spent.Max(each => each.Elapsed), 0); // Without what writing the texts took.
            });
        }
    }

    private static Contestant Seen(string name, Api api, string[] tokens)
    {
        var received = new Received(InRandomOrder(tokens));
        return new(name, times => received.Give(times, api.Accept));
    }

    /// <summary>Each token once after the snapshot has become another one: every kind of rule is asked for again.</summary>
    private static Contestant AfterChange(Api api, string[] tokens)
    {
        var received = new Received(InRandomOrder(tokens));
        return new($"{tokens.Length:N0} live tokens, the first time after the snapshot changed", times =>
        {
            api.ChangeSnapshot();
            return received.Give(times, api.Accept);
        }, tokens.Length);
    }

    private static void Repeat(int times, string token, Func<string, bool> check)
    {
        for (var i = 0; i < times; i++)
        {
            if (!check(token))
            {
                throw new InvalidOperationException("A good token was refused.");
            }
        }
    }

    private static string[] InRandomOrder(string[] tokens)
    {
        var order = tokens.ToArray();
        new Random(1).Shuffle(order);
        return order;
    }
}
