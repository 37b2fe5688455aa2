using System.Text.Json.Nodes;
using TokenSessions.Benchmarks.Measuring;
using TokenSessions.Tests.Validation;

namespace TokenSessions.Benchmarks.Bearer;

/// <summary>What one request takes inside an API, by the way it knows its callers. Without sockets; what is left of the requests/s, see <see cref="ApiShare"/>.</summary>
internal static class BearerCost
{
    /// <summary>A request runs through much more code than a validation: it takes longer until all of it is compiled for good.</summary>
    private static readonly TimeSpan LeastWarmUp = TimeSpan.FromMilliseconds(300);

    public static async Task<IReadOnlyList<Row>> MeasureAsync(Effort effort)
    {
        var token = new TestToken(DateTimeOffset.UtcNow)
            .With("scope", "reports.read reports.write").With("roles", new JsonArray("user", "admin"));
        var good = $"Bearer {token.Sign()}";
        var malformed = good[..^1] + "="; // Padding, which a JWS has not.
        (string Name, string Path, string Authorization)[] requests =
        [
            ("", InProcessApi.Plain, good),
            (", and a role", InProcessApi.Role, good),
            (", and a claim", InProcessApi.Claim, good),
            (", a malformed token", InProcessApi.Plain, malformed),
        ];
        var apis = new List<InProcessApi>();
        try
        {
            var contestants = new List<Contestant>();
            foreach (var variant in ApiVariant.All)
            {
                var api = await InProcessApi.StartAsync(variant);
                apis.Add(api);
                api.Send(1, InProcessApi.Plain, new string(good.AsSpan()), 200); // What is remembered is never what is received later.
                foreach (var (name, path, authorization) in variant.Add is null || effort.IsQuick ? requests[..1] : requests)
                {
                    var status = authorization == good || variant == ApiVariant.AcceptsEverything ? 200 : 401;
                    contestants.Add(Contestant.Of($"{variant.Title}{name}", times => api.Send(times, path, authorization, status)));
                }
            }

            return [.. Describe(Rounds.Measure(effort with { WarmUp = effort.WarmUp > LeastWarmUp ? effort.WarmUp : LeastWarmUp }, contestants))];
        }
        finally
        {
            foreach (var api in apis)
            {
                await api.DisposeAsync();
            }
        }
    }

    private static IEnumerable<Row> Describe(Figure[] figures)
    {
        var everything = figures.Single(figure => figure.Name == ApiVariant.AcceptsEverything.Title);
        return figures.Select((figure, i) => Row.Of(
            $"{(i == 0 ? "bearer: one request inside an API, without sockets;" : "…")} {figure.Name}",
            figure.WithBytes(),
            $"{Row.Times(figure.RatioTo(everything))} of accepting everything"));
    }
}
