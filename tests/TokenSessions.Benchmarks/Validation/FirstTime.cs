using TokenSessions.Benchmarks.Measuring;
using TokenSessions.Benchmarks.Peers;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Benchmarks.Validation;

/// <summary>A token that was never validated before: its signature has to be checked.</summary>
/// <remarks>
/// Every run begins with a validator that has seen nothing, and each token comes once. The limit is the fastest way that the
/// platform offers to check those signatures and nothing else.
/// </remarks>
internal static class FirstTime
{
    private const double MostBytes = 1.4 * 1024;

    public static async Task<IReadOnlyList<Row>> MeasureAsync(Effort effort)
    {
        var rows = new List<Row>();
        using var es256 = new Pool(SignatureAlgorithm.ES256, effort.FewTokens);
        using var rs256 = new Pool(SignatureAlgorithm.RS256, effort.FewTokens);
        var (node, missing) = await NodePeers.StartAsync((es256.Issuer, es256.Tokens), (rs256.Issuer, rs256.Tokens));
        using (node)
        {
            foreach (var (pool, limit) in new[] { (es256, 1.03), (rs256, 1.10) })
            {
                rows.AddRange(Beside(effort, pool, limit, node, missing));
            }
        }

        foreach (var algorithm in effort.IsQuick ? Array.Empty<SignatureAlgorithm>() : [SignatureAlgorithm.ES384, SignatureAlgorithm.PS256])
        {
            using var pool = new Pool(algorithm, effort.FewTokens);
            var (ours, bare, _) = Measure(effort, pool, []);
            rows.Add(Row.Of($"first time: {pool.Issuer.Name}", ours.WithBytes(), $"{Row.Times(ours.RatioTo(bare))} of {bare.Name} ({bare})"));
        }

        rows.AddRange(TwoThreads(effort, es256));
        return rows;
    }

    private static IEnumerable<Row> Beside(Effort effort, Pool pool, double limit, NodePeers? node, string missing)
    {
        var name = pool.Issuer.Name;
        List<Contestant> peers = [];
        foreach (var version in IdentityModel.All)
        {
            var (json, jwt) = (version.JsonWebTokenHandler(pool.Issuer), version.JwtSecurityTokenHandler(pool.Issuer));
            peers.Add(pool.Contestant($"JsonWebTokenHandler {version.Version}", token => MustHold(json(token))));
            peers.Add(pool.Contestant($"JwtSecurityTokenHandler {version.Version}", token => MustHold(jwt(token))));
        }

        if (node is not null)
        {
            peers.Add(node.Take(NodePeers.FastJwt, pool.Issuer, effort.FewTokens));
            peers.Add(node.Take(NodePeers.Jose, pool.Issuer, effort.FewTokens));
        }

        var (ours, bare, others) = Measure(effort, pool, peers);
        var ratio = ours.RatioTo(bare);
        yield return Row.Of($"first time: {name}, beside the bare {bare.Name} ({bare}, {bare.Bytes:0} B)", $"≤ {Row.Times(limit)}", ours.ToString(), Row.Times(ratio), ratio <= limit);
        yield return pool.Issuer.Algorithm == SignatureAlgorithm.ES256
            ? Row.Of($"first time: {name}, allocated", $"≤ {MostBytes:0} B", $"{ours.Bytes:0} B", "", ours.Bytes <= MostBytes)
            : Row.Of($"first time: {name}, allocated", $"{ours.Bytes:0} B");
        foreach (var other in others)
        {
            yield return Row.Of($"… beside {other.Name}", other.Bytes > 0 ? other.WithBytes() : other.ToString(), Row.Times(other.RatioTo(ours)));
        }

        if (node is null)
        {
            yield return Row.Of("… beside jose and fast-jwt", missing);
        }
    }

    private static (Figure Ours, Figure Bare, IEnumerable<Figure> Others) Measure(Effort effort, Pool pool, IEnumerable<Contestant> peers)
    {
        Contestant[] bare = [.. pool.Bare.Ways()];
        var figures = Rounds.Measure(effort, [pool.Ours(), .. bare, .. peers]);
        return (figures[0], figures[1..(1 + bare.Length)].MinBy(way => way.Time)!, figures[(1 + bare.Length)..]);
    }

    private static IEnumerable<Row> TwoThreads(Effort effort, Pool pool)
    {
        Contestant On(int threads, Action<int, int> loop) => new(
            $"{threads}",
            times =>
            {
                pool.Api.Forget();
                return Spent.OnThreads(threads, loop, times);
            },
            effort.FewTokens / 2);
        var figures = Rounds.Measure(effort, On(1, Ours), On(2, Ours), On(1, Bare), On(2, Bare));
        var (ours, bare) = (2 * figures[0].RatioTo(figures[1]), 2 * figures[2].RatioTo(figures[3]));
        yield return Row.Of(
            "first time: ES256 on two threads", "≥ 1.8 × one thread", $"{Row.Time(figures[1].Time / 2)} a token", $"{Row.Times(ours)} (bare: {Row.Times(bare)})", ours >= 1.8);

        void Ours(int thread, int times)
        {
            foreach (var token in pool.Tokens.AsSpan(thread * effort.FewTokens / 2, times))
            {
                pool.Api.Accept(token);
            }
        }

        void Bare(int thread, int times) => pool.Bare.VerifyHash(thread * effort.FewTokens / 2, times);
    }

    private static void MustHold(bool isAccepted)
    {
        if (!isAccepted)
        {
            throw new InvalidOperationException("A good token was refused.");
        }
    }

    /// <summary>Tokens of one algorithm, and those who check them.</summary>
    private sealed class Pool : IDisposable
    {
        /// <summary>Few, as <see cref="Api.Forget"/> asks for: then as in any memory that is full, new tokens go in and out among themselves.</summary>
        private const int Remembered = 128;

        private readonly string _first;

        public Pool(SignatureAlgorithm algorithm, int tokens)
        {
            Issuer = new(algorithm);
            _first = Issuer.Sign("first");
            Tokens = Issuer.Sign(tokens);
            Api = new([Issuer.Key], rules: 1_000, remembered: Remembered);
            Bare = new(Issuer, Tokens);
        }

        public SignedTokens Issuer { get; }

        public string[] Tokens { get; }

        public Api Api { get; }

        public BareCheck Bare { get; }

        public Contestant Ours() => new(
            "ours",
            times =>
            {
                Api.Forget();
                Api.Accept(_first); // What a validator makes with its first token is no token's.
                return Spent.On(count => Check(count, Api.Accept), times);
            },
            Tokens.Length);

        public Contestant Contestant(string name, Action<string> check) => Measuring.Contestant.Of(name, times => Check(times, check), Tokens.Length);

        public void Dispose() => Issuer.Dispose();

        private void Check(int times, Action<string> check)
        {
            foreach (var token in Tokens.AsSpan(0, times))
            {
                check(token);
            }
        }
    }
}
